//! Every kind of the media table: write, read, keep, replace, refuse, and survive what is broken.

use super::aigc::tests::record;
use super::write::Options;
use super::{read, write};
use crate::error::Code;
use crate::media::kind::{Label, Walk};
use crate::media::source::{Source, Splice, Spliced};
use crate::media::{self, samples};
use std::borrow::Cow;

const SOURCE: &str = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia";

fn options() -> Options {
    Options { aigc: Some(record()), digital_source_type: Some(SOURCE.into()), ..Options::default() }
}

fn walk(bytes: &[u8]) -> Walk {
    (media::kind(&bytes).unwrap().walk)(&bytes).unwrap()
}

fn coded(bytes: &[u8]) -> Vec<u8> {
    walk(bytes).coded.iter().flat_map(|range| bytes[range.start as usize..range.end as usize].to_vec()).collect()
}

/// What is written of a source type: FLAC, Ogg and ID3v2.2 have no place for it.
fn sourced(name: &str) -> Option<&'static str> {
    let none = ["flac", "ogg", "mp3, ID3v2.2"].iter().any(|kind| name.starts_with(kind));
    (!none).then_some(SOURCE)
}

#[test]
fn every_kind_takes_exactly_one_label_and_keeps_its_samples() {
    for (name, bytes) in samples::all() {
        assert!(read::read(&bytes).unwrap().sites.is_empty(), "{name}");
        let marked = write::write(&bytes, &options()).unwrap();
        let report = read::read(&marked).unwrap();
        assert_eq!(report.sites.len(), 1, "{name}");
        assert_eq!(report.sites[0].problem, None, "{name}");
        assert_eq!(report.sites[0].raw, record().to_json(), "{name}");
        assert_eq!(report.digital_source_type.as_deref(), sourced(name), "{name}");
        assert!(!coded(&bytes).is_empty() || name == "svg, empty", "{name}");
        assert_eq!(coded(&marked), coded(&bytes), "{name}");
        // What was a text before still is one.
        for text in walk(&bytes).texts.iter().filter(|text| text.key != "xmp") {
            let kept = walk(&marked).texts;
            assert!(kept.iter().any(|one| (&one.key, &one.value) == (&text.key, &text.value)), "{name}: {text:?}");
        }
    }
}

#[test]
fn a_label_of_ones_own_is_replaced_and_anothers_never() {
    for (name, bytes) in samples::all() {
        let marked = write::write(&bytes, &options()).unwrap();
        assert_eq!(write::write(&marked, &options()).unwrap_err().code, Code::Conflict, "{name}");
        let mut other = record();
        other.content_producer = "another".into();
        other.content_propagator = "another".into();
        let wanted = Options { aigc: Some(other), replace: true, ..options() };
        assert_eq!(write::write(&marked, &wanted).unwrap_err().code, Code::Conflict, "{name}");
        // A shorter and a longer one.
        for id in ["x".to_owned(), "y".repeat(900)] {
            let mut changed = record();
            changed.produce_id = id.clone();
            changed.propagate_id = id;
            let wanted = Options { aigc: Some(changed.clone()), replace: true, ..options() };
            let again = write::write(&marked, &wanted).unwrap();
            let report = read::read(&again).unwrap();
            assert_eq!(report.sites.len(), 1, "{name}");
            assert_eq!((report.sites[0].raw.clone(), report.sites[0].problem.clone()), (changed.to_json(), None), "{name}");
            assert_eq!(coded(&again), coded(&bytes), "{name}");
            let old = record().to_json();
            assert!(!again.windows(old.len()).any(|window| window == old.as_bytes()), "{name}: the old label is still there");
        }
    }
}

#[test]
fn a_source_type_alone_is_written_beside_a_label_that_stays() {
    for (name, bytes) in samples::all() {
        let labelled = write::write(&bytes, &Options { digital_source_type: None, ..options() }).unwrap();
        let both = write::write(&labelled, &Options { aigc: None, ..options() }).unwrap();
        let report = read::read(&both).unwrap();
        assert_eq!((report.sites.len(), report.digital_source_type.as_deref()), (1, sourced(name)), "{name}");
        assert_eq!(report.sites[0].raw, record().to_json(), "{name}");
        assert_eq!(coded(&both), coded(&bytes), "{name}");
    }
}

#[test]
fn samples_are_found_where_the_tables_say_after_writing() {
    for (name, bytes) in samples::all().into_iter().filter(|(name, _)| name.starts_with("film")) {
        let marked = write::write(&bytes, &options()).unwrap();
        let at = marked.windows(4).position(|window| window == b"stco").unwrap() + 12;
        let offset = u32::from_be_bytes(marked[at..at + 4].try_into().unwrap()) as usize;
        assert_eq!(&marked[offset..offset + 64], samples::FILM, "{name}");
    }
    let roomy = samples::mp4(true, &[], 4096);
    assert_eq!(write::write(&roomy, &options()).unwrap().len(), roomy.len(), "free space takes the label");
}

/// Where a run of bytes starts, from a place on.
fn find(bytes: &[u8], what: &[u8], from: usize) -> usize {
    from + bytes[from..].windows(what.len()).position(|window| window == what).unwrap()
}

#[test]
fn positions_in_matroska_stay_right() {
    for free in [0, 40, 4096] {
        let bytes = samples::matroska(false, free);
        let marked = write::write(&bytes, &options()).unwrap();
        let segment = find(&marked, &[0x18, 0x53, 0x80, 0x67], 0) + 12;
        let length = u64::from_be_bytes(marked[segment - 8..segment].try_into().unwrap()) & ((1 << 56) - 1);
        assert_eq!(segment as u64 + length, marked.len() as u64, "the Segment ends with the file");
        let list = find(&marked, &[0x11, 0x4D, 0x9B, 0x74], 0);
        // Every entry of the list of places, and that of the index: what stands there is what they say.
        let mut seen = Vec::new();
        let mut at = list;
        while let Some(next) = marked[at..segment + 200].windows(2).position(|window| window == [0x53, 0xAB]) {
            at += next + 2;
            let wide = if marked[at] == 0x84 { 1 } else { 8 };
            let id = marked[at + wide..at + wide + 4].to_vec();
            let place = at + wide + 4 + 2;
            let size = if marked[place] == 1 { 8 } else { 1 };
            let count = usize::from(marked[place + size - 1] & 0x7F);
            let value = marked[place + size..place + size + count].iter().fold(0, |value, &byte| value << 8 | usize::from(byte));
            assert_eq!(marked[segment + value..segment + value + 4], id, "free {free}");
            seen.push(id);
        }
        assert!(seen.contains(&vec![0x1C, 0x53, 0xBB, 0x6B]), "the index is still named");
        assert_eq!(seen.contains(&vec![0x12, 0x54, 0xC3, 0x67]), free < 4096, "tags at the end are named");
        let cue = find(&marked, &[0xF1, 1, 0, 0, 0, 0, 0, 0, 4], 0) + 9;
        let cluster = u32::from_be_bytes(marked[cue..cue + 4].try_into().unwrap()) as usize;
        assert_eq!(marked[segment + cluster..segment + cluster + 4], [0x1F, 0x43, 0xB6, 0x75]);
        assert_eq!(marked.len() == bytes.len(), free == 4096, "space takes the label");
    }
}

#[test]
fn places_in_flv_are_set_right() {
    let marked = write::write(&samples::flv(true), &options()).unwrap();
    let number = |at: usize| f64::from_be_bytes(marked[at..at + 8].try_into().unwrap()) as usize;
    assert_eq!(number(find(&marked, b"filesize", 0) + 9), marked.len());
    let list = find(&marked, b"filepositions", 0) + 13 + 5;
    for (entry, (kind, body)) in [(9u8, &samples::FILM[..32]), (8, &samples::FILM[32..])].into_iter().enumerate() {
        let at = number(list + entry * 9 + 1);
        assert_eq!((marked[at], &marked[at + 11..at + 43]), (kind, body));
    }
    // Five properties, where there were three.
    assert_eq!(marked[find(&marked, b"onMetaData", 0) + 10..][..5], [8, 0, 0, 0, 5]);
}

#[test]
fn nothing_moves_in_avi() {
    for (text, space, more) in [(true, 0, false), (true, 2048, false), (false, 2048, true), (false, 0, true)] {
        let bytes = samples::avi(text, space, more);
        let marked = write::write(&bytes, &options()).unwrap();
        assert_eq!(walk(&marked).coded, walk(&bytes).coded);
        assert_eq!(marked.len() == bytes.len(), space > 0, "space takes the label");
    }
}

#[test]
fn labels_in_other_places_are_found_and_replaced() {
    let json = record().to_json();
    let wrapped = format!("{{\"AIGC\":{json}}}");
    let data = samples::boxed(b"data", &[&[0, 0, 0, 1, 0, 0, 0, 0], wrapped.as_bytes()].concat());
    let item = samples::boxed(b"\xA9cmt", &data);
    let hdlr = samples::boxed(b"hdlr", &[&[0; 8][..], b"mdirappl", &[0; 9]].concat());
    let list = samples::boxed(b"meta", &[&[0; 4], &hdlr[..], &samples::boxed(b"ilst", &item)].concat());
    let literal = samples::boxed(b"AIGC", json.as_bytes());
    let comment = samples::boxed(b"\xA9cmt", &[&(wrapped.len() as u16).to_be_bytes()[..], &[0, 0], wrapped.as_bytes()].concat());
    for (place, udta) in [("moov/udta/meta ilst \u{A9}cmt", list), ("moov/udta/AIGC", literal), ("moov/udta/\u{A9}cmt", comment)]
    {
        let bytes = samples::mp4(true, &udta, 0);
        let report = read::read(&bytes).unwrap();
        assert_eq!(report.sites.iter().map(|site| site.location.as_str()).collect::<Vec<_>>(), [place]);
        assert!(report.sites[0].problems.iter().any(|problem| problem.rule == "M13"));
        let marked = write::write(&bytes, &Options { replace: true, ..options() }).unwrap();
        let report = read::read(&marked).unwrap();
        assert_eq!(report.sites.iter().map(|site| site.location.as_str()).collect::<Vec<_>>(), ["moov/udta/meta ilst AIGC"]);
        assert_eq!(coded(&marked), coded(&bytes));
    }
}

/// Whatever the bytes are: no panic, and what is written can be read again.
fn exercise(bytes: &[u8]) {
    let _ = read::read(bytes);
    if let Ok(marked) = write::write(bytes, &Options { replace: true, ..options() }) {
        let again = read::read(&marked).map(|report| report.sites.len());
        assert_eq!(again, Ok(1), "written, but not read: {}", marked.len());
    }
}

#[test]
fn a_file_that_is_cut_anywhere_is_an_error_or_keeps_its_label() {
    for (name, bytes) in samples::all() {
        let marked = write::write(&bytes, &options()).unwrap();
        for end in 0..marked.len() {
            let cut = &marked[..end];
            match read::read(cut) {
                Ok(report) => {
                    // Only where nothing that was cut off can hold a label.
                    let whole = name.starts_with("jxl") || name.starts_with("svg");
                    assert!(report.sites.len() == 1 || whole, "{name} cut at {end} of {} shows no label", marked.len());
                }
                Err(error) => assert!(matches!(error.code, Code::Broken | Code::Unsupported), "{name} cut at {end}: {error}"),
            }
            exercise(cut);
        }
    }
}

#[test]
fn mutated_files_come_back() {
    let mut state = 0x9E37_79B9_7F4A_7C15u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    for (_, bytes) in samples::all() {
        let marked = write::write(&bytes, &options()).unwrap();
        for _ in 0..1500 {
            let mut broken = marked.clone();
            for _ in 0..=random(3) {
                let at = random(broken.len());
                broken[at] = [0, 0xFF, 1, random(256) as u8][random(4)];
            }
            let _ = read::read(&broken);
            let _ = write::write(&broken, &Options { replace: true, ..options() });
        }
    }
}

#[test]
fn nothing_to_drop_and_nothing_to_write_leaves_a_film_as_it_is() {
    let bytes = samples::mp4(true, &samples::itunes(), 0);
    let media = media::kind(&bytes.as_slice()).unwrap();
    let source = bytes.as_slice();
    let splices = (media.write)(&source, &walk(&bytes), &Label::default(), &[]).unwrap();
    assert_eq!(media::source::join(&source, &splices).unwrap(), bytes);
}

/// A film of more than 4 GiB of which only the ends are held: zeros between.
struct Sparse {
    head: Vec<u8>,
    length: u64,
}

impl Source for Sparse {
    fn length(&self) -> u64 {
        self.length
    }

    fn read(&self, at: u64, count: usize) -> crate::error::Result<Cow<'_, [u8]>> {
        if at + count as u64 > self.length {
            return Err(crate::error::Error::broken("outside", at as usize));
        }
        let byte = |at: u64| self.head.get(at as usize).copied().unwrap_or(0);
        Ok(Cow::Owned((at..at + count as u64).map(byte).collect()))
    }
}

#[test]
fn a_table_that_would_overflow_gets_64_bits() {
    // One chunk right below 4 GiB, and an mdat with a size of 64 bits.
    let last = u32::MAX - 100;
    let mut head = samples::mp4(true, &[], 0);
    let table = head.windows(4).position(|window| window == b"stco").unwrap() + 12;
    head[table..table + 4].copy_from_slice(&last.to_be_bytes());
    let mdat = head.windows(4).position(|window| window == b"mdat").unwrap() - 4;
    head.truncate(mdat);
    let length = (5u64 << 30) + 7;
    head.extend(1u32.to_be_bytes());
    head.extend(b"mdat");
    head.extend((length - mdat as u64).to_be_bytes());
    let film = Sparse { head, length };
    let splices = write::write_source(&film, &options()).unwrap();
    let new: Vec<&Vec<u8>> =
        splices.iter().filter_map(|one| if let Splice::New(bytes) = one { Some(bytes) } else { None }).collect();
    assert_eq!(new.len(), 1);
    let at = new[0].windows(4).position(|window| window == b"co64").expect("the table has 64 bits now") + 12;
    let moved = u64::from_be_bytes(new[0][at..at + 8].try_into().unwrap());
    let grown = Spliced::new(&film, &splices).length() - length;
    assert_eq!(moved, u64::from(last) + grown);
    assert!(moved > u64::from(u32::MAX));
}

#[test]
fn offsets_in_fragments_and_indices_move_along() {
    let full = |kind: &[u8; 4], body: &[u8]| samples::boxed(kind, &[&[0; 4], body].concat());
    let film = samples::mp4(true, &[], 0);
    let moof_at = film.len() as u64;
    // An absolute base (flag 1), and the random access index that names the fragment.
    let tfhd = samples::boxed(b"tfhd", &[&[0, 0, 0, 1, 0, 0, 0, 1][..], &moof_at.to_be_bytes()].concat());
    let moof = samples::boxed(b"moof", &[full(b"mfhd", &[0, 0, 0, 1]), samples::boxed(b"traf", &tfhd)].concat());
    let n = u32::to_be_bytes;
    let tfra = full(b"tfra", &[&n(1)[..], &n(0), &n(1), &n(0), &n(moof_at as u32), &[1, 1, 1]].concat());
    let mfra = samples::boxed(b"mfra", &[tfra, full(b"mfro", &n(0))].concat());
    let bytes = [film, moof, samples::boxed(b"mdat", b"more"), mfra].concat();
    let marked = write::write(&bytes, &options()).unwrap();
    let grown = (marked.len() - bytes.len()) as u64;
    assert!(grown > 0);
    let find = |kind: &[u8; 4]| marked.windows(4).position(|window| window == kind).unwrap();
    let base = find(b"tfhd") + 12;
    assert_eq!(u64::from_be_bytes(marked[base..base + 8].try_into().unwrap()), moof_at + grown);
    let entry = find(b"tfra") + 24;
    assert_eq!(u64::from(u32::from_be_bytes(marked[entry..entry + 4].try_into().unwrap())), moof_at + grown);
    assert_eq!(find(b"moof") as u64 - 4, moof_at + grown);
}

#[test]
fn headers_are_reported_for_every_kind() {
    for (name, bytes) in samples::all() {
        let facts = walk(&bytes).facts();
        let xmp = ["svg, RDF", "mp3, XMP", "jxl, packed"].contains(&name);
        assert_eq!((facts.coded_bytes, facts.has_xmp, facts.has_c2pa), (coded(&bytes).len() as u64, xmp, false), "{name}");
        assert_eq!(walk(&write::write(&bytes, &options()).unwrap()).facts().has_xmp, sourced(name).is_some(), "{name}");
    }
}

#[test]
fn tags_that_share_their_bytes_are_no_bomb() {
    // A thousand pages, each with the same packet of a MiB.
    let (length, pages) = (1u32 << 20, 1000u32);
    let mut bytes = [&b"II*\0"[..], &(8 + length).to_le_bytes(), &vec![b' '; length as usize]].concat();
    for page in 0..pages {
        let next = if page + 1 < pages { bytes.len() as u32 + 18 } else { 0 };
        bytes.extend([&1u16.to_le_bytes()[..], &700u16.to_le_bytes(), &7u16.to_le_bytes()].concat());
        bytes.extend([length, 8, next].iter().flat_map(|number| number.to_le_bytes()));
    }
    assert_eq!(read::read(&bytes).unwrap_err().code, Code::Limit);
    // A circle of directories.
    let circle = [&b"II*\0\x08\0\0\0"[..], &0u16.to_le_bytes(), &8u32.to_le_bytes()].concat();
    assert_eq!(read::read(&circle).unwrap_err().code, Code::Broken);
    assert_eq!(write::write(&circle, &options()).unwrap_err().code, Code::Broken);
    // Tracks that claim samples without holding any.
    let mut film = samples::heif(b"avis", 4, true);
    let n = u32::to_be_bytes;
    let full = |kind: &[u8; 4], body: &[u8]| samples::boxed(kind, &[&[0; 4], body].concat());
    let tables = [
        full(b"stsz", &[n(1), n(0xFF_FFFF)].concat()),
        full(b"stsc", &[n(1), n(1), n(0xFF_FFFF), n(1)].concat()),
        full(b"stco", &[n(1), n(0)].concat()),
    ];
    let stbl = samples::boxed(b"stbl", &tables.concat());
    let trak = samples::boxed(b"trak", &samples::boxed(b"mdia", &samples::boxed(b"minf", &stbl)));
    film.extend(samples::boxed(b"moov", &trak.repeat(500)));
    let start = std::time::Instant::now();
    assert!(read::read(&film).is_err());
    assert!(start.elapsed().as_secs() < 2, "{:?}", start.elapsed());
}

#[test]
fn films_that_are_all_heads_are_no_bomb() {
    // A key of 60,000 bytes over a million values.
    let key = [&60000u16.to_be_bytes()[..], &[b'k'; 60000]].concat();
    let script = [&b"\x02\0\x0AonMetaData\x03"[..], &key, &[10, 0, 15, 0, 0], &[5; 0xF_0000], &[0, 0, 9]].concat();
    let size = (script.len() as u32).to_be_bytes();
    let mut film = samples::flv(false);
    let back = (script.len() as u32 + 11).to_be_bytes();
    film.splice(13..13, [&[18], &size[1..], &[0; 7], &script[..], &back].concat());
    let start = std::time::Instant::now();
    assert_eq!(read::read(&film).unwrap_err().code, Code::Limit);
    // Clusters of unknown size without anything in them.
    let mut film = samples::matroska(true, 0);
    film.extend([0x1F, 0x43, 0xB6, 0x75, 0xFF].repeat(300_000));
    assert_eq!(read::read(&film).unwrap().sites.len(), 0);
    assert!(start.elapsed().as_secs() < 2, "{:?}", start.elapsed());
}

#[test]
fn an_unknown_kind_names_every_kind_once() {
    let message = read::read(b"neither").unwrap_err().message;
    let names: Vec<&str> = message.rsplit(": ").next().unwrap().split(", ").collect();
    for name in ["JPEG", "PNG", "WebP", "GIF", "TIFF", "SVG", "JPEG XL"] {
        assert_eq!(names.iter().filter(|one| **one == name).count(), 1, "{name}: {message}");
    }
    assert!(!message.contains("image/"), "{message}");
}

#[test]
fn marking_an_svg_keeps_its_digest_and_every_other_edit_changes_it() {
    let rdf = "<metadata id='m'><rdf:RDF xmlns:cc='http://creativecommons.org/ns#'/></metadata>";
    let labelled = "<metadata><rdf:RDF><rdf:Description rdf:about='x' xmlns:t='http://www.tc260.org.cn/ns/AIGC/1.0/' \
                    t:aigc='&quot;'/></rdf:RDF> <kept/></metadata>";
    let wrapped = "<metadata><x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF><rdf:Description rdf:about='' \
                   xmlns:dc='http://purl.org/dc/elements/1.1/' dc:format='a'/></rdf:RDF></x:xmpmeta></metadata>";
    for inside in ["", wrapped, "<metadata/>", "<metadata><rdf:RDF/></metadata>", rdf, labelled] {
        let bytes = samples::svg(inside);
        let mut wanted = options();
        wanted.replace = true;
        wanted.ai_system_used = Some("a system".into());
        if inside == labelled {
            wanted.aigc = None;
        }
        let marked = write::write(&bytes, &wanted).unwrap();
        assert_eq!(coded(&marked), coded(&bytes), "{inside}");
        let text = String::from_utf8(marked).unwrap();
        let edits = [
            (" width='2' height='1'>", " width='2' height='1' style='filter:invert(1)'>"),
            (" width='2' height='1'>", " width='2' height='1' onload='alert(1)'>"),
            (" width='2' height='1'>", " width='3' height='1'>"),
            ("</metadata>", "<script xmlns='http://www.w3.org/2000/svg'>alert(1)</script></metadata>"),
            ("</rdf:RDF>", "<script xmlns='http://www.w3.org/2000/svg'/></rdf:RDF>"),
            ("</rdf:Description>", "<!-- > --></rdf:Description>"),
            ("</Iptc4xmpExt:DigitalSourceType>", "<!-- > --></Iptc4xmpExt:DigitalSourceType>"),
            ("<Iptc4xmpExt:DigitalSourceType ", "<Iptc4xmpExt:DigitalSourceType onload='x' "),
            ("<!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN' 'svg11.dtd'>", "<!DOCTYPE svg [<!ENTITY a 'b'>]>"),
            ("<!-- made by hand -->", "<?xml-stylesheet href='a.css'?>"),
            ("<rect", "<rect x='1'"),
            ("</svg>", "</svg><!-- -->"),
        ];
        for (old, new) in edits {
            let changed = text.replacen(old, new, 1);
            assert_ne!(changed, text, "{old}");
            assert_ne!(coded(changed.as_bytes()), coded(&bytes), "{inside}: {new}");
        }
        // A property of ours with elements of the drawing in it.
        let hidden = text.replacen("</Iptc4xmpExt:DigitalSourceType>", "<script/></Iptc4xmpExt:DigitalSourceType>", 1);
        assert_ne!(coded(hidden.as_bytes()), coded(&bytes), "{inside}");
    }
    // Where a label counts as a part of the drawing, it is not touched.
    let old = "<i:DigitalSourceType xmlns:i='http://iptc.org/std/Iptc4xmpExt/2008-02-29/'>a</i:DigitalSourceType>";
    let outside = samples::svg(&format!("<g>{old}</g><metadata><rdf:RDF/></metadata>"));
    let refused = write::write(&outside, &options()).unwrap_err();
    assert_eq!((refused.code, refused.message.contains("outside")), (Code::Unsupported, true), "{refused:?}");
    let empty = b"<svg xmlns='http://www.w3.org/2000/svg' />".to_vec();
    assert_eq!(coded(&write::write(&empty, &options()).unwrap()), coded(&empty));
    assert_eq!(coded(&empty), b"<svg xmlns='http://www.w3.org/2000/svg' >");
}
