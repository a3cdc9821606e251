// Makes core/assets/label.ttf: the built-in label font, a subset of Noto Sans SC Bold (OFL-1.1) with only the characters
// of the built-in wordings. Same input, same bytes; a second run changes nothing. Run by `npm run setup`.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import subsetFont from 'subset-font';

// AI生成 and AI合成 (zh-Hans, zh-Hant, ja), 人工智能生成合成, 内容由AI生成, and any ASCII wording such as AI-generated.
// Korean is not in Noto Sans SC: its wording is drawn in ASCII, or with a font of the caller's.
const cjk = '人工智能生成合成由内容';
const ascii = Array.from({ length: 0x7f - 0x20 }, (_, i) => String.fromCharCode(0x20 + i)).join('');

const source = dirname(createRequire(import.meta.url).resolve('@fontsource/noto-sans-sc/package.json'));
const full = readFileSync(join(source, 'files/noto-sans-sc-chinese-simplified-700-normal.woff2'));
const font = await subsetFont(full, cjk + ascii, {
  targetFormat: 'truetype',
  noHinting: true,
  noLayoutClosure: true,
  preserveNameIds: [0, 13, 14], // copyright and licence stay in the file (OFL-1.1, condition 2)
  dropTables: ['GSUB', 'GPOS', 'GDEF', 'BASE', 'STAT', 'gasp', 'vhea', 'vmtx', 'VORG', 'DSIG', 'meta'],
});
const missing = [...cjk + ascii].filter((character) => !hasGlyph(font, character.codePointAt(0)));
if (missing.length > 0) throw new Error(`@fontsource/noto-sans-sc lacks ${missing.join(' ')}: its files have changed, update this script`);

const assets = join(dirname(fileURLToPath(import.meta.url)), '../core/assets');
mkdirSync(assets, { recursive: true });
const changed = [write('label.ttf', font), write('OFL.txt', readFileSync(join(source, 'LICENSE')))].some(Boolean);
const digest = createHash('sha256').update(font).digest('hex').slice(0, 16);
process.stderr.write(`core/assets/label.ttf: ${(font.length / 1000).toFixed(1)} kB, sha256 ${digest}…${changed ? '' : ' (unchanged)'}\n`);

/** Writes only when the bytes differ, so that cargo does not rebuild for nothing. */
function write(name, bytes) {
  const path = join(assets, name);
  try {
    if (readFileSync(path).equals(bytes)) return false;
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  writeFileSync(path, bytes);
  return true;
}

/** Whether a format 4 or 12 `cmap` subtable of a TrueType file covers a code point (the subsetter drops unknown ones in silence). */
function hasGlyph(bytes, codePoint) {
  let cmap = 0;
  for (let i = 0; i < bytes.readUInt16BE(4); i++) {
    const entry = 12 + 16 * i;
    if (bytes.toString('latin1', entry, entry + 4) === 'cmap') cmap = bytes.readUInt32BE(entry + 8);
  }
  for (let i = 0; i < bytes.readUInt16BE(cmap + 2); i++) {
    const table = cmap + bytes.readUInt32BE(cmap + 4 + 8 * i + 4);
    const format = bytes.readUInt16BE(table);
    if (format === 12) {
      for (let g = 0; g < bytes.readUInt32BE(table + 12); g++) {
        const group = table + 16 + 12 * g;
        if (bytes.readUInt32BE(group) <= codePoint && codePoint <= bytes.readUInt32BE(group + 4)) return true;
      }
    } else if (format === 4) {
      const twice = bytes.readUInt16BE(table + 6);
      for (let s = 0; s < twice; s += 2) {
        const end = bytes.readUInt16BE(table + 14 + s);
        const start = bytes.readUInt16BE(table + 16 + twice + s);
        if (start <= codePoint && codePoint <= end && end !== 0xffff) return true;
      }
    }
  }
  return false;
}
