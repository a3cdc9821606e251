"""What espeak-ng says otherwise where a text is marked; needs libespeak-ng.so.1.

python3 bench/phonemes.py en|zh FILE [PLACES] [odd|even]: places of a text of one paragraph a line where one mark changes it:
the words before and behind, or the two characters. Prints the share of places, and those that changed, most frequent first.
python3 bench/phonemes.py en|zh - : lines of JSON, [text, marked text], as bench/speech.mjs gives them; prints the clauses that differ.
"""

import collections
import ctypes
import json
import random
import re
import sys

language, path = sys.argv[1:3]
places = int(sys.argv[3]) if len(sys.argv) > 3 else 20_000
first = 1 if "even" in sys.argv else 0

speech = ctypes.CDLL("libespeak-ng.so.1")
speech.espeak_Initialize(2, 0, None, 0)
speech.espeak_TextToPhonemes.restype = ctypes.c_char_p
speech.espeak_TextToPhonemes.argtypes = [ctypes.POINTER(ctypes.c_void_p), ctypes.c_int, ctypes.c_int]
speech.espeak_SetVoiceByName(b"cmn" if language == "zh" else b"en")


def spoken(text):
    """The phonemes of a text, clause by clause."""
    bytes_ = ctypes.create_string_buffer(text.encode())
    at = ctypes.c_void_p(ctypes.addressof(bytes_))
    clauses = []
    while at.value:
        clauses.append(speech.espeak_TextToPhonemes(ctypes.byref(at), 1, 0))
    return clauses


if path == "-":
    clauses = changed = marks = 0
    for line in sys.stdin:
        before, after = json.loads(line)
        marks += len(after) - len(before)
        said = [spoken(text) for text in (before, after)]
        clauses += len(said[0])
        differ = [pair for pair in zip(*said) if pair[0] != pair[1]] if len(said[0]) == len(said[1]) else [said]
        changed += len(differ)
        for pair in differ:
            # The first place where the two part, and the marked words there.
            print(*pair, repr(after), sep="\n  ")
    print(f"{changed} of {clauses} clauses differ ({marks} marks)")
    sys.exit()

random.seed(1)
lines = [line.strip() for line in open(path, encoding="utf8") if len(line) > 40][first::2]
asked, changed = collections.Counter(), collections.Counter()
while asked.total() < places:
    clause = random.choice(re.split(r"(?<=[.,;:!?。，；：！？、”“])\s*", random.choice(lines)))
    if not 12 < len(clause) < 200:
        continue
    before = spoken(clause)
    between = r"(?<=[\u4e00-\u9fff])(?=[\u4e00-\u9fff])" if language == "zh" else r"(?<=[A-Za-z]) (?=[A-Za-z0-9])"
    for found in re.finditer(between, clause):
        at = found.start()
        if language == "zh":
            place = clause[at - 1 : at + 1]
        else:
            place = clause[:at].split(" ")[-1].lower() + " " + clause[at + 1 :].split(" ")[0].lower()
        asked[place] += 1
        mark = random.choice("\ufe03\ufe07\u2061\u2064")
        changed[place] += spoken(clause[:at] + mark + clause[at:]) != before
print(f"{changed.total()} of {asked.total()} places change what is said")
for place, count in changed.most_common(200):
    if count:
        print(f"{count} of {asked[place]}: {place}")
