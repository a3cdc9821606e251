//! What a character is to the mark, and the form in which a letter counts. Checked against Unicode 15.0: letters whose
//! compatibility form (NFKC) is another letter belong to no script here, so that normalising a text moves no context.

use serde::{Deserialize, Serialize};

/// The part a code point plays. A lone surrogate is `Other`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Class {
    /// Han and kana: a mark may stand between two of them.
    Ideograph,
    /// A letter of a script that parts words by spaces: a mark may stand between it and a space.
    Letter,
    /// Part of a word, but no place for a mark: vowel signs, combining marks.
    Inner,
    Digit,
    /// U+0020.
    Space,
    /// Other white space on a line.
    Blank,
    /// A line's end.
    Break,
    /// What may stand before a word, and ends nothing.
    Open,
    /// Full-width punctuation: ends runs and addresses.
    Stop,
    /// What joins names and addresses: a word or a run of ideographs behind it is left alone.
    Joint,
    /// A character of our two alphabets.
    Symbol,
    /// Other punctuation, invisible characters, everything else.
    Other,
}

/// First symbol of alphabet A (3 bits): variation selectors 4 to 11.
pub const FIRST_A: u16 = 0xfe03;
/// First symbol of alphabet B (2 bits): the invisible operators.
pub const FIRST_B: u16 = 0x2061;

/// The value of a symbol of alphabet A, 0..=7.
pub fn value_a(unit: u32) -> Option<u8> {
    (0xfe03..=0xfe0a).contains(&unit).then(|| (unit - 0xfe03) as u8)
}

/// The value of a symbol of alphabet B, 0..=3.
pub fn value_b(unit: u32) -> Option<u8> {
    (0x2061..=0x2064).contains(&unit).then(|| (unit - 0x2061) as u8)
}

/// The class of a code point.
#[inline]
pub fn class(code: u32) -> Class {
    match code {
        0..=0x7f => ASCII[code as usize],
        0x4e00..=0x9fff => Class::Ideograph,
        _ => other(code),
    }
}

fn other(code: u32) -> Class {
    match code {
        0x3400..=0x4dbf | 0x20000..=0x2f7ff | 0x30000..=0x3ffff | 0x3005 | 0x3007 => Class::Ideograph,
        0x3041..=0x3096 | 0x30a1..=0x30fa | 0x30fc => Class::Ideograph,
        0xac00..=0xd7a3 => Class::Letter,
        0xc0..=0x24f => {
            if latin(LATIN, code - 0xc0) == b'-' {
                Class::Other
            } else {
                Class::Letter
            }
        }
        0x1e00..=0x1eff => {
            if latin(ADDITIONAL, code - 0x1e00) == b'-' {
                Class::Other
            } else {
                Class::Letter
            }
        }
        0x250..=0x2af | 0x370..=0x373 | 0x376 | 0x377 | 0x37b..=0x37d | 0x386 | 0x388..=0x3ce | 0x3d7 => Class::Letter,
        0x400..=0x481 | 0x48a..=0x52f | 0x531..=0x556 | 0x561..=0x586 | 0x10d0..=0x10fa | 0x1c90..=0x1cba => Class::Letter,
        0x5d0..=0x5ea | 0x620..=0x63f | 0x641..=0x64a | 0x671..=0x674 | 0x679..=0x6d3 | 0x6d5 => Class::Letter,
        0x904..=0x939 | 0x985..=0x9b9 | 0xa05..=0xa39 | 0xa85..=0xab9 | 0xb05..=0xb39 | 0xb85..=0xbb9 => Class::Letter,
        0xc05..=0xc39 | 0xc85..=0xcb9 | 0xd05..=0xd3a | 0xe01..=0xe30 | 0xe32 | 0xe40..=0xe46 => Class::Letter,
        0x300..=0x36f | 0x483..=0x489 | 0x591..=0x5c7 | 0x610..=0x61a | 0x64b..=0x65f | 0x670 | 0x6d6..=0x6ed => Class::Inner,
        0x900..=0x903 | 0x93a..=0x963 | 0xe31 | 0xe33..=0xe3a | 0xe47..=0xe4e => Class::Inner,
        // Signs of the other Indic blocks; their digits and stops are at the end of each.
        0x964..=0x96f => Class::Other,
        0x970..=0xdff => {
            if code & 0x7f >= 0x64 {
                Class::Other
            } else {
                Class::Inner
            }
        }
        0x660..=0x669 | 0x6f0..=0x6f9 | 0xff10..=0xff19 => Class::Digit,
        0x85 | 0x2028 | 0x2029 => Class::Break,
        0xa0 | 0x1680 | 0x2000..=0x200a | 0x202f | 0x205f | 0x3000 => Class::Blank,
        0xab | 0xa1 | 0xbf | 0x2013 | 0x2014 | 0x2018 | 0x201c | 0x201e | 0x2026 => Class::Open,
        0x3001..=0x3003 | 0x3008..=0x3011 | 0x3014..=0x301f | 0xb7 | 0x201d | 0xbb => Class::Stop,
        0xff01..=0xff0e | 0xff1a..=0xff1f | 0xff3b | 0xff3d | 0xff5b..=0xff65 | 0xfe30..=0xfe4f => Class::Stop,
        0xfe03..=0xfe0a | 0x2061..=0x2064 => Class::Symbol,
        _ => Class::Other,
    }
}

const ASCII: [Class; 128] = {
    let mut table = [Class::Other; 128];
    let mut code = 0;
    while code < 128 {
        table[code] = ascii(code as u8);
        code += 1;
    }
    table
};

const fn ascii(code: u8) -> Class {
    match code {
        b'a'..=b'z' | b'A'..=b'Z' => Class::Letter,
        b' ' => Class::Space,
        b'0'..=b'9' => Class::Digit,
        b'\n' | b'\r' | 0x0b | 0x0c => Class::Break,
        b'\t' => Class::Blank,
        b'(' | b'[' | b'{' | b'"' | b'*' => Class::Open,
        b'/' | b'\\' | b'_' | b'@' | b'#' | b'=' | b'&' | b'%' | b'~' | b'$' | b'^' => Class::Joint,
        _ => Class::Other,
    }
}

/// How much a letter counts towards the next mark: 18 for an ideograph, 12 for a Korean syllable, nine for any other. A mark
/// before a space waits for the word's end, which makes the distances alike.
#[inline]
pub fn weight(class: Class, code: u32) -> u32 {
    match class {
        Class::Ideograph => 18,
        Class::Letter if is_syllable(code) => 12,
        Class::Letter => 9,
        _ => 0,
    }
}

/// How much of a context a letter is, of eight parts: two for an ideograph or syllable, one for any other.
pub fn share(code: u32) -> u32 {
    if class(code) == Class::Ideograph || is_syllable(code) { 2 } else { 1 }
}

fn is_syllable(code: u32) -> bool {
    (0xac00..=0xd7a3).contains(&code)
}

/// The form in which a letter enters a context: small, Latin without its accents.
pub fn fold(code: u32) -> u32 {
    match code {
        0x41..=0x5a => code | 0x20,
        0xc0..=0x24f => folded(latin(LATIN, code - 0xc0), code),
        0x1e00..=0x1eff => folded(latin(ADDITIONAL, code - 0x1e00), code),
        0x451 => 0x435,
        0x439 => 0x438,
        0x370..=0x586 | 0x10a0..=0x10ff | 0x1c90..=0x1cbf => small(code),
        _ => code,
    }
}

fn folded(letter: u8, code: u32) -> u32 {
    if letter == b'.' { small(code) } else { u32::from(letter) }
}

fn small(code: u32) -> u32 {
    let lower = char::from_u32(code).and_then(|one| one.to_lowercase().next()).map_or(code, u32::from);
    match lower {
        0x451 => 0x435,
        0x439 => 0x438,
        other => other,
    }
}

fn latin(table: &[u8], at: u32) -> u8 {
    table.get(at as usize).copied().unwrap_or(b'-')
}

/// U+00C0..=U+024F: the letter without accents (NFKD), `.` for a letter of its own, `-` for what NFKC changes or no letter.
const LATIN: &[u8] = b"aaaaaa.ceeeeiiii.nooooo-.uuuuy..aaaaaa.ceeeeiiii.nooooo-.uuuuy.y\
aaaaaaccccccccdd..eeeeeeeeeegggggggghh..iiiiiiiii.--jjkk.llllll-\
-..nnnnnn-..oooooo..rrrrrrsssssssstttt..uuuuuuuuuuuuwwyyyzzzzzz-\
................................oo.............uu...............\
....---------aaiioouuuuuuuuuu.aaaa....ggkkoooo..j---gg..nnaa....\
aaaaeeeeiiiioooorrrruuuusstt..hh......aaeeooooooooyy............\
................";

/// U+1E00..=U+1EFF, likewise.
const ADDITIONAL: &[u8] = b"aabbbbbbccddddddddddeeeeeeeeeeffgghhhhhhhhhhiiiikkkkkkllllllllmm\
mmmmnnnnnnnnoooooooopppprrrrrrrrssssssssssttttttttuuuuuuuuuuvvvv\
wwwwwwwwwwxxxxyyzzzzzzhtwy--....aaaaaaaaaaaaaaaaaaaaaaaaeeeeeeee\
eeeeeeeeiiiioooooooooooooooooooooooouuuuuuuuuuuuuuyyyyyyyy......";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_fold_and_symbols_have_values() {
        assert_eq!((LATIN.len(), ADDITIONAL.len()), (0x190, 0x100));
        for (letter, expected) in
            [('É', 'e'), ('ß', 'ß'), ('Ж', 'ж'), ('Й', 'и'), ('ё', 'е'), ('ế', 'e'), ('中', '中'), ('Z', 'z')]
        {
            assert_eq!(fold(letter as u32), expected as u32, "{letter}");
        }
        for code in 0xfe00..=0xfe0f {
            assert_eq!(value_a(code).is_some(), class(code) == Class::Symbol, "{code:x}");
        }
        assert_eq!((value_a(0xfe0a), value_b(0x2064), value_b(0x2060)), (Some(7), Some(3), None));
    }

    #[test]
    fn what_is_no_plain_letter_is_no_place() {
        for odd in ['，', '。', '１', 'Ａ', '㍿', '\u{f900}', '×', '\u{fe0f}', '\u{200d}', '\u{e0100}', '①', '-'] {
            assert!(!matches!(class(odd as u32), Class::Letter | Class::Ideograph), "{odd}");
        }
        assert_eq!(class(0xd800), Class::Other);
    }
}
