"""What espeak-ng says otherwise where a text is marked; needs libespeak-ng.so.1.

python3 bench/phonemes.py en|zh FILE [PLACES] [odd|even]: places of a text of one paragraph a line where one mark changes it:
the words before and behind, or the two characters. Prints the share of places, and those that changed, most frequent first.
python3 bench/phonemes.py en|zh - : lines of JSON, [text, marked text], as bench/speech.mjs gives them; prints the clauses that differ
(those that espeak-ng cuts for their length, which marks add to, by themselves) and at last a line of JSON with the counts.
"""

import collections
import ctypes
import difflib
import json
import random
import re
import sys

language, path = sys.argv[1:3]
places = int(sys.argv[3]) if len(sys.argv) > 3 else 20_000
first = 1 if "even" in sys.argv else 0

# A clause without a stop is cut at 800 bytes, or behind the last word before (measured: from 729 on), whatever stands there.
LONG = 700
# It also takes no more than 1,000 phonemes: clauses cut for that have 1,700 letters of them and more.
MANY = 1_500

speech = ctypes.CDLL("libespeak-ng.so.1")
speech.espeak_Initialize(2, 0, None, 0)
speech.espeak_TextToPhonemes.restype = ctypes.c_char_p
speech.espeak_TextToPhonemes.argtypes = [ctypes.POINTER(ctypes.c_void_p), ctypes.c_int, ctypes.c_int]
speech.espeak_SetVoiceByName(b"cmn" if language == "zh" else b"en")


def spoken(text):
    """The phonemes of a text, clause by clause, and how many bytes each clause has."""
    bytes_ = ctypes.create_string_buffer(text.encode())
    end = ctypes.addressof(bytes_) + len(bytes_)
    at = ctypes.c_void_p(ctypes.addressof(bytes_))
    clauses, lengths = [], []
    while at.value:
        start = at.value
        clauses.append(speech.espeak_TextToPhonemes(ctypes.byref(at), 1, 0))
        lengths.append((at.value or end) - start)
    return clauses, lengths


if path == "-":
    clauses = changed = cut = marks = 0
    for line in sys.stdin:
        before, after = json.loads(line)
        marks += len(after) - len(before)
        (said, _), (marked, lengths) = spoken(before), spoken(after)
        clauses += len(said)
        for kind, a, b, c, d in difflib.SequenceMatcher(None, said, marked, False).get_opcodes():
            if kind == "equal":
                continue
            long = max(lengths[c:d], default=0) >= LONG or max(map(len, said[a:b] + marked[c:d])) >= MANY
            changed += max(b - a, d - c)
            cut += max(b - a, d - c) if long else 0
            print("cut" if long else "said otherwise", said[a:b], marked[c:d], repr(after), sep="\n  ")
    print(json.dumps({"clauses": clauses, "changed": changed, "cut": cut, "marks": marks}))
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
