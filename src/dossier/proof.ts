// How a dossier is checked by a program that is not ours.
import type { LedgerCheck } from '../types.js'

/** Python 3, standard library only. It reads the dossier's own files and believes nothing else. */
export const CHECK_SCRIPT = `#!/usr/bin/env python3
"""Checks this dossier: run it in its folder. Signatures of heads are checked by openssl where that is installed."""
import hashlib, json, os, shutil, subprocess, sys, tempfile

os.chdir(os.path.dirname(os.path.abspath(__file__)))
sha = lambda data: hashlib.sha256(data).digest()
link, at, bodies, places = bytes(32), {}, {}, {}
for line in open('chain.txt', encoding='utf-8'):
    name, value, *more = line.split()
    if value == 'deleted':
        link, number = bytes.fromhex(more[0]), int(name.split('-')[1])
    else:
        number, bodies[int(name)] = int(name), value
        link = sha(link + bytes.fromhex(value))
    at[number] = link.hex()
    places.setdefault('first', link.hex())
print('chain:', len(bodies), 'entries, the last is', number, link.hex())

wrong = 0
for line in open('entries.jsonl', encoding='utf-8'):
    body = line.rstrip('\\n')
    number = json.loads(body)['number']
    if sha(body.encode()).hex() != bodies.get(number):
        wrong += 1
        print('entry', number, 'is NOT in the chain')
covered = 0
for head in json.load(open('heads.json', encoding='utf-8')):
    if head['ledger'] != places['first']:
        wrong += 1
        print('the head at entry', head['number'], 'is of ANOTHER ledger')
        continue
    if head['number'] in at and at[head['number']] != head['hash']:
        wrong += 1
        print('the head at entry', head['number'], 'does NOT fit the chain')
        continue
    signed = {key: value for key, value in head.items() if key != 'signature'}
    message = 'countermark-ledger-head-1\\n' + json.dumps(signed, sort_keys=True, separators=(',', ':'), ensure_ascii=False)
    if shutil.which('openssl') is None:
        print('the signature of the head at entry', head['number'], 'was not checked: there is no openssl')
        continue
    with tempfile.TemporaryDirectory() as folder:
        paths = {}
        for name, data in (('key', bytes.fromhex(head['publicKey'])), ('signature', bytes.fromhex(head['signature'])), ('message', message.encode())):
            paths[name] = os.path.join(folder, name)
            open(paths[name], 'wb').write(data)
        command = ['openssl', 'pkeyutl', '-verify', '-pubin', '-keyform', 'DER', '-inkey', paths['key'], '-sigfile', paths['signature'], '-rawin', '-in', paths['message']]
        if head['algorithm'] == 'ECDSA-P256':
            command += ['-digest', 'sha256']
        if head['algorithm'] == 'SM2':
            command += ['-digest', 'sm3', '-pkeyopt', 'distid:1234567812345678']
        done = subprocess.run(command, capture_output=True)
    if done.returncode != 0:
        wrong += 1
        print('the signature of the head at entry', head['number'], 'does NOT hold')
    else:
        covered = max(covered, head['number'])
        print('head at entry', head['number'], 'signed by the key', hashlib.sha256(bytes.fromhex(head['publicKey'])).hexdigest()[:16], 'holds')
print('WRONG' if wrong else 'sound' + (', covered by signatures up to entry %d' % covered if covered else ', but no signature was checked'))
sys.exit(1 if wrong else 0)
`

/** README.txt of a dossier. */
export function howToCheck({ ledger, last, heads }: LedgerCheck): string {
  return `This dossier can be checked without Countermark.

1. entries.jsonl has the chosen entries, one a line. A line's bytes without the line feed (UTF-8) are the entry's body.
2. chain.txt has every entry of the ledger: its number and SHA-256 of its body, hexadecimal. The bodies of the other entries
   are not given away by it.
3. The chain: start with 32 zero bytes; for each line, SHA-256 of (the 32 bytes so far, the 32 bytes of the line). A line
   "A-B deleted H" stands for entries that were deleted; H takes the place of the 32 bytes. The hash after line 1 is the
   ledger's name: ${ledger}
   The hash after the last line is that of entry ${last.number}: ${last.hash}
4. heads.json has signed heads: each says which hash the chain has after which entry. What is signed: the text
   "countermark-ledger-head-1", a line feed, and the JSON of the head without "signature", keys sorted, no spaces (RFC 8785).
   Keys are SubjectPublicKeyInfo (DER); signatures are DER for SM2 (user id 1234567812345678) and ECDSA P-256 with SHA-256,
   64 bytes for Ed25519. Heads that hold cover the ledger up to entry ${heads.upTo}.
5. Whose key it is only the provider can say. Compare it, and heads that were handed over earlier, with what you hold.

check.py does 1 to 4: python3 check.py
`
}
