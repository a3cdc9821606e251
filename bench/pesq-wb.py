"""PESQ-WB (ITU-T P.862.2) of pairs of raw files: 32-bit floating-point samples, mono, 16 kHz. Two names a line on the standard
input, one number a line on the output, nan where PESQ finds no speech. Needs the Python packages numpy and pesq."""

import sys

import numpy as np
from pesq import NoUtterancesError, pesq

for line in sys.stdin:
    before, after = (np.fromfile(name, "<f4") for name in line.rstrip("\n").split("\t"))
    try:
        print(pesq(16000, before, after, "wb"), flush=True)
    except NoUtterancesError:
        print("nan", flush=True)
