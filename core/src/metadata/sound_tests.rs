//! What is special about MP3, AAC, FLAC and Ogg: versions of tags, pages that are numbered anew, chains, codecs that are not read.

use super::aigc::tests::record;
use super::write::Options;
use super::{read, write};
use crate::error::Code;
use crate::media::samples::{behind, comments, flac, id3, id3_frame, mp3, ogg, ogg_page};
use crate::media::{self, source::join};

fn options() -> Options {
    Options { aigc: Some(record()), replace: true, ..Options::default() }
}

fn coded(bytes: &[u8]) -> Vec<u8> {
    let walk = (media::kind(&bytes).unwrap().walk)(&bytes).unwrap();
    walk.coded.iter().flat_map(|range| bytes[range.start as usize..range.end as usize].to_vec()).collect()
}

fn places(bytes: &[u8]) -> Vec<String> {
    read::read(bytes).unwrap().sites.into_iter().map(|site| site.location).collect()
}

fn unsynchronised(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().flat_map(|&byte| if byte == 0xFF { vec![0xFF, 0] } else { vec![byte] }).collect()
}

#[test]
fn labels_in_every_version_of_id3_are_found_replaced_and_where_the_report_says() {
    let json = format!("{{\"Label\":\"1\",\"ContentProducer\":\"{}\"}}", record().content_producer);
    let json = json.as_str();
    let wide = |text: &str| -> Vec<u8> {
        [vec![0xFF, 0xFE], text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>()].concat()
    };
    let utf16 = [&[1][..], &wide("AIGC"), &[0, 0], &wide(json)].concat();
    let plain = [b"\0AIGC\0", json.as_bytes()].concat();
    let comment = [b"\x03eng\0{\"AIGC\":", json.as_bytes(), b"}"].concat();
    let packed = miniz_oxide::deflate::compress_to_vec_zlib(&plain, 6);
    let packed = [&(plain.len() as u32).to_be_bytes()[..], &packed].concat();
    let old = [&b"TXX\0\0"[..], &[plain.len() as u8], &plain].concat();
    // A frame of 200 bytes whose size was written with eight bits a byte.
    let long = [b"TXXX\0\0\0\xC8\0\0\x03AIGC\0", json.as_bytes(), " ".repeat(200 - 6 - json.len()).as_bytes()].concat();
    let cases = [
        ("2.2", id3(2, 0, &old)),
        ("2.3, UTF-16", id3(3, 0, &id3_frame(b"TXXX", 0, &utf16))),
        ("2.3, unsynchronised", id3(3, 0x80, &unsynchronised(&id3_frame(b"TXXX", 0, &utf16)))),
        ("2.3, compressed", id3(3, 0, &id3_frame(b"TXXX", 0x80, &packed))),
        ("2.4", id3(4, 0, &id3_frame(b"TXXX", 0, &plain))),
        ("2.4, compressed", id3(4, 0, &id3_frame(b"TXXX", 9, &packed))),
        ("2.4, a frame unsynchronised", id3(4, 0, &id3_frame(b"TXXX", 2, &unsynchronised(&utf16)))),
        ("2.4, comment", id3(4, 0x10, &id3_frame(b"COMM", 0, &comment))),
        ("2.4, wrong sizes", id3(4, 0, &[&long[..], &id3_frame(b"TIT2", 0, b"\x03kept")].concat())),
        ("second tag", [id3(4, 0, &id3_frame(b"TIT2", 0, b"\x03kept")), id3(3, 0, &id3_frame(b"TXXX", 0, &plain))].concat()),
    ];
    for (name, tag) in cases {
        let bytes = [tag, mp3(), behind()].concat();
        let sites = read::read(&bytes).unwrap().sites;
        assert_eq!(sites.len(), 1, "{name}");
        assert!(sites[0].raw.contains("\"Label\":\"1\""), "{name}: {}", sites[0].raw);
        let marked = write::write(&bytes, &options()).unwrap();
        let report = read::read(&marked).unwrap();
        assert_eq!((report.sites.len(), report.sites[0].raw.clone()), (1, record().to_json()), "{name}");
        assert!(marked[report.sites[0].offset..].starts_with(record().to_json().as_bytes()), "{name}");
        assert_eq!(coded(&marked), mp3(), "{name}");
        assert!(marked.ends_with(&behind()), "{name}");
        assert_eq!(bytes.windows(4).any(|window| window == b"kept"), marked.windows(4).any(|window| window == b"kept"), "{name}");
    }
}

#[test]
fn a_label_beyond_ascii_goes_into_every_version() {
    let mut one = record();
    one.content_producer = "\u{793A}\u{4F8B}".into();
    one.content_propagator = one.content_producer.clone();
    for tag in [id3(2, 0x80, b""), id3(3, 0, b""), id3(3, 0x80, b""), id3(4, 0x80, b"")] {
        let marked = write::write(&[tag, mp3()].concat(), &Options { aigc: Some(one.clone()), ..options() }).unwrap();
        let sites = read::read(&marked).unwrap().sites;
        assert_eq!((sites.len(), sites[0].raw.clone()), (1, one.to_json()));
        let wide: Vec<u8> = one.to_json().encode_utf16().flat_map(u16::to_le_bytes).collect();
        let there = &marked[sites[0].offset..];
        assert!(there.starts_with(one.to_json().as_bytes()) || there[2..].starts_with(&wide));
    }
}

#[test]
fn a_tag_without_a_label_is_written_back_as_it_was() {
    let tag = id3(3, 0x80, &unsynchronised(&id3_frame(b"TIT2", 0, b"\x01\xFF\xFEk\0e\0p\0t\0")));
    let bytes = [tag, mp3(), behind()].concat();
    let source = bytes.as_slice();
    let kind = media::kind(&source).unwrap();
    let splices = (kind.write)(&source, &(kind.walk)(&source).unwrap(), &media::Label::default(), &[]).unwrap();
    assert_eq!(join(&source, &splices).unwrap(), bytes);
}

#[test]
fn a_label_in_an_ape_tag_is_found_and_moves() {
    let item = |key: &str, value: &str| {
        [&(value.len() as u32).to_le_bytes()[..], &[0; 4], key.as_bytes(), &[0], value.as_bytes()].concat()
    };
    let tag = |items: &[Vec<u8>], header: bool| {
        let body = items.concat();
        let numbers = [2000, body.len() as u32 + 32, items.len() as u32].map(u32::to_le_bytes).concat();
        let frame = |flags: u8| [b"APETAGEX", &numbers[..], &[0, 0, 0, flags], &[0; 8]].concat();
        if header { [frame(0xA0), body, frame(0x80)].concat() } else { [body, frame(0)].concat() }
    };
    let (mood, json) = (item("Mood", "kept"), record().to_json());
    for header in [false, true] {
        for label in [item("AIGC", &json), item("Comment", &format!("{{\"AIGC\":{json}}}"))] {
            let bytes = [mp3(), tag(&[label, mood.clone()], header)].concat();
            assert!(read::read(&bytes).unwrap().sites[0].problems.iter().any(|problem| problem.rule == "M13"));
            let marked = write::write(&bytes, &options()).unwrap();
            assert_eq!(places(&marked), ["ID3v2 TXXX AIGC"]);
            assert!(marked.ends_with(&[mp3(), tag(std::slice::from_ref(&mood), header)].concat()));
        }
    }
}

#[test]
fn the_texts_of_id3v1_come_along_into_a_new_tag() {
    let old =
        [&b"TAG"[..], b"title", &[0; 25], b"artist", &[b' '; 24], &[0; 30], b"2026", b"remark", &[0; 23], &[7, 17]].concat();
    let marked = write::write(&[mp3(), old.clone()].concat(), &options()).unwrap();
    assert!(marked.ends_with(&[mp3(), old].concat()));
    let walk = (media::kind(&marked.as_slice()).unwrap().walk)(&marked.as_slice()).unwrap();
    let texts: Vec<(&str, &str)> = walk.texts.iter().map(|text| (text.key.as_str(), text.value.as_str())).collect();
    let json = record().to_json();
    let all = [
        ("TIT2", "title"),
        ("TPE1", "artist"),
        ("TDRC", "2026"),
        ("COMM", "remark"),
        ("TRCK", "7"),
        ("TCON", "17"),
        ("AIGC", &json),
    ];
    assert_eq!(texts, all);
}

/// Every page of a file: flags, time, serial number, sequence number, body; the checksums are right.
fn pages(mut bytes: &[u8]) -> Vec<(u8, u64, u32, u32, Vec<u8>)> {
    let mut pages = Vec::new();
    while !bytes.is_empty() {
        let number = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
        let lacing = bytes[27..27 + usize::from(bytes[26])].to_vec();
        let (start, length) = (27 + lacing.len(), lacing.iter().map(|&lace| usize::from(lace)).sum::<usize>());
        let body = &bytes[start..start + length];
        let time = u64::from_le_bytes(bytes[6..14].try_into().unwrap());
        assert_eq!(ogg_page(bytes[5], time, number(14), number(18), &lacing, body), &bytes[..start + length]);
        pages.push((bytes[5], time, number(14), number(18), body.to_vec()));
        bytes = &bytes[start + length..];
    }
    pages
}

#[test]
fn pages_are_numbered_anew_only_where_the_label_does_not_fit() {
    // Comments that fill a page but for a few bytes, and room in the second of two.
    for (length, parts, grown) in [(64_000, 1, 1), (64_000, 2, 0), (100_000, 2, 0)] {
        let full = format!("x={}", "y".repeat(length));
        let old: Vec<Vec<u8>> = [ogg(false, 7, &[&full], parts), ogg(true, 9, &["a=b"], 1)].concat();
        let marked = write::write(&old.concat(), &options()).unwrap();
        let (before, after) = (pages(&old.concat()), pages(&marked));
        assert_eq!(after.len(), before.len() + grown);
        let own: Vec<u32> = after.iter().filter(|page| page.2 == 7).map(|page| page.3).collect();
        assert_eq!(own, (0..own.len() as u32).collect::<Vec<_>>());
        // Samples, and the whole next link, as they were.
        assert_eq!(coded(&marked), coded(&old.concat()));
        assert!(marked.ends_with(&old[old.len() - 4..].concat()));
        assert_eq!(places(&marked), ["Vorbis comment AIGC"]);
        let own: Vec<(u8, u64)> = after.iter().filter(|page| page.2 == 7).map(|page| (page.0, page.1)).collect();
        let time = if length > 65_025 { u64::MAX } else { 0 };
        assert_eq!(own, [(2, 0), (0, time), (1, 0), (0, 0), (4, 960)]);
    }
}

#[test]
fn pages_of_other_streams_between_headers_stay() {
    let (a, b) = (ogg(true, 7, &["a=b"], 2), ogg(true, 8, &["c=d"], 2));
    let mixed: Vec<u8> = a.iter().zip(&b).flat_map(|(a, b)| [a.clone(), b.clone()]).flatten().collect();
    let marked = write::write(&mixed, &options()).unwrap();
    let of = |bytes: &[u8], serial: u32| pages(bytes).into_iter().filter(|page| page.2 == serial).collect::<Vec<_>>();
    assert_eq!(of(&marked, 8), of(&mixed, 8));
    assert_eq!(pages(&marked).iter().map(|page| page.2).collect::<Vec<_>>(), [7, 8].repeat(a.len()));
    assert_eq!(coded(&marked), coded(&mixed));
}

#[test]
fn a_label_in_a_later_link_is_found_and_moves() {
    let json = format!("AIGC={}", record().to_json());
    let bytes = [ogg(false, 7, &["a=b"], 1), ogg(true, 7, &[&json, "c=d"], 1)].concat().concat();
    let report = read::read(&bytes).unwrap();
    assert!(report.sites[0].problems.iter().any(|problem| problem.rule == "M13"));
    let marked = write::write(&bytes, &options()).unwrap();
    assert_eq!(places(&marked), ["Vorbis comment AIGC"]);
    assert_eq!(coded(&marked), coded(&bytes));
}

#[test]
fn what_is_not_read_says_so() {
    for first in [&b"\x7FFLAC\x01\0"[..], b"Speex   1.2", b"\x80theora\x03", b"something"] {
        let bytes = ogg_page(2, 0, 7, 0, &[first.len() as u8], first);
        assert_eq!(read::read(&bytes).unwrap_err().code, Code::Unsupported);
    }
    let mut torn = ogg(false, 7, &[], 1).concat();
    torn[22] ^= 1;
    assert_eq!(read::read(&torn).unwrap_err().code, Code::Broken);
    // Behind a tag: nothing, and FLAC that ends early.
    assert_eq!(read::read(&[id3(4, 0, b""), b"nothing".to_vec()].concat()).unwrap_err().code, Code::Broken);
    assert_eq!(read::read(&[id3(4, 0, b""), b"fLaC".to_vec()].concat()).unwrap_err().code, Code::Broken);
}

#[test]
fn counts_and_sizes_are_bounded() {
    // A million comments in a few bytes, and more than are taken.
    let many = [&0u32.to_le_bytes()[..], &1_000_000u32.to_le_bytes()].concat();
    assert_eq!(read::read(&flac(&[(4, &many)])).unwrap_err().code, Code::Broken);
    let tags = id3(4, 0, b"").repeat(100);
    assert_eq!(read::read(&[tags, mp3()].concat()).unwrap_err().code, Code::Limit);
    let blocks: Vec<(u8, &[u8])> = vec![(1, &[]); 5000];
    assert_eq!(read::read(&flac(&blocks)).unwrap_err().code, Code::Limit);
    // A block that is full.
    let text = format!("x={}", "y".repeat((1 << 24) - 40));
    let list = comments(&[&text]);
    let mut bytes = flac(&[]);
    bytes[4] = 0;
    let head = [&[0x84][..], &(list.len() as u32).to_be_bytes()[1..], &list].concat();
    bytes.splice(42..42, head);
    assert_eq!(write::write(&bytes, &options()).unwrap_err().code, Code::Limit);
    assert_eq!(places(&bytes), [] as [&str; 0]);
}
