//! Places where a mark would change how a text is spoken: between words that a voice speaks as one, and where it decides on a
//! pause or on the kind of the next word. Found by measurement with espeak-ng 1.51, one mark at a time on the odd paragraphs of
//! English and Chinese texts (bench/phonemes.py), then by kind on whole marked texts of other sources (bench/speech.mjs).

/// Small letters of a word, the last in the lowest byte: its last eight, by which the longer words of the lists are known too.
pub type Spelled = u64;

/// The word with one more letter. Letters that are not ASCII are none of a listed word.
#[inline]
pub fn spell(word: Spelled, code: u32) -> Spelled {
    word << 8 | if code < 0x80 { u64::from(code) | 0x20 } else { 0xff }
}

const fn spelled(word: &str) -> Spelled {
    let bytes = word.as_bytes();
    let (mut out, mut at) = (0, 0);
    while at < bytes.len() {
        out = out << 8 | bytes[at] as u64;
        at += 1;
    }
    out
}

const fn all<const N: usize>(words: [&str; N]) -> [Spelled; N] {
    let mut out = [0; N];
    let mut at = 0;
    while at < N {
        out[at] = spelled(words[at]);
        at += 1;
    }
    out
}

/// Words that begin a clause: a voice pauses before them by how many words came since it paused, and reads what comes behind
/// them as a beginning.
const CONJUNCTIONS: [Spelled; 36] = all([
    "and", "but", "or", "because", "if", "who", "which", "since", "where", "while", "when", "whom", "whose", "though", "that",
    "than", "so", "as", "nor", "like", "unless", "until", "although", "before", "after", "once", "whether", "thus", "despite",
    "instead", "whilst", "whenever", "whatever", "within", "hence", "whos",
]);

/// First letters of the words before which a voice pauses by how far its last pause is: those above, "each of", "from which",
/// "instead", "regardless", "such as".
const PAUSES: &[u8] = b"abdefinorstw";

/// Words behind which a verb is read as a verb: particles, pronouns, auxiliaries, and the adverbs that stand between.
const BEFORE_VERBS: [Spelled; 37] = all([
    "to", "not", "will", "would", "shall", "should", "can", "cannot", "could", "must", "may", "might", "do", "does", "did", "i",
    "you", "we", "they", "he", "she", "it", "let", "ought", "used", "please", "only", "still", "never", "always", "also", "just",
    "ever", "now", "already", "then", "yet",
]);

/// Words behind which a noun is read as a noun: possessives, and determiners that are not on every line.
const BEFORE_NOUNS: [Spelled; 15] =
    all(["my", "your", "his", "her", "its", "our", "their", "whose", "any", "some", "many", "another", "every", "each", "no"]);
/// First letters of the words that a voice stresses otherwise as nouns (digest, intern, produce, refuse, upset ...).
const NOUNS: &[u8] = b"abcdeilpruw";

/// Words behind which a participle is read as one: forms of be, have, get.
const BEFORE_PARTICIPLES: [Spelled; 14] =
    all(["be", "been", "being", "is", "are", "was", "were", "have", "has", "had", "having", "get", "getting", "got"]);
/// First letters of those that sound otherwise (content, read, wound ...), and of what is spoken with such a word as one.
const PARTICIPLES: &[u8] = b"abcdnrtw";

/// Words that are spoken together with some that begin with these letters.
const WITH: [(Spelled, &[u8]); 63] = [
    (spelled("of"), b"atuw"),
    (spelled("in"), b"atw"),
    (spelled("for"), b"aiost"),
    (spelled("with"), b"aotsw"),
    (spelled("was"), b"abt"),
    (spelled("by"), b"w"),
    (spelled("on"), b"atw"),
    (spelled("this"), b"op"),
    (spelled("have"), b"abint"),
    (spelled("at"), b"aiouw"),
    (spelled("from"), b"tw"),
    (spelled("an"), b"eiu"),
    (spelled("had"), b"abiost"),
    (spelled("has"), b"abn"),
    (spelled("all"), b"bo"),
    (spelled("one"), b"owi"),
    (spelled("more"), b"ao"),
    (spelled("there"), b"abwi"),
    (spelled("no"), b"lmo"),
    (spelled("some"), b"o"),
    (spelled("such"), b"a"),
    (spelled("out"), b"o"),
    (spelled("most"), b"o"),
    (spelled("many"), b"o"),
    (spelled("each"), b"o"),
    (spelled("even"), b"bi"),
    (spelled("too"), b"fm"),
    (spelled("per"), b"cs"),
    (spelled("live"), b"i"),
    (spelled("wind"), b"du"),
    (spelled("winds"), b"du"),
    (spelled("wound"), b"du"),
    (spelled("lean"), b"t"),
    (spelled("wont"), b"hlu"),
    (spelled("cant"), b"hlu"),
    (spelled("couldnt"), b"h"),
    (spelled("wouldnt"), b"h"),
    (spelled("five"), b"o"),
    (spelled("the"), b"dpruw"),
    (spelled("a"), b"lpruvw"),
    (spelled("ive"), b"h"),
    (spelled("been"), b"t"),
    (spelled("far"), b"m"),
    (spelled("few"), b"m"),
    (spelled("van"), b"d"),
    (spelled("vis"), b"a"),
    (spelled("cum"), b"l"),
    (spelled("faux"), b"p"),
    (spelled("la"), b"v"),
    (spelled("absolutely"), b"p"),
    (spelled("perfectly"), b"c"),
    (spelled("da"), b"v"),
    (spelled("en"), b"mr"),
    (spelled("je"), b"n"),
    (spelled("ne"), b"s"),
    (spelled("wall"), b"s"),
    (spelled("here"), b"a"),
    (spelled("wear"), b"a"),
    (spelled("tear"), b"a"),
    (spelled("close"), b"t"),
    (spelled("regardless"), b"o"),
    (spelled("better"), b"r"),
    (spelled("santa"), b"c"),
];

/// Whether a voice speaks differently if the word and the one that begins with `next` are parted. `first`: no word of the clause
/// stands before it, so that the voice counts from here to its next pause.
pub fn joined(word: Spelled, first: bool, next: u32) -> bool {
    let Some(next) = u8::try_from(next).ok().map(|code| code | 0x20) else { return false };
    (first && PAUSES.contains(&next))
        || CONJUNCTIONS.contains(&word)
        || BEFORE_VERBS.contains(&word)
        || (NOUNS.contains(&next) && BEFORE_NOUNS.contains(&word))
        || (PARTICIPLES.contains(&next) && BEFORE_PARTICIPLES.contains(&word))
        || WITH.iter().any(|(one, letters)| *one == word && letters.contains(&next))
}

/// Whether a clause goes on behind this word as if it began there.
#[inline]
pub fn is_conjunction(word: Spelled) -> bool {
    CONJUNCTIONS.contains(&word)
}

/// Whether two ideographs belong to a word that is spoken otherwise than they are one by one.
pub fn paired(before: u32, after: u32) -> bool {
    PAIRS.binary_search_by_key(&(before, after), |pair| (u32::from(pair.0), u32::from(pair.1))).is_ok()
}

#[rustfmt::skip]
const PAIRS: [(char, char); 249] = [
    ('为', '平'), ('乍', '浦'), ('事', '长'), ('京', '广'), ('京', '都'), ('伎', '俩'),
    ('伦', '理'), ('伽', '马'), ('侄', '儿'), ('侄', '女'), ('侗', '族'), ('俏', '皮'),
    ('倔', '强'), ('傢', '伙'), ('僧', '侣'), ('兆', '头'), ('克', '孜'), ('兰', '西'),
    ('冥', '想'), ('凌', '晨'), ('刘', '少'), ('刘', '海'), ('删', '减'), ('劫', '难'),
    ('匕', '首'), ('匿', '迹'), ('卓', '著'), ('卢', '卡'), ('哈', '迈'), ('哗', '啦'),
    ('哩', '哗'), ('唏', '哩'), ('唐', '海'), ('唢', '呐'), ('喀', '什'), ('喧', '哗'),
    ('喧', '嚣'), ('喳', '喳'), ('嘉', '兴'), ('嘉', '奖'), ('嘉', '許'), ('嘎', '吱'),
    ('嘎', '嘎'), ('垣', '曲'), ('夯', '土'), ('夷', '为'), ('奢', '侈'), ('奥', '马'),
    ('奥', '黛'), ('姥', '姥'), ('娄', '底'), ('婉', '转'), ('媒', '体'), ('媲', '美'),
    ('孕', '产'), ('孝', '感'), ('孟', '子'), ('少', '奇'), ('尔', '克'), ('尼', '泊'),
    ('尼', '玛'), ('尼', '采'), ('屡', '屡'), ('屢', '屢'), ('岳', '母'), ('崛', '起'),
    ('川', '藏'), ('川', '西'), ('布', '泊'), ('平', '地'), ('幽', '雅'), ('庆', '林'),
    ('廊', '坊'), ('彰', '显'), ('彷', '徨'), ('忏', '悔'), ('怂', '恿'), ('恪', '守'),
    ('恭', '喜'), ('恭', '维'), ('息', '地'), ('惠', '普'), ('憨', '厚'), ('戈', '尔'),
    ('戍', '守'), ('拓', '展'), ('拓', '扑'), ('拗', '口'), ('拮', '据'), ('挪', '动'),
    ('揉', '造'), ('撰', '写'), ('攫', '取'), ('斑', '点'), ('斑', '马'), ('昌', '都'),
    ('昙', '花'), ('晏', '子'), ('曼', '谷'), ('札', '幌'), ('枯', '燥'), ('枷', '锁'),
    ('枸', '杞'), ('栅', '栏'), ('栖', '息'), ('栩', '栩'), ('桂', '冠'), ('桐', '柏'),
    ('棘', '手'), ('椰', '枣'), ('橄', '榄'), ('汕', '尾'), ('汲', '取'), ('沧', '海'),
    ('沼', '泽'), ('泊', '尔'), ('泗', '水'), ('泰', '斗'), ('泽', '地'), ('洛', '美'),
    ('洱', '海'), ('洲', '坝'), ('浏', '览'), ('浴', '场'), ('涵', '养'), ('淋', '浴'),
    ('淑', '女'), ('淮', '北'), ('渤', '海'), ('渭', '水'), ('渲', '染'), ('湮', '没'),
    ('湮', '灭'), ('溢', '水'), ('溺', '爱'), ('潇', '洒'), ('潍', '坊'), ('潦', '倒'),
    ('澄', '清'), ('烽', '火'), ('焚', '毁'), ('熨', '斗'), ('爵', '士'), ('牟', '取'),
    ('牟', '平'), ('犄', '角'), ('玄', '武'), ('率', '直'), ('玫', '瑰'), ('琉', '璃'),
    ('琵', '琶'), ('瑞', '典'), ('瑞', '雪'), ('瑰', '宝'), ('甥', '女'), ('痴', '呆'),
    ('皓', '齿'), ('眷', '属'), ('瞳', '孔'), ('矫', '情'), ('矫', '揉'), ('矫', '正'),
    ('祈', '祷'), ('禾', '场'), ('秦', '岭'), ('窒', '息'), ('筹', '款'), ('筹', '码'),
    ('篝', '火'), ('篡', '改'), ('粤', '语'), ('糯', '米'), ('絮', '叨'), ('绊', '脚'),
    ('缉', '拿'), ('缉', '私'), ('罗', '以'), ('罗', '嗦'), ('罗', '布'), ('罗', '马'),
    ('罹', '难'), ('羞', '辱'), ('耶', '鲁'), ('耿', '耿'), ('聘', '请'), ('肮', '脏'),
    ('臃', '肿'), ('艾', '哈'), ('芍', '药'), ('芭', '蕾'), ('花', '一'), ('茉', '莉'),
    ('莲', '子'), ('葛', '洲'), ('董', '事'), ('蔓', '延'), ('蔚', '为'), ('薏', '米'),
    ('虹', '桥'), ('蛮', '干'), ('蛮', '横'), ('裨', '益'), ('觅', '得'), ('讚', '美'),
    ('诃', '夫'), ('谜', '底'), ('谜', '语'), ('谱', '写'), ('贷', '款'), ('贾', '庆'),
    ('赃', '款'), ('赋', '予'), ('赐', '给'), ('赝', '品'), ('赠', '给'), ('赢', '得'),
    ('赫', '尔'), ('赫', '本'), ('赫', '马'), ('辗', '转'), ('迂', '腐'), ('迈', '德'),
    ('逆', '反'), ('逆', '差'), ('逆', '旅'), ('逆', '转'), ('遏', '止'), ('遐', '迩'),
    ('遴', '选'), ('邋', '遢'), ('酋', '长'), ('酗', '酒'), ('闵', '行'), ('陕', '北'),
    ('陕', '西'), ('雅', '典'), ('雅', '温'), ('雅', '致'), ('雍', '正'), ('霓', '虹'),
    ('骚', '扰'), ('魍', '魉'), ('鲁', '莽'), ('鸳', '鸯'), ('鸵', '鸟'), ('黔', '西'),
    ('黛', '丽'), ('鼎', '鼎'), ('鼹', '鼠'),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn read(word: &str) -> Spelled {
        word.chars().fold(0, |word, letter| spell(word, letter as u32))
    }

    #[test]
    fn phrases_are_known_and_other_words_are_not() {
        for (word, next) in [
            ("of", 't'),
            ("Of", 'T'),
            ("has", 'b'),
            ("to", 'x'),
            ("per", 'c'),
            ("couldnt", 'h'),
            ("regardless", 'o'),
            ("already", 'r'),
        ] {
            assert!(joined(read(word), false, next as u32), "{word} {next}");
        }
        for (word, next) in
            [("of", 'm'), ("soft", 't'), ("house", 't'), ("öf", 't'), ("thereof", 't'), ("the", 't'), ("of", '中')]
        {
            assert!(!joined(read(word), false, next as u32), "{word} {next}");
        }
        assert!(joined(read("Science"), true, 'a' as u32) && !joined(read("Science"), false, 'a' as u32));
        assert!(is_conjunction(read("because")) && !is_conjunction(read("cause")));
    }

    #[test]
    fn pairs_stand_in_order() {
        assert!(PAIRS.is_sorted());
        assert!(paired('贷' as u32, '款' as u32) && !paired('款' as u32, '贷' as u32) && !paired('中' as u32, '文' as u32));
    }
}
