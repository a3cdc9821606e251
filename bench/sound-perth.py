"""resemble-perth, its shipped weights, on raw files: 32-bit floating-point samples, mono, 32 kHz (its own rate). One task a line on
the standard input: 'mark BEFORE AFTER' or 'find SOUND', names without spaces. One line each on the output: seconds of processor, and for
'find' the confidence from 0 to 1 (it takes 0.5 for its border). Needs torch, numpy, scipy, PyYAML and the package's own folder in the path.

torchaudio's transforms are torch.stft and torch.istft here with the same parameters, and nothing is resampled, so that torchaudio and
librosa need not be installed."""

import contextlib
import math
import sys
import time
import types

import numpy as np
import torch


class Spectrogram(torch.nn.Module):
    """torchaudio.transforms.Spectrogram with power=None: centred, reflected at the ends, one side."""

    def __init__(self, n_fft, win_length, hop_length, window_fn, power=None, normalized=False):
        super().__init__()
        self.sizes = (n_fft, hop_length, win_length)
        self.register_buffer("window", window_fn(win_length))

    def forward(self, samples):
        return torch.stft(samples, *self.sizes, self.window, center=True, pad_mode="reflect", onesided=True, return_complex=True)


class InverseSpectrogram(Spectrogram):
    def forward(self, spectrum):
        return torch.istft(spectrum, *self.sizes, self.window, center=True, onesided=True)


class TimeStretch(torch.nn.Module):
    """Only its buffer, which the weights name; it is used in training alone."""

    def __init__(self, n_freq, hop_length):
        super().__init__()
        self.register_buffer("phase_advance", torch.linspace(0, math.pi * hop_length, n_freq)[..., None])


transforms = types.SimpleNamespace(Spectrogram=Spectrogram, InverseSpectrogram=InverseSpectrogram, TimeStretch=TimeStretch)
sys.modules.update({"torchaudio": types.SimpleNamespace(transforms=transforms), "torchaudio.transforms": transforms})
sys.modules["librosa"] = types.SimpleNamespace(resample=None)

from perth.perth_net.perth_net_implicit.perth_watermarker import PerthImplicitWatermarker  # noqa: E402

torch.set_num_threads(1)
with contextlib.redirect_stdout(sys.stderr):
    perth = PerthImplicitWatermarker()
for line in sys.stdin:
    task, *names = line.split()
    samples = np.fromfile(names[0], "<f4")
    began = time.process_time()
    if task == "mark":
        marked = perth.apply_watermark(samples, 32_000)
        print(time.process_time() - began, flush=True)
        marked.astype("<f4").tofile(names[1])
    else:
        confidence = float(perth.get_watermark(samples, 32_000, round=False)[()])
        print(time.process_time() - began, confidence, flush=True)
