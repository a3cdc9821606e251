//! One pass over a text, from left to right, that knows where a mark may stand: not in code, addresses, formulas, markup,
//! numbers, names or tables. It looks at what came before only (and at one character behind a space), so that a text that
//! arrives in pieces is treated as one that is there at once. Plain text, Markdown and HTML are read by the same rules.

use super::class::{Class, class, fold, share, weight};
use super::element::{Element, Name, element};
use super::mode::{Formula, Mode, Word};
use super::phrases::{Spelled, is_conjunction, joined, paired, spell};
use serde::{Deserialize, Serialize};

/// Weight of the letters that make a context: four ideographs or Korean syllables, or eight other letters.
const CONTEXT: u32 = 8;
/// Letters that a context may hold.
pub const MOST: usize = CONTEXT as usize;
/// A tag, the target of a link or a displayed formula that is longer than this is none.
const LONGEST: u32 = 2048;
/// Inline code or a formula in a line that is longer than this is none: a backtick that stands for a quotation mark, or a dollar
/// sign, does not keep a text from its mark, however long its paragraph is.
const LONGEST_INLINE: u32 = 400;

/// The state behind the characters that were read. Small, and a copy of it is another reader at the same place.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Lexer {
    mode: Mode,
    word: Word,
    /// Whether ideographs here belong to a name or address.
    joined: bool,
    last: u32,
    last_class: Class,
    /// Whether nothing but spaces stands on the line, and how many of them.
    indent: Option<u32>,
    /// Whether the line before was blank; the start of the text counts as such.
    after_blank: bool,
    /// A table's row, or a line of indented code.
    bare_line: bool,
    /// The character that a run of backticks, tildes, or hyphens at a line's start repeats, and its length.
    run: (u32, u32),
    /// Whether nothing but spaces follows the run.
    clean: bool,
    /// Whether this is the line that opened a block.
    opening: bool,
    first_line: bool,
    /// Characters since code or a formula began.
    since: u32,
    tag: Name,
    tag_length: usize,
    closing: bool,
    letters: [u32; MOST],
    places: [usize; MOST],
    count: usize,
    /// The word so far, and whether one of its clause stands before it.
    spelled: Spelled,
    second: bool,
}

impl Default for Lexer {
    fn default() -> Self {
        Self {
            mode: Mode::Text,
            word: Word::Fresh,
            joined: false,
            last: 0x0a,
            last_class: Class::Break,
            indent: Some(0),
            after_blank: true,
            bare_line: false,
            run: (0, 0),
            clean: true,
            opening: false,
            first_line: true,
            since: 0,
            tag: [0; 8],
            tag_length: 0,
            closing: false,
            letters: [0; MOST],
            places: [0; MOST],
            count: 0,
            spelled: 0,
            second: false,
        }
    }
}

impl Lexer {
    /// Whether a mark stands before the code point that comes now if one is due: between two ideographs. Where the text itself
    /// has a symbol behind a letter, the mark comes before it: what stands behind a letter when a mark is due is then always
    /// the mark, so that it can be taken out again.
    pub fn inside(&self, code: u32, kind: Class) -> bool {
        let ideograph = self.last_class == Class::Ideograph && self.mode == Mode::Text && !self.joined && !self.bare_line;
        match kind {
            Class::Ideograph => ideograph && !paired(self.last, code),
            Class::Symbol => ideograph || self.before_space(),
            _ => false,
        }
    }

    /// Whether a mark may stand before the space that comes now, if [`Lexer::parts`] says so of what comes behind it.
    pub fn before_space(&self) -> bool {
        self.last_class == Class::Letter && self.word == Word::Good && self.mode == Mode::Text && !self.bare_line
    }

    /// Whether a mark may part the last word from what begins with this code point: not before more space, punctuation or an
    /// end, and not where it would change how the text is spoken.
    pub fn parts(&self, code: u32) -> bool {
        matches!(class(code), Class::Letter | Class::Ideograph | Class::Digit) && !joined(self.spelled, !self.second, code)
    }

    /// Weight of the code point just read, where it counts towards the next mark.
    pub fn progress(&self) -> u32 {
        if self.mode == Mode::Text { weight(self.last_class, self.last) } else { 0 }
    }

    /// The letters before this place, folded, the nearest last, and where the first of them stands; undefined behind too few.
    pub fn context(&self) -> Option<([u32; MOST], usize, usize)> {
        let mut found = [0; MOST];
        // Eight letters of ASCII are a context, and fold by a bit.
        if self.count >= MOST && self.letters.iter().all(|letter| *letter < 0x80) {
            for (at, letter) in found.iter_mut().enumerate() {
                *letter = self.letters[(self.count + at) % MOST] | 0x20;
            }
            return Some((found, MOST, self.places[self.count % MOST]));
        }
        let (mut sum, mut length, mut start) = (0, 0, 0);
        while sum < CONTEXT {
            if length >= self.count.min(MOST) {
                return None;
            }
            let at = (self.count.wrapping_sub(1 + length)) % MOST;
            let letter = fold(self.letters[at]);
            sum += share(letter);
            found[length] = letter;
            start = self.places[at];
            length += 1;
        }
        found[..length].reverse();
        Some((found, length, start))
    }

    /// Letters read up to now, those that a reader does not see left out.
    pub fn letters(&self) -> usize {
        self.count
    }

    /// Reads the small letters (a to z) and spaces that come next, the first at `place`, as `read` does one by one, and gives
    /// their number. Most of a text in English is such words.
    #[inline]
    pub fn read_small(&mut self, units: &[u16], place: usize) -> usize {
        let is_small = |code: u32| (0x61..=0x7a).contains(&code);
        if !(is_small(self.last) || self.last == 0x20) || self.mode != Mode::Text || self.indent.is_some() || self.run.1 > 0 {
            return 0;
        }
        let mut length = 0;
        for code in units.iter().map(|unit| u32::from(*unit)) {
            if is_small(code) {
                if self.last == 0x20 {
                    self.word = Word::Good;
                }
                self.spelled = self.spelled << 8 | u64::from(code);
                self.letter(code, Class::Letter, place + length);
            } else if code == 0x20 {
                self.space();
            } else {
                break;
            }
            length += 1;
        }
        length
    }

    /// Reads a code point that stands at `place`.
    #[inline]
    pub fn read(&mut self, code: u32, kind: Class, place: usize) {
        // Most of a text is letters and spaces within a line, at which no markup begins or ends.
        if self.mode == Mode::Text && self.indent.is_none() && self.run.1 == 0 {
            match kind {
                Class::Letter => {
                    self.word_goes_on(code);
                    self.letter(code, kind, place);
                    return;
                }
                Class::Ideograph => {
                    self.joined |= self.last_class == Class::Joint;
                    self.word = Word::Fresh;
                    self.spelled = 0;
                    self.letter(code, kind, place);
                    return;
                }
                Class::Space => {
                    self.space();
                    return;
                }
                _ => {}
            }
        }
        self.read_any(code, kind, place);
    }

    #[inline]
    fn letter(&mut self, code: u32, kind: Class, place: usize) {
        let at = self.count % MOST;
        self.letters[at] = code;
        self.places[at] = place;
        self.count = self.count.wrapping_add(1);
        self.last = code;
        self.last_class = kind;
    }

    #[inline]
    fn space(&mut self) {
        self.word_ends();
        self.word = Word::Fresh;
        self.joined = false;
        self.last = 0x20;
        self.last_class = Class::Space;
    }

    /// Takes a letter as part of a word. Abbreviations with small letters behind them ("MPs") are read letter by letter only as
    /// long as what follows is known.
    #[inline]
    fn word_goes_on(&mut self, code: u32) {
        let abbreviation = (0x41..=0x5a).contains(&self.last) && self.spelled > 0xff && !(0x41..=0x5a).contains(&code);
        if abbreviation {
            self.word = Word::Bad;
        } else if self.word == Word::Fresh {
            self.word = Word::Good;
        }
        self.spelled = spell(self.spelled, code);
    }

    /// Begins a word, of the same clause unless this one was a conjunction.
    #[inline]
    fn word_ends(&mut self) {
        if self.spelled != 0 {
            self.second = !is_conjunction(self.spelled);
            self.spelled = 0;
        }
    }

    fn read_any(&mut self, code: u32, kind: Class, place: usize) {
        self.markup(code, kind);
        match kind {
            Class::Letter | Class::Inner => {}
            Class::Space | Class::Blank => self.word_ends(),
            Class::Other if code == 0x27 || code == 0x2019 => {}
            _ => (self.spelled, self.second) = (0, false),
        }
        match kind {
            Class::Ideograph => {
                self.joined |= self.last_class == Class::Joint;
                self.word = Word::Fresh;
            }
            Class::Letter => self.word_goes_on(code),
            Class::Inner => {}
            Class::Space | Class::Blank | Class::Break | Class::Open | Class::Stop => {
                self.word = Word::Fresh;
                self.joined = false;
            }
            // A voice takes what is contracted, and the possessive of an abbreviation, together with what follows.
            Class::Other if (code == 0x27 || code == 0x2019) && self.last_class != Class::Letter => {}
            Class::Digit | Class::Joint | Class::Symbol | Class::Other => self.word = Word::Bad,
        }
        if matches!(kind, Class::Letter | Class::Ideograph) && self.shown() {
            let at = self.count % MOST;
            self.letters[at] = code;
            self.places[at] = place;
            self.count = self.count.wrapping_add(1);
        }
        self.line(code, kind);
        self.last = code;
        self.last_class = kind;
    }

    /// Whether a reader of the rendered text sees what stands here.
    fn shown(&self) -> bool {
        !matches!(self.mode, Mode::Less | Mode::Tag(_) | Mode::Target(..) | Mode::Formula(_) | Mode::Front)
            && !matches!(self.mode, Mode::Raw(Element { shown: false, .. }))
    }

    /// Keeps what is known of the line.
    fn line(&mut self, code: u32, kind: Class) {
        if kind == Class::Break {
            // CR LF is one end.
            if !(code == 0x0a && self.last == 0x0d) {
                self.after_blank = self.indent.is_some();
                self.first_line = false;
            }
            self.indent = Some(0);
            self.bare_line = false;
            self.run = (0, 0);
            self.clean = true;
            self.opening = false;
        } else if let Some(indent) = self.indent {
            match code {
                0x20 => self.indent = Some(indent.saturating_add(1)),
                0x09 => self.indent = Some(indent.saturating_add(4)),
                _ => {
                    self.indent = None;
                    self.bare_line = code == u32::from(b'|') || (self.after_blank && indent >= 4 && kind != Class::Blank);
                }
            }
        }
    }

    /// Follows the markup.
    fn markup(&mut self, code: u32, kind: Class) {
        // What stands at a line's start three times and more.
        let starts = self.indent.is_some_and(|indent| indent <= 3);
        if matches!(code, 0x60 | 0x7e | 0x2d) && (starts || (self.run.1 > 0 && self.run.0 == code && self.last == code)) {
            self.run = (code, self.run.1.saturating_add(1));
        } else if self.run.1 > 0 && !matches!(kind, Class::Space | Class::Blank | Class::Break) {
            self.clean = false;
        }
        if self.mode == Mode::Dollar && code == 0x24 {
            self.mode = Mode::Formula(Formula::Dollars);
            self.since = 0;
            return;
        }
        if self.mode == Mode::Less || self.mode == Mode::Dollar {
            self.mode = self.opened(code, kind);
            self.since = 0;
        }
        match self.mode {
            Mode::Text => {
                self.mode = self.text(code);
                self.since = 0;
            }
            Mode::Ticks(count) => {
                self.mode = match code {
                    0x60 => Mode::Ticks(count.saturating_add(1)),
                    _ if count >= 3 && self.run == (0x60, count) => {
                        self.opening = true;
                        Mode::Fence(0x60, count)
                    }
                    _ => {
                        self.since = 0;
                        Mode::Code(count, 0)
                    }
                }
            }
            Mode::Code(count, here) => {
                self.since += 1;
                if code == 0x60 {
                    self.mode = Mode::Code(count, here.saturating_add(1));
                } else if here == count {
                    self.mode = Mode::Text;
                    self.mode = self.text(code);
                } else if self.since > LONGEST_INLINE || self.paragraph_ends(code, kind) {
                    self.mode = Mode::Text;
                } else if here > 0 {
                    self.mode = Mode::Code(count, 0);
                }
            }
            Mode::Fence(mark, count) => {
                if kind == Class::Break && !self.opening && self.run.0 == mark && self.run.1 >= count && self.clean {
                    self.mode = Mode::Text;
                }
            }
            Mode::Tag(length) => {
                if code == u32::from(b'>') {
                    self.mode = self.tag_ends();
                } else if length >= LONGEST {
                    self.mode = Mode::Text;
                } else {
                    self.name(code, kind);
                    self.mode = Mode::Tag(length.saturating_add(1));
                }
            }
            Mode::Raw(element) => {
                // An end tag is looked for by its name alone.
                if code == u32::from(b'<') {
                    self.start_name();
                } else if code == u32::from(b'>') && self.closing && self.tag == element.name {
                    self.mode = Mode::Text;
                } else {
                    self.name(code, kind);
                }
            }
            Mode::Target(open, length) => {
                self.mode = match code as u8 {
                    b'(' if code < 0x80 => Mode::Target(open.saturating_add(1), length + 1),
                    b')' if code < 0x80 && open <= 1 => Mode::Text,
                    b')' if code < 0x80 => Mode::Target(open.saturating_sub(1), length + 1),
                    _ if kind == Class::Break || length >= LONGEST => Mode::Text,
                    _ => Mode::Target(open, length + 1),
                }
            }
            Mode::Address => {
                if matches!(kind, Class::Space | Class::Blank | Class::Break | Class::Stop)
                    || matches!(code, 0x22 | 0x3c | 0x3e | 0x60 | 0x5d)
                {
                    self.mode = Mode::Text;
                    self.mode = self.text(code);
                }
            }
            Mode::Formula(end) => {
                let ended = match end {
                    Formula::Dollar => code == 0x24,
                    Formula::Dollars => code == 0x24 && self.last == 0x24,
                    Formula::Bracket(bracket) => code == bracket && self.last == 0x5c,
                };
                self.since += 1;
                let most = if end == Formula::Dollars || end == Formula::Bracket(0x5d) { LONGEST } else { LONGEST_INLINE };
                // TeX has no blank lines in formulas: one that is not ended was none, and the next paragraph is text.
                if ended || self.since > most || self.paragraph_ends(code, kind) {
                    self.mode = Mode::Text;
                }
            }
            Mode::Front => {
                // A blank line shows that it was a rule, and no front matter.
                let ends = kind == Class::Break && !self.opening && self.run == (0x2d, 3) && self.clean;
                if ends || self.paragraph_ends(code, kind) {
                    self.mode = Mode::Text;
                }
            }
            Mode::Less | Mode::Dollar => {}
        }
    }

    /// Whether the line that ends here was blank.
    fn paragraph_ends(&self, code: u32, kind: Class) -> bool {
        kind == Class::Break && self.indent.is_some() && !(code == 0x0a && self.last == 0x0d)
    }

    /// The mode behind a code point of the text itself.
    fn text(&mut self, code: u32) -> Mode {
        if code >= 0x80 {
            return Mode::Text;
        }
        match code as u8 {
            b'`' => Mode::Ticks(1),
            b'~' if self.run.0 == 0x7e && self.run.1 >= 3 => {
                self.opening = true;
                Mode::Fence(0x7e, 3)
            }
            b'-' if self.first_line && self.run == (0x2d, 3) => {
                self.opening = true;
                Mode::Front
            }
            b'<' => {
                self.start_name();
                Mode::Less
            }
            b'(' if self.last == 0x5d => Mode::Target(1, 0),
            b'(' if self.last == 0x5c => Mode::Formula(Formula::Bracket(0x29)),
            b'[' if self.last == 0x5c => Mode::Formula(Formula::Bracket(0x5d)),
            b'/' if self.last == 0x2f => Mode::Address,
            b'@' if matches!(self.last_class, Class::Letter | Class::Digit | Class::Ideograph) => Mode::Address,
            b'.' if self.is_www() => Mode::Address,
            b'$' => Mode::Dollar,
            _ => Mode::Text,
        }
    }

    /// Whether the last three letters are `www`, with nothing before them.
    fn is_www(&self) -> bool {
        let letter = |back: usize| self.letters[self.count.wrapping_sub(back) % MOST];
        self.last_class == Class::Letter && self.count >= 3 && (1..=3).all(|back| letter(back) | 0x20 == u32::from(b'w'))
    }

    /// What `<` or `$` began.
    fn opened(&mut self, code: u32, kind: Class) -> Mode {
        let small = code < 0x80;
        if self.mode == Mode::Less {
            let tag = small && (kind == Class::Letter || matches!(code as u8, b'/' | b'!' | b'?'));
            return if tag { Mode::Tag(0) } else { Mode::Text };
        }
        match kind {
            _ if code == 0x24 => Mode::Formula(Formula::Dollars),
            Class::Space | Class::Blank | Class::Break | Class::Digit | Class::Stop => Mode::Text,
            _ => Mode::Formula(Formula::Dollar),
        }
    }

    fn start_name(&mut self) {
        self.tag = [0; 8];
        self.tag_length = 0;
        self.closing = false;
    }

    /// Takes a character of a tag as part of its name, as long as the name lasts.
    fn name(&mut self, code: u32, kind: Class) {
        if self.tag_length == 0 && code == u32::from(b'/') {
            self.closing = true;
        } else if kind == Class::Letter && code < 0x80 && self.tag_length < self.tag.len() {
            self.tag[self.tag_length] = (code as u8).to_ascii_lowercase();
            self.tag_length += 1;
        } else {
            // Behind the name, or a name that is none of those that count.
            if kind == Class::Letter && self.tag_length == self.tag.len() {
                self.tag[0] = b'-';
            }
            self.tag_length = 2 * self.tag.len();
        }
    }

    fn tag_ends(&self) -> Mode {
        let element = if self.closing || self.last == u32::from(b'/') { None } else { element(self.tag) };
        element.map_or(Mode::Text, Mode::Raw)
    }
}
