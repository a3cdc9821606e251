"""What the public implementations of token marks answer, as JSON: test/vectors/reference/token.json.

    python3 -m venv .cache/token && .cache/token/bin/pip install -r bench/token/requirements.txt
    .cache/token/bin/pip download --no-deps -d .cache/token vllm==0.33.0
    git clone https://github.com/google-deepmind/synthid-text .cache/token/synthid && git -C .cache/token/synthid checkout addb4a1
    .cache/token/bin/python bench/token/vectors.py .cache/token/vllm-0.33.0*.whl .cache/token/synthid

Run on a CPU. All sources are Apache-2.0. Of vLLM's wheel only the Python files of the marks are taken; the rest of vLLM, which
needs a GPU's libraries, is replaced by empty modules. The released synthid-text 0.2.1 has the table that Transformers has too;
the hash stands in its repository since June 2025. SBW is in no release of vLLM: `sbw_*` below compute what the pull request
56859 of vllm-project/vllm (Apache-2.0) states, commit d6d2f2c2, in plain integers.
"""

import json
import os
import platform
import sys
import tempfile
import types
import zipfile
from pathlib import Path

import torch
import transformers
from transformers.generation import SynthIDTextWatermarkLogitsProcessor, WatermarkLogitsProcessor

M32, M64 = 2**32 - 1, 2**64 - 1
KEYS = [654, 400, 836, 123, 340, 443, 597, 160, 57, 29, 590, 639, 13, 715, 468, 990, 966, 226, 324, 585, 118, 504, 421, 521, 129, 669, 732, 225, 90, 960]


def sources(wheel, checkout):
    """Puts the sources on the path, with what vLLM's watermarks import from elsewhere as empty modules."""
    sys.path.insert(0, str(Path(checkout) / "src"))
    folder = Path(tempfile.mkdtemp())
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if name.startswith("vllm/v1/watermarking/") or name in ("vllm/config/watermarking.py", "vllm/v1/worker/gpu/sample/watermark.py"):
                archive.extract(name, folder)
    sys.path.insert(0, str(folder))
    for name in ("vllm", "vllm.config", "vllm.v1", "vllm.v1.worker", "vllm.v1.worker.gpu", "vllm.v1.worker.gpu.sample"):
        module = types.ModuleType(name)
        module.__path__ = [str(folder / name.replace(".", "/"))]
        sys.modules[name] = module

    def empty(name, **members):
        module = types.ModuleType(name)
        module.__dict__.update(members)
        sys.modules[name] = module

    from pydantic.dataclasses import dataclass

    empty("vllm.config.utils", config=dataclass)
    empty("vllm.logger", init_logger=lambda _: types.SimpleNamespace(warning_once=lambda *_, **__: None))
    empty("vllm.triton_utils", HAS_TRITON=False, tl=types.SimpleNamespace(constexpr=int), triton=types.SimpleNamespace(jit=lambda *one, **_: one[0] if one else (lambda kernel: kernel)))
    empty("vllm.v1.worker.gpu.sample.gumbel", gumbel_sample=None, gumbel_noised_argmax=None, spec_step_seed=None)


def logits_at(position, vocabulary, modulus=131, denominator=16):
    """The fixture of vLLM's own golden tests: exact in single precision."""
    ids = torch.arange(vocabulary, dtype=torch.int64)
    return (((ids * 37 + position * 17) % modulus - 56).to(torch.float32) / denominator).unsqueeze(0)


def vllm_gumbel():
    from vllm.v1.watermarking import DualKeyGumbelWatermarkDetector, DualKeyGumbelWatermarker, GumbelWatermarkDetector, GumbelWatermarker, PhiloxPRF
    from vllm.v1.worker.gpu.sample.watermark import repeated_context_mask

    uniform = []
    for key in (0, 42, 2**32, 15485863, M64):
        for context in ([7], [-1, -1, -1, -1], [-1, -1, 5, 9], [1, 2, 3, 4], [151935, 0, 2**31 - 1, 77], [9, 8, 7, 6, 5], list(range(16))):
            tokens = [0, 1, 2, 3, 4, 5, 127, 31999, 151643, 151935]
            seen = PhiloxPRF(key).uniform(torch.tensor([context]), torch.tensor(tokens))[0]
            uniform.append({"key": str(key), "context": context, "tokens": tokens, "uniform": [float(one) for one in seen]})

    class Chance:
        """Ordinary choices take the most probable token; keys take turns as 0, 0.618, 0.236, ... falls."""

        def __init__(self):
            self.at = 0

        def __call__(self, logits):
            if logits.shape[-1] != 2:
                return logits.argmax(dim=-1)
            self.at += 1
            return (logits.softmax(dim=-1)[:, 0] <= routes[self.at - 1]).to(torch.int64)

    routes = [round((at * (5**0.5 - 1) / 2) % 1.0, 4) for at in range(64)]
    runs = []
    for scheme, key, width, alpha, scope, vocabulary, prompt in (
        ("gumbel", 0, 1, None, "single_turn", 128, []), ("gumbel", 42, 4, None, "single_turn", 128, []),
        ("gumbel", 2**32, 5, None, "none", 128, []), ("gumbel", M64, 16, None, "all", 128, []),
        ("gumbel", 42, 4, None, "all", 128, [46, 42, 38, 34, 122]), ("gumbel", 5, 2, None, "single_turn", 4, [1, 2]),
        ("dual-gumbel", 42, 4, 0.1, "single_turn", 128, []), ("dual-gumbel", M64, 2, 0.5, "single_turn", 16, [3]),
        ("dual-gumbel", 7, 3, 0.0, "none", 128, []), ("dual-gumbel", 7, 3, 1.0, "none", 128, []), ("dual-gumbel", 7, 3, 0.3, "none", 128, []),
    ):
        marker = GumbelWatermarker(key, width) if alpha is None else DualKeyGumbelWatermarker(key, width, alpha=alpha)
        detector = GumbelWatermarkDetector(key, width, deduplicate_contexts=scope != "none") if alpha is None else DualKeyGumbelWatermarkDetector(key, width, deduplicate_contexts=scope != "none", alpha=alpha)
        chance, made = Chance(), []
        for position in range(64):
            context = torch.tensor([([-1] * width + made)[-width:]])
            skip = None
            if scope != "none":
                storage = torch.tensor([prompt + made + [0]])
                skip = repeated_context_mask(storage, torch.tensor([0]), torch.tensor([len(prompt)]), torch.tensor([len(prompt) + len(made)]), context, 8192, include_prompt=scope == "all", skip_partial_context=scope == "all")
            made.append(int(marker.sample(logits_at(position, vocabulary), context, chance, skip).token_ids.item()))
        seen = detector.detect(made)
        runs.append({
            "scheme": scheme, "key": str(key), "width": width, **({} if alpha is None else {"alpha": alpha}), "scope": scope, "vocabulary": vocabulary, "prompt": prompt, "routes": routes,
            "tokens": made, "scored": seen.num_scored_tokens, "score": seen.score, "pValue": seen.p_value,
        })
    return {"uniform": uniform, "runs": runs}


def i32(value):
    value &= M32
    return value - 2**32 if value >= 2**31 else value


def i64(value):
    value &= M64
    return value - 2**64 if value >= 2**63 else value


def sbw_hash(value):
    i = i32(value + 1)
    i = i32(i - i32(i << 6))
    i ^= i >> 17
    i = i32(i - i32(i << 9))
    i ^= i32(i << 4)
    i = i32(i - i32(i << 3))
    i ^= i32(i << 10)
    return i ^ (i >> 15)


def sbw_philox(counter, key):
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        first, second = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (second >> 32) ^ c1 ^ k0, second & M32, (first >> 32) ^ c3 ^ k1, first & M32
        k0, k1 = (k0 + 0x9E3779B9) & M32, (k1 + 0xBB67AE85) & M32
    return c0, c1, c2, c3


def sbw_green(key, hash_name, gamma, context, token):
    key = i64(key)
    if hash_name == "left":
        seed = i64(key * sum(context))
    else:
        own = sbw_hash(token)
        seed = min([i64(i64(key * own) * own)] + [i64(key * i64(sbw_hash(one) * own)) for one in context[1:]])
    word = sbw_philox((token // 4, 0, 0, 0), (seed & M32, (seed >> 32) & M32))[token % 4]
    return (word & 0x7FFFFFFF) < int(gamma * 0x7FFFFFFF)


def sbw():
    rows = []
    for key in (42, 2**32 + 7, 15485863, 2**63 - 1):
        for hash_name, width in (("self", 4), ("self", 1), ("left", 1), ("left", 4)):
            for gamma in (0.5, 0.25):
                context = [-1, 17, 31999, 151643][-width:]
                green = [token for token in range(64) if sbw_green(key, hash_name, gamma, context, token)]
                made, delta = [], 2.0
                for position in range(48):
                    before = ([-1] * width + made)[-width:]
                    logits = logits_at(position, 128)[0].tolist()
                    raised = [logit + delta * sbw_green(key, hash_name, gamma, before, token) for token, logit in enumerate(logits)]
                    made.append(raised.index(max(raised)))
                rows.append({"key": str(key), "hash": hash_name, "width": width, "gamma": gamma, "context": context, "green": green, "greedy": made})
    return rows


def transformers_kgw():
    rows = []
    for key, vocabulary, ratio, hash_name, width in (
        (15485863, 1000, 0.25, "left", 1), (15485863, 151936, 0.25, "left", 1), (15485863, 1000, 0.5, "self", 1), (15485863, 1000, 0.25, "self", 3), (42, 32000, 0.25, "self", 4),
    ):
        processor = WatermarkLogitsProcessor(vocabulary, "cpu", ratio, 2.0, key, hash_name + "hash", width)
        made = [(7 * at * at + 3) % vocabulary for at in range(8)]
        for position in range(24):
            scores = logits_at(position, vocabulary, 997, 64)
            made.append(int(processor(torch.tensor([made]), scores).argmax().item()))
        own = hash_name == "self"
        ngrams = width + 1 - own
        green = [bool((processor._get_greenlist_ids(torch.tensor(made[at : at + ngrams] if own else made[at : at + ngrams - 1])) == made[at + ngrams - 1]).any()) for at in range(len(made) - ngrams + 1)]
        rows.append({"key": str(key), "vocabulary": vocabulary, "gamma": ratio, "hash": hash_name, "width": width, "prompt": 8, "tokens": made, "green": green})
    return rows


def synthid():
    from synthid_text.logits_processing import SynthIDLogitsProcessor

    rows = []
    for hash_name, layers, width, size, seed in (
        ("reference", KEYS, 4, None, None), ("reference", [1, 2, 3], 2, None, None), ("transformers", KEYS, 4, 65536, 0), ("transformers", [9, 2**40 + 1, 77], 3, 1024, 5),
    ):
        if hash_name == "reference":
            make = lambda: SynthIDLogitsProcessor(ngram_len=width + 1, keys=layers, context_history_size=1024, temperature=1.0, top_k=128, device=torch.device("cpu"))
            run = lambda processor, ids, scores: (lambda seen: torch.full_like(scores, -torch.inf).scatter(1, seen[1], seen[0]))(processor.watermarked_call(ids, scores))
        else:
            make = lambda: SynthIDTextWatermarkLogitsProcessor(width + 1, layers, size, seed, 1024, torch.device("cpu"))
            run = lambda processor, ids, scores: processor(ids, scores)
        processor, made, chances = make(), [11, 12], []
        start = len(made)
        for position in range(40):
            seen = torch.softmax(run(processor, torch.tensor([made]), logits_at(position, 128)).to(torch.float64), dim=-1)[0]
            # Where 0.5 falls on the chances, most probable token of the model first.
            order = sorted(range(128), key=lambda token: (-logits_at(position, 128)[0][token].item(), token))
            left, sure = 0.5, 1.0
            for token in order:
                left -= seen[token].item()
                sure = min(sure, abs(left))
                if left < 0:
                    break
            assert sure > 1e-6, "the choice hangs on rounding: take another fixture"
            chances.append(seen[token].item())
            made.append(token)
        output = torch.tensor([made[start:]])
        fresh = make()
        bits = fresh.compute_g_values(output)[0]
        mask = fresh.compute_context_repetition_mask(output)[0]
        rows.append({
            "hash": hash_name, "layers": [str(layer) for layer in layers], "width": width, **({} if size is None else {"tableSize": size, "tableSeed": seed}), "prompt": made[:start], "tokens": made[start:],
            "chances": chances, "bits": ["".join(map(str, row)) for row in bits.tolist()], "fresh": [bool(one) for one in mask.tolist()],
        })
    return rows


def main():
    sources(sys.argv[1], sys.argv[2])
    vectors = {
        "made": {"by": "bench/token/vectors.py", "torch": torch.__version__, "transformers": transformers.__version__, "vllm": "0.33.0", "synthid-text": "addb4a1", "python": platform.python_version()},
        "gumbel": vllm_gumbel(), "sbw": sbw(), "kgw": transformers_kgw(), "synthid": synthid(),
    }
    target = Path(__file__).parents[2] / "test/vectors/reference/token.json"
    os.makedirs(target.parent, exist_ok=True)
    rows = lambda list: "[\n" + ",\n".join("  " + json.dumps(row) for row in list) + "\n ]"
    target.write_text(
        '{\n "made": ' + json.dumps(vectors["made"]) + ',\n "uniform": ' + rows(vectors["gumbel"]["uniform"]) + ',\n "gumbel": ' + rows(vectors["gumbel"]["runs"])
        + "".join(f',\n "{name}": ' + rows(vectors[name]) for name in ("sbw", "kgw", "synthid")) + "\n}\n"
    )
    print(target)


main()
