// Every invisible character of a text by its name and place, whoever put it there.

/** One invisible character; `offset` in UTF-16 units. `symbol`: it is of the alphabets of the character mark. */
export interface Invisible { offset: number; codePoint: string; name: string; symbol: boolean }

const NAMES: { readonly [code: number]: string } = {
  0x00ad: 'SOFT HYPHEN', 0x034f: 'COMBINING GRAPHEME JOINER', 0x061c: 'ARABIC LETTER MARK', 0x115f: 'HANGUL CHOSEONG FILLER', 0x1160: 'HANGUL JUNGSEONG FILLER',
  0x17b4: 'KHMER VOWEL INHERENT AQ', 0x17b5: 'KHMER VOWEL INHERENT AA', 0x180e: 'MONGOLIAN VOWEL SEPARATOR', 0x200b: 'ZERO WIDTH SPACE', 0x200c: 'ZERO WIDTH NON-JOINER',
  0x200d: 'ZERO WIDTH JOINER', 0x200e: 'LEFT-TO-RIGHT MARK', 0x200f: 'RIGHT-TO-LEFT MARK', 0x202a: 'LEFT-TO-RIGHT EMBEDDING', 0x202b: 'RIGHT-TO-LEFT EMBEDDING',
  0x202c: 'POP DIRECTIONAL FORMATTING', 0x202d: 'LEFT-TO-RIGHT OVERRIDE', 0x202e: 'RIGHT-TO-LEFT OVERRIDE', 0x2060: 'WORD JOINER', 0x2061: 'FUNCTION APPLICATION',
  0x2062: 'INVISIBLE TIMES', 0x2063: 'INVISIBLE SEPARATOR', 0x2064: 'INVISIBLE PLUS', 0x2066: 'LEFT-TO-RIGHT ISOLATE', 0x2067: 'RIGHT-TO-LEFT ISOLATE',
  0x2068: 'FIRST STRONG ISOLATE', 0x2069: 'POP DIRECTIONAL ISOLATE', 0x3164: 'HANGUL FILLER', 0xfeff: 'ZERO WIDTH NO-BREAK SPACE', 0xffa0: 'HALFWIDTH HANGUL FILLER',
  0x202f: 'NARROW NO-BREAK SPACE', 0x00a0: 'NO-BREAK SPACE', 0xfff9: 'INTERLINEAR ANNOTATION ANCHOR', 0xfffa: 'INTERLINEAR ANNOTATION SEPARATOR', 0xfffb: 'INTERLINEAR ANNOTATION TERMINATOR',
}

function nameOf(code: number): string | undefined {
  if (code >= 0xfe00 && code <= 0xfe0f) return `VARIATION SELECTOR-${code - 0xfe00 + 1}`
  if (code >= 0xe0100 && code <= 0xe01ef) return `VARIATION SELECTOR-${code - 0xe0100 + 17}`
  if (code >= 0xe0000 && code <= 0xe007f) return `TAG ${code < 0xe0020 ? code.toString(16).toUpperCase() : String.fromCharCode(code - 0xe0000)}`
  if (code >= 0x206a && code <= 0x206f) return 'DEPRECATED FORMAT CHARACTER'
  return NAMES[code]
}

/** All of them, in their order: default-ignorable characters, and spaces that look like others. */
export function inspect(text: string): Invisible[] {
  const found: Invisible[] = []
  for (let offset = 0; offset < text.length; offset++) {
    const code = text.codePointAt(offset)!
    const name = code < 0xa0 ? undefined : nameOf(code)
    if (name !== undefined)
      found.push({ offset, codePoint: `U+${code.toString(16).toUpperCase().padStart(4, '0')}`, name, symbol: (code >= 0xfe03 && code <= 0xfe0a) || (code >= 0x2061 && code <= 0x2064) })
    if (code > 0xffff) offset += 1
  }
  return found
}

/** Offsets of C2PA text wrappers (C2PA 2.x, A.8): U+FEFF and the magic `C2PATXT` with a zero, a variation selector a byte (rule T4). */
export function wrappers(text: string): number[] {
  const magic = '\uFEFF' + [...'C2PATXT\0'].map((letter) => {
    const byte = letter.charCodeAt(0)
    return String.fromCodePoint(byte < 16 ? 0xfe00 + byte : 0xe0100 + byte - 16)
  }).join('')
  const found: number[] = []
  for (let at = text.indexOf(magic); at >= 0; at = text.indexOf(magic, at + 1)) found.push(at)
  return found
}
