use super::class::class;
use super::detect::{self, detect};
use super::embed::{Embedder, Options, Profile, embed};
use super::fingerprint::fingerprint;
use super::lexer::Lexer;
use super::points::point;
use super::strip::strip;
use crate::keyed::{Key, Stream};

const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const OTHER: &str = "1f0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const PAYLOAD: &str = "9f2c5511aa03be77";

fn units(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}

fn options(profile: Profile) -> Options {
    Options { key: KEY.to_owned(), profile, payload: Some(PAYLOAD.to_owned()) }
}

fn evidence(text: &[u16], key: &str) -> detect::Evidence {
    detect(text, &detect::Options { keys: vec![key.to_owned()] }).unwrap().evidence.remove(0)
}

fn random(purpose: &str) -> Stream {
    Key::public().stream(purpose)
}

/// Sentences of random words: no context twice, as in prose.
fn english(words: usize, random: &mut Stream) -> String {
    let mut text = String::new();
    for at in 0..words {
        let length = 1 + random.below(9);
        let word: String = (0..length).map(|_| char::from(b'a' + random.below(26) as u8)).collect();
        text.push_str(&word);
        text.push_str(if at % 11 == 10 { ". " } else { " " });
    }
    text
}

fn chinese(characters: usize, random: &mut Stream) -> String {
    let mut text = String::new();
    for at in 0..characters {
        text.push(char::from_u32(0x4e00 + random.below(3_000)).unwrap());
        if at % 13 == 12 {
            text.push(if at % 3 == 0 { '。' } else { '，' });
        }
    }
    text
}

fn is_symbol(unit: u16) -> bool {
    matches!(unit, 0xfe03..=0xfe0a | 0x2061..=0x2064)
}

#[test]
fn marked_text_is_found_and_read_and_restored() {
    let mut random = random("round");
    for (text, letters) in [(chinese(900, &mut random), "zh"), (english(500, &mut random), "en")] {
        let text = units(&text);
        for profile in [Profile::Presence, Profile::Id] {
            let marked = embed(&text, &options(profile)).unwrap();
            let seen = evidence(&marked, KEY);
            assert!(seen.found && seen.p_value < 1e-20, "{letters} {profile:?} {seen:?}");
            assert_eq!(seen.profile, Some(profile));
            assert_eq!(seen.matches, seen.symbols);
            assert_eq!(
                seen.payload.as_deref(),
                (profile == Profile::Id).then_some(&PAYLOAD[..seen.bits.unwrap_or(0) as usize / 4])
            );
            let (spans, length) = (seen.spans(), marked.len());
            assert_eq!(spans.len(), 1, "{spans:?} of {length}");
            assert!(spans[0].start < 60 && spans[0].end + 60 > length, "{spans:?} of {length}");
            assert!(!evidence(&marked, OTHER).found && !evidence(&text, KEY).found);
            assert!(strip(&marked, &options(profile)).unwrap() == text, "{letters} {profile:?}");
        }
    }
}

#[test]
fn long_text_gives_all_64_bits() {
    let text = units(&chinese(3_000, &mut random("long")));
    let seen = evidence(&embed(&text, &options(Profile::Id)).unwrap(), KEY);
    assert_eq!((seen.payload.as_deref(), seen.bits), (Some(PAYLOAD), Some(64)));
}

/// Pieces that a lexer can stumble over, put together at random, with lone surrogates and our own alphabets among them.
fn anything(random: &mut Stream) -> Vec<u16> {
    const PIECES: [&str; 40] = [
        "the quick brown fox jumps over ",
        "中文文本里的一段话没有标点符号",
        "，",
        "。",
        "`code here`",
        "```\nlet x = 1;\n```\n",
        "https://例子.测试/?q=中文 ",
        "a@b.cn ",
        "13812345678",
        "| a | b |\n",
        "$x_1 + y$",
        "<b>粗体的字</b>",
        "e\u{301}tait ",
        "👨\u{200d}👩\u{200d}👧",
        "1\u{fe0f}\u{20e3}",
        "می\u{200c}روم ",
        "क\u{94d}\u{200d}ष ",
        "\r\n",
        "\n\n",
        "\n",
        "  ",
        " ",
        "\u{3000}",
        "中\u{fe03}文",
        "f\u{2061}(x)",
        "\u{2062}",
        "\u{fe0a}",
        "𠀀𠀁𠀂𠀃𠀄𠀅𠀆",
        "ひらがなとカタカナのテキスト",
        "한국어 문장은 띄어쓰기가 있습니다 ",
        "---\ntitle: x\n---\n",
        "[link](http://x.y/z z)",
        "<script>if (a < b) {}</script>",
        "<!-- 注释 -->",
        "    indented code\n",
        "~~~\nfence\n~~~\n",
        "Съешь же ещё этих мягких булок ",
        "word\u{2061} next \u{2063}",
        "\\(x^2\\)",
        "中\u{e0100}文",
    ];
    let mut text = Vec::new();
    for _ in 0..random.below(60) {
        match random.below(12) {
            0 => text.push(0xd800 + random.below(0x800) as u16),
            1 => text.push(random.below(0x10000) as u16),
            _ => text.extend(units(PIECES[random.below(40) as usize])),
        }
    }
    text
}

#[test]
fn every_string_is_restored_and_loses_nothing() {
    let mut random = random("fuzz");
    let mut marks = 0;
    for _ in 0..20_000 {
        let text = anything(&mut random);
        for profile in [Profile::Presence, Profile::Id] {
            let marked = embed(&text, &options(profile)).unwrap();
            marks += marked.len() - text.len();
            assert!(strip(&marked, &options(profile)).unwrap() == text, "{}", String::from_utf16_lossy(&text));
        }
    }
    assert!(marks > 100_000, "{marks}");
}

#[test]
fn pieces_give_what_the_whole_gives() {
    let mut random = random("pieces");
    for _ in 0..3_000 {
        let text = anything(&mut random);
        let whole = embed(&text, &options(Profile::Id)).unwrap();
        let mut embedder = Embedder::new(&options(Profile::Id)).unwrap();
        let (mut out, mut at) = (Vec::new(), 0);
        while at < text.len() {
            let end = (at + random.below(7) as usize).min(text.len());
            out.extend(embedder.push(&text[at..end]));
            at = end;
            let given = out.iter().filter(|unit| !is_symbol(**unit)).count();
            let taken = text[..at].iter().filter(|unit| !is_symbol(**unit)).count();
            // A space, and half a character.
            assert!(taken - given <= 2, "{taken} {given}");
        }
        out.extend(embedder.end());
        assert!(out == whole);
    }
}

#[test]
fn what_is_spoken_as_one_is_not_parted() {
    let text = "Most of the people who had been there say that it was the end of a long road to be taken in the morning light, \
                science and letters, with the help of many of their friends from the old town. "
        .repeat(40);
    for profile in [Profile::Presence, Profile::Id] {
        let marked = String::from_utf16(&embed(&units(&text), &options(profile)).unwrap()).unwrap();
        let behind: Vec<&str> = marked
            .match_indices(|one: char| is_symbol(u16::try_from(u32::from(one)).unwrap_or(0)))
            .map(|(at, _)| &marked[..at])
            .map(|before| before.rsplit(' ').next().unwrap_or(""))
            .collect();
        assert!(behind.len() > 100, "{}", behind.len());
        for word in ["of", "to", "in", "from", "with", "had", "that", "was", "who", "science", "and"] {
            // "of many" and "of their": the first of them may be parted.
            assert!(word == "of" || !behind.contains(&word), "{word}");
        }
        let bare: String = marked.chars().filter(|one| !is_symbol(u16::try_from(u32::from(*one)).unwrap_or(0))).collect();
        assert_eq!(bare, text);
        for symbol in marked.chars().filter(|one| is_symbol(u16::try_from(u32::from(*one)).unwrap_or(0))) {
            assert!(!marked.contains(&format!("of{symbol} the")) && !marked.contains(&format!("of{symbol} a ")));
        }
    }
    let loans = embed(&units(&"银行贷款管理".repeat(200)), &options(Profile::Presence)).unwrap();
    let pairs = loans.windows(2).filter(|pair| pair[0] == u16::try_from('贷' as u32).unwrap() && is_symbol(pair[1])).count();
    assert!(pairs == 0 && loans.len() > 1_300, "{pairs} {}", loans.len());
}

#[test]
fn a_state_goes_on_where_it_was() {
    use super::embed::{Step, step};
    let mut random = random("state");
    for _ in 0..200 {
        let text = anything(&mut random);
        let (mut out, mut state) = (Vec::new(), None);
        for (at, piece) in text.chunks(5).chain([&[] as &[u16]]).enumerate() {
            let end = at == text.len().div_ceil(5);
            let next = Step { key: KEY.to_owned(), profile: Profile::Id, payload: Some(PAYLOAD.to_owned()), state, end };
            let (ready, behind) = step(piece, &next).unwrap();
            out.extend(ready);
            state = Some(serde_json::from_str(&serde_json::to_string(&behind).unwrap()).unwrap());
        }
        assert!(out == embed(&text, &options(Profile::Id)).unwrap());
    }
}

#[test]
fn marks_stand_between_letters_only() {
    let long = "一段足够长的中文文本用来让下一个位置必须放上记号才行";
    let spaced = "some words that are long enough to make the next place due ";
    // Untouched pieces: whatever comes before them, no symbol is in them or at their edges.
    for piece in [
        "`代码里的中文不动它`",
        "```\n代码里的中文不动它\n```",
        "https://例子.测试/路径的中文不动它?q=中文不动它",
        "user@例子的域名不动它",
        "$公式里的中文不动它$",
        "<a title=属性里的中文不动它>",
        "[文](目标里的中文不动它)",
        "<code>代码里的中文不动它</code>",
        "<script>代码里的中文不动它</script>",
        "#话题标签的中文不动它",
        "| 表格里的中文不动它 | 二 |",
        "    缩进的代码中文不动它",
        "path/to/some/file_name here-is-a",
        "v1.2.3 x86 0x1f 3pm",
        "\\(公式里的中文不动它\\)",
        "$$公式里的中文不动它$$",
    ] {
        for before in [long, spaced] {
            let text = format!("{before}\n\n{piece}");
            let marked = embed(&units(&text), &options(Profile::Presence)).unwrap();
            let tail = units(piece);
            assert_eq!(marked[marked.len() - tail.len()..], tail, "{piece}");
            assert!(marked.len() > text.encode_utf16().count());
        }
    }
    let mut random = random("places");
    for _ in 0..2_000 {
        let text = anything(&mut random);
        if text.iter().any(|unit| is_symbol(*unit)) {
            continue;
        }
        let marked = embed(&text, &options(Profile::Presence)).unwrap();
        for at in (0..marked.len()).filter(|at| is_symbol(marked[*at])) {
            let (before, after) = (u32::from(marked[at - 1]), u32::from(marked[at + 1]));
            let letter = |unit: u32| char::from_u32(unit).is_none_or(|one| one.is_alphabetic());
            assert!(letter(before) && (after == 0x20 || letter(after)), "{before:x} {after:x}");
        }
    }
}

#[test]
fn a_fence_ends_and_marking_goes_on() {
    let prose = "这一段话在代码之后应该重新带上记号因为它是正文而且足够长。";
    for (block, more) in [
        ("```rust\nfn main() {}\n```\n", true),
        ("---\ntitle: 标题\n---\n", true),
        ("---\n\n", true),
        ("~~~\nx\n~~~\n", true),
        ("```\nx\n", false),
        ("<pre>x</pre>", true),
        ("$$x$$ ", true),
        ("价格是 $5 而已", true),
    ] {
        let text = format!("{block}{prose}");
        let marked = embed(&units(&text), &options(Profile::Presence)).unwrap();
        assert_eq!(marked.len() > units(&text).len(), more, "{block}");
    }
}

#[test]
fn what_is_never_ended_holds_up_few_marks() {
    let prose = chinese(1_500, &mut random("never ended"));
    let all = embed(&units(&prose), &options(Profile::Presence)).unwrap().len() - units(&prose).len();
    for start in ["``freedom\u{2019}\u{2019} ", "$US ", "\\( ", "` "] {
        let text = units(&format!("{start}{prose}"));
        let marks = embed(&text, &options(Profile::Presence)).unwrap().len() - text.len();
        assert!(marks > all / 2 && marks < all, "{start}: {marks} of {all}");
    }
}

#[test]
fn contractions_and_abbreviations_are_not_parted_from_what_follows() {
    let text =
        units(&"Those producers say broadly AWB's attempts help MPs everywhere; farmers didn't understand prices. ".repeat(60));
    let marked = String::from_utf16(&embed(&text, &options(Profile::Presence)).unwrap()).unwrap();
    for (at, _) in marked.match_indices(|one: char| is_symbol(u16::try_from(u32::from(one)).unwrap_or(0))) {
        let word = marked[..at].rsplit(' ').next().unwrap_or("");
        assert!(!["AWB's", "MPs", "didn't"].contains(&word), "{word}");
    }
    assert!(marked.chars().count() > text.len() + 60);
}

#[test]
fn either_alphabet_alone_and_edits_leave_enough() {
    let mut random = random("loss");
    let text = units(&chinese(1_400, &mut random));
    let marked = embed(&text, &options(Profile::Id)).unwrap();
    let without =
        |from: u16, to: u16| -> Vec<u16> { marked.iter().copied().filter(|unit| !(from..=to).contains(unit)).collect() };
    let only_a = evidence(&without(0x2061, 0x2064), KEY);
    assert!(only_a.found && only_a.payload.as_deref().is_some_and(|digits| PAYLOAD.starts_with(digits)), "{only_a:?}");
    let only_b = evidence(&without(0xfe03, 0xfe0a), KEY);
    assert!(only_b.found && only_b.payload.is_none(), "{only_b:?}");
    // A quarter of the symbols gone, every 40th character another one.
    let edited: Vec<u16> = marked
        .iter()
        .filter(|unit| !(is_symbol(**unit) && random.below(4) == 0))
        .enumerate()
        .map(|(at, unit)| if at % 40 == 0 && !is_symbol(*unit) { 0x7532 } else { *unit })
        .collect();
    let seen = evidence(&edited, KEY);
    assert!(seen.payload.as_deref().is_some_and(|digits| PAYLOAD.starts_with(digits)) && seen.matches < seen.symbols, "{seen:?}");
    // What is left after edits is taken out by what the key accounts for; the letters stay.
    let stripped = strip(&edited, &options(Profile::Id)).unwrap();
    let letters = |text: &[u16]| -> Vec<u16> { text.iter().copied().filter(|unit| !is_symbol(*unit)).collect() };
    assert!(letters(&stripped) == letters(&edited));
    assert!(stripped.len() - letters(&stripped).len() < (marked.len() - text.len()) / 3);
}

#[test]
fn marks_of_others_stay_and_are_not_ours() {
    let mut random = random("others");
    let text = units(&english(600, &mut random));
    let theirs = Options { key: OTHER.to_owned(), profile: Profile::Id, payload: Some("0011223344556677".to_owned()) };
    let marked = embed(&text, &theirs).unwrap();
    assert!(strip(&marked, &options(Profile::Id)).unwrap() == marked);
    let both = embed(&marked, &options(Profile::Id)).unwrap();
    assert!(evidence(&both, OTHER).found && evidence(&both, KEY).found);
    assert!(strip(&both, &options(Profile::Id)).unwrap() == marked);
    // Marks moved to other words.
    let elsewhere = units(&english(600, &mut random));
    let mut symbols = marked.iter().copied().filter(|unit| is_symbol(*unit));
    let moved: Vec<u16> =
        elsewhere.iter().flat_map(|unit| if *unit == 0x20 { symbols.next() } else { None }.into_iter().chain([*unit])).collect();
    assert!(!evidence(&moved, OTHER).found);
}

#[test]
fn symbols_at_random_are_as_rare_as_their_chance_says() {
    let mut random = random("null");
    let text = chinese(300, &mut random);
    let mut under = [0u32; 3];
    let runs = 600;
    for _ in 0..runs {
        let noisy: Vec<u16> = units(&text)
            .into_iter()
            .flat_map(|unit| {
                let symbol = match random.below(10) {
                    0 => Some(0xfe03 + random.below(8) as u16),
                    1 => Some(0x2061 + random.below(4) as u16),
                    _ => None,
                };
                symbol.into_iter().chain([unit])
            })
            .collect();
        let seen = evidence(&noisy, KEY);
        assert!(!seen.found);
        under.iter_mut().zip([0.3, 0.1, 0.01]).for_each(|(count, level)| *count += u32::from(seen.p_value <= level));
    }
    // The bound holds (three standard deviations allowed), and is not empty.
    for (count, level) in under.iter().zip([0.3, 0.1, 0.01f64]) {
        let most = level * f64::from(runs) + 3.0 * (level * f64::from(runs)).sqrt();
        assert!(f64::from(*count) <= most, "{under:?}");
    }
    assert!(under[0] > 20, "{under:?}");
}

#[test]
fn options_outside_their_range_are_refused() {
    let wrong = |key: &str, payload: Option<&str>| {
        embed(&[], &Options { key: key.to_owned(), profile: Profile::Id, payload: payload.map(str::to_owned) }).is_err()
    };
    assert!(wrong(KEY, None) && wrong(KEY, Some("12")) && wrong(KEY, Some("zz2c5511aa03be77")) && wrong("key", Some(PAYLOAD)));
    assert!(detect(&[], &detect::Options { keys: vec!["public".to_owned(); 1_001] }).is_err());
    assert_eq!(embed(&units("short"), &options(Profile::Id)).unwrap(), units("short"));
}

#[test]
fn fingerprints_of_like_texts_are_alike() {
    let mut random = random("fingerprint");
    for text in [chinese(1_500, &mut random), english(800, &mut random)] {
        let whole = fingerprint(&units(&text));
        assert_eq!(fingerprint(&embed(&units(&text), &options(Profile::Id)).unwrap()), whole);
        let near = |a: &super::fingerprint::Fingerprint| {
            let bits = |one: &str| u64::from_str_radix(one, 16).unwrap();
            let equal = a.minhash.iter().zip(&whole.minhash).filter(|(x, y)| x == y).count();
            ((bits(&a.simhash) ^ bits(&whole.simhash)).count_ones(), equal)
        };
        let cut: String = text.chars().take(text.chars().count() * 4 / 5).collect();
        let (distance, equal) = near(&fingerprint(&units(&cut)));
        assert!(distance <= 16 && equal >= 40, "{distance} {equal}");
        let (distance, equal) = near(&fingerprint(&units(&english(800, &mut random))));
        assert!(distance > 16 && equal <= 6, "{distance} {equal}");
    }
}

#[test]
fn words_at_once_are_read_as_letters_one_by_one() {
    let mut random = random("words");
    for _ in 0..2_000 {
        let mut text = anything(&mut random);
        text.extend(units("some words  of small letters ABBs and Names, "));
        let (mut one, mut many) = (Lexer::default(), Lexer::default());
        let mut at = 0;
        while let Some((code, length)) = point(&text, at) {
            let ahead = many.read_small(&text[at..], at);
            if ahead == 0 {
                many.read(code, class(code), at);
            }
            let next = at + ahead.max(length);
            while at < next {
                let Some((code, length)) = point(&text, at) else { break };
                one.read(code, class(code), at);
                at += length;
            }
            assert_eq!(format!("{one:?}"), format!("{many:?}"), "{}", String::from_utf16_lossy(&text[..at]));
        }
    }
}
