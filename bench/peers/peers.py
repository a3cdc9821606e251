"""Marks and reads pictures with the peers. One JSON request a line on standard input, one answer a line on standard output:
{"do": "embed", "method", "bits": "0110...", "width", "height", "samples": FILE, "out": FILE}  ->  {"ms"}
{"do": "extract", "method", "count", "width", "height", "samples": FILE}                      ->  {"bits", "ms"}
Samples are RGB bytes. A peer that fails answers {"error"}.
"""
import json
import os
import sys
import time
import types

# The peers print greetings; the answers keep the real standard output.
answers = os.fdopen(os.dup(1), 'w')
os.dup2(2, 1)

import cv2
import numpy as np

# Imported by invisible-watermark for its neural method, which is not used here.
sys.modules['torch'] = types.ModuleType('torch')

from blind_watermark import WaterMark
from imwatermark import WatermarkDecoder, WatermarkEncoder

cv2.setNumThreads(1)


def picture_of(request):
    samples = np.fromfile(request['samples'], dtype=np.uint8)
    return np.ascontiguousarray(samples.reshape(request['height'], request['width'], 3)[:, :, ::-1])


def embed(method, picture, bits):
    if method != 'blind_watermark':
        encoder = WatermarkEncoder()
        encoder.set_watermark('bits', bits)
        return encoder.encode(picture, method)
    mark = WaterMark(password_wm=1, password_img=1)
    mark.read_img(img=picture)
    mark.read_wm(bits, mode='bit')
    return np.round(mark.embed())


def extract(method, picture, count):
    if method != 'blind_watermark':
        return WatermarkDecoder('bits', count).decode(picture, method)
    return WaterMark(password_wm=1, password_img=1).extract(embed_img=picture, wm_shape=count, mode='bit')


def answer(request):
    picture = picture_of(request)
    start = time.perf_counter()
    if request['do'] == 'embed':
        marked = embed(request['method'], picture, [int(bit) for bit in request['bits']])
        ms = (time.perf_counter() - start) * 1000
        np.ascontiguousarray(marked.astype(np.uint8)[:, :, ::-1]).tofile(request['out'])
        return {'ms': ms}
    found = extract(request['method'], picture, request['count'])
    ms = (time.perf_counter() - start) * 1000
    return {'bits': ''.join('1' if bit else '0' for bit in found), 'ms': ms}


for line in sys.stdin:
    try:
        said = answer(json.loads(line))
    except Exception as error:
        said = {'error': f'{type(error).__name__}: {error}'}
    print(json.dumps(said), file=answers, flush=True)
