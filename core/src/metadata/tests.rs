//! Writing, reading and carrying, on files made by hand and on whatever COUNTERMARK_MEDIA holds.

use super::aigc::tests::record;
use super::aigc::{KEYS, Record};
use super::write::Options;
use super::{carry, read, write};
use crate::container::file::{File, Role, contains};
use crate::container::tests::media;
use crate::container::{open, samples};
use crate::error::Code;

const SOURCE: &str = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia";

fn options() -> Options {
    Options { aigc: Some(record()), digital_source_type: Some(SOURCE.into()), ..Options::default() }
}

fn replacing(record: Record) -> Options {
    Options { aigc: Some(record), replace: true, ..Options::default() }
}

fn everything() -> Vec<(String, Vec<u8>)> {
    samples::all().into_iter().map(|(name, bytes)| (name.to_owned(), bytes)).chain(media()).collect()
}

/// The bytes of all parts of some roles: what must not change.
fn bytes_of(file: &File, keep: fn(Role) -> bool) -> Vec<u8> {
    let kept = file.parts.iter().filter(|part| keep(part.role));
    kept.flat_map(|part| &file.bytes[part.span.clone()]).copied().collect()
}

fn only_label_added(name: &str, old: &[u8], new: &[u8]) {
    let (before, after) = (open(old).unwrap(), open(new).unwrap());
    // All but what is rewritten by design: the XMP packet, RIFF sizes and flags, the MPF index.
    let kept = |role| !matches!(role, Role::Xmp | Role::Head | Role::Mpf);
    let (old, new) = (bytes_of(&before, kept), bytes_of(&after, kept));
    // A TIFF gets a new directory behind everything else.
    let same = old == new || (before.container.mime == "image/tiff" && new.starts_with(&old));
    assert!(same, "{name}");
    let packets = |file: &File| file.with(Role::Xmp).count();
    assert_eq!(packets(&after), packets(&before).max(1), "{name}");
}

#[test]
fn one_label_is_written_and_read_and_nothing_else_changes() {
    let mut written = 0;
    for (name, bytes) in everything() {
        let Ok(report) = read::read(&bytes) else { continue };
        if !report.sites.is_empty() {
            let refused = write::write(&bytes, &options()).err().unwrap();
            assert_eq!(refused.code, Code::Conflict, "{name}");
            continue;
        }
        let new = write::write(&bytes, &options()).unwrap_or_else(|error| panic!("{name}: {error}"));
        let report = read::read(&new).unwrap();
        assert_eq!(report.sites.len(), 1, "{name}");
        assert_eq!(report.sites[0].raw, record().to_json(), "{name}");
        assert!(report.sites[0].problems.iter().all(|problem| problem.rule == "M9"), "{name} {:?}", report.sites[0]);
        assert_eq!(report.digital_source_type.as_deref(), Some(SOURCE), "{name}");
        only_label_added(&name, &bytes, &new);
        let (old, now) = (open(&bytes).unwrap().inspect(), open(&new).unwrap().inspect());
        if let (Ok(mut old), Ok(now)) = (old, now) {
            old.has_xmp = true;
            assert_eq!(old, now, "{name}");
        }
        // The same again is refused, and with leave changes only the value.
        assert_eq!(write::write(&new, &options()).err().map(|error| error.code), Some(Code::Conflict), "{name}");
        let again = write::write(&new, &Options { replace: true, ..options() }).unwrap();
        assert!(again == new, "{name}");
        written += 1;
    }
    eprintln!("labels written: {written}");
}

#[test]
fn labels_in_foreign_places_are_found_and_moved_home() {
    let json = record().to_json();
    let wrapped = format!("{{\"AIGC\":{json}}}");
    let packed = miniz_oxide::deflate::compress_to_vec_zlib(json.as_bytes(), 6);
    let block = samples::exif(false, 1, &wrapped, &[]);
    let attribute = json.replace('"', "&quot;");
    let packet =
        samples::xmp(&format!("<rdf:Description xmlns:T='http://www.tc260.org.cn/ns/AIGC/1.0/' T:AIGC=\"{attribute}\"/>"));
    let itxt = miniz_oxide::deflate::compress_to_vec_zlib(&packet, 6);
    let files = [
        ("COM", samples::jpeg(&[samples::segment(0xFE, wrapped.as_bytes())])),
        ("APP10", samples::jpeg(&[samples::segment(0xEA, format!("AIGC{json}").as_bytes())])),
        ("APP1 EXIF UserComment", samples::jpeg(&[samples::segment(0xE1, &[b"Exif\0\0", &block[..]].concat())])),
        ("tEXt AIGC", samples::png(&[samples::chunk(b"tEXt", &[b"AIGC\0", wrapped.as_bytes()].concat())], &[])),
        ("zTXt AIGC", samples::png(&[], &[samples::chunk(b"zTXt", &[b"AIGC\0\0", &packed[..]].concat())])),
        ("iTXt AIGC", samples::png(&[samples::chunk(b"iTXt", &[b"AIGC\0\0\0\0\0", json.as_bytes()].concat())], &[])),
        (
            "zTXt XML:com.adobe.xmp",
            samples::png(&[], &[samples::chunk(b"zTXt", &[b"XML:com.adobe.xmp\0\0", &itxt[..]].concat())]),
        ),
        (
            "iTXt XML:com.adobe.xmp",
            samples::png(&[samples::chunk(b"iTXt", &[b"XML:com.adobe.xmp\0\x01\0\0\0", &itxt[..]].concat())], &[]),
        ),
        ("eXIf UserComment", samples::png(&[samples::chunk(b"eXIf", &block)], &[])),
        ("EXIF chunk UserComment", samples::webp(&[samples::vp8l(), samples::riff(b"EXIF", &block)])),
        ("XMP chunk", samples::webp(&[samples::vp8l(), samples::riff(b"XMP ", &packet)])),
    ];
    for (place, bytes) in files {
        let report = read::read(&bytes).unwrap();
        assert_eq!(report.sites.len(), 1, "{place}");
        let site = &report.sites[0];
        assert_eq!(site.location, place);
        assert_eq!(site.aigc.as_ref().and_then(|fields| fields.producer()), Some(record().content_producer.as_str()), "{place}");
        let mut own = record();
        own.reserved_code2 = "changed".into();
        let new = write::write(&bytes, &replacing(own.clone())).unwrap();
        let report = read::read(&new).unwrap();
        assert_eq!(report.sites.len(), 1, "{place}");
        assert_eq!(report.sites[0].raw, own.to_json(), "{place}");
        let home = ["APP1 XMP", "iTXt XML:com.adobe.xmp", "XMP chunk"];
        assert!(home.contains(&report.sites[0].location.as_str()), "{place}");
        let foreign = Record { content_producer: "someone-else".into(), content_propagator: "someone-else".into(), ..record() };
        assert_eq!(write::write(&bytes, &replacing(foreign)).err().map(|error| error.code), Some(Code::Conflict), "{place}");
    }
}

#[test]
fn the_first_writer_is_the_propagator_and_the_next_one_may_not_be() {
    let next = Record { content_propagator: "platform".into(), propagate_id: "77".into(), ..record() };
    for (name, bytes) in samples::all() {
        assert_eq!(write::write(&bytes, &replacing(next.clone())).err().map(|error| error.code), Some(Code::Parameter), "{name}");
        let first = write::write(&bytes, &options()).unwrap();
        let second = write::write(&first, &replacing(next.clone())).unwrap();
        assert_eq!(read::read(&second).unwrap().sites[0].raw, next.to_json());
        let other = Record { produce_id: "another".into(), ..next.clone() };
        assert_eq!(write::write(&first, &replacing(other)).err().map(|error| error.code), Some(Code::Parameter), "{name}");
    }
}

#[test]
fn a_packet_that_does_not_fit_is_a_limit() {
    let long = samples::xmp(&format!("<a xmlns='urn:a'>{}</a>", "x".repeat(65_000)));
    let bytes = samples::jpeg(&[samples::segment(0xE1, &[b"http://ns.adobe.com/xap/1.0/\0", &long[..]].concat())]);
    assert_eq!(write::write(&bytes, &options()).err().map(|error| error.code), Some(Code::Limit));
}

#[test]
fn a_real_label_reads() {
    for (name, bytes) in media().into_iter().filter(|(name, _)| name.contains("doubao-tc260")) {
        let report = read::read(&bytes).unwrap();
        assert_eq!(report.sites.len(), 1, "{name}");
        let site = &report.sites[0];
        let json: serde_json::Value = serde_json::to_value(site.aigc.as_ref().unwrap()).unwrap();
        assert_eq!(json["Label"], "1");
        let producer = json["ContentProducer"].as_str().unwrap();
        assert!(super::aigc::provider_code_problem(producer, Some('1')).is_none(), "{producer}");
        assert_eq!(json["ProduceID"], "e3578014edd949debed102781a8c26f7");
        assert_eq!(json.as_object().unwrap().len(), KEYS.len());
        assert!(site.problems.is_empty(), "{:?}", site.problems);
    }
}

#[test]
fn metadata_is_carried_to_new_pixels() {
    let bare: Vec<(&str, Vec<u8>)> = vec![
        ("jpeg", samples::jpeg(&[])),
        ("png", samples::png(&[samples::chunk(b"pHYs", &[0; 9])], &[])),
        ("webp simple", samples::webp(&[samples::vp8l()])),
        ("webp extended", samples::webp(&[samples::vp8l()])),
    ];
    for ((name, source), (_, encoded)) in samples::all().into_iter().zip(&bare) {
        let labelled = write::write(&source, &options()).unwrap();
        let new = carry::carry(&labelled, encoded).unwrap();
        let report = read::read(&new).unwrap();
        assert_eq!(report.sites.len(), 1, "{name}");
        let (old, now) = (open(&labelled).unwrap(), open(&new).unwrap());
        let (old, now) = (old.inspect().unwrap(), now.inspect().unwrap());
        assert_eq!((old.has_exif, old.orientation, old.has_xmp), (now.has_exif, now.orientation, now.has_xmp), "{name}");
        assert!(!now.has_thumbnail, "{name}");
        let pixels = |bytes: &[u8]| bytes_of(&open(bytes).unwrap(), |role| role == Role::Pixels);
        assert!(pixels(&new) == pixels(encoded), "{name}");
        // Nothing to carry, nothing changed.
        assert!(carry::carry(encoded, encoded).unwrap() == *encoded, "{name}");
    }
    let mixed = carry::carry(&samples::jpeg(&[]), &samples::png(&[], &[]));
    assert_eq!(mixed.err().map(|error| error.code), Some(Code::Unsupported));
}

#[test]
fn a_profile_goes_only_to_samples_of_its_space() {
    let profile = |space: &[u8; 4]| {
        let body = [&b"ICC_PROFILE\0\x01\x01"[..], &[0; 16], space, &[0; 108]].concat();
        samples::jpeg(&[samples::segment(0xE2, &body)])
    };
    let bare = samples::jpeg(&[]);
    for (space, carried) in [(b"GRAY", true), (b"CMYK", false), (b"RGB ", false)] {
        let new = carry::carry(&profile(space), &bare).unwrap();
        assert_eq!(contains(&new, b"ICC_PROFILE"), carried);
    }
    let own = profile(b"GRAY");
    assert!(carry::carry(&profile(b"GRAY"), &own).unwrap() == own);
}

#[test]
fn real_metadata_is_carried() {
    for (name, bytes) in media() {
        let (Ok(file), Ok(_)) = (open(&bytes), read::read(&bytes)) else { continue };
        if file.inspect().is_err() {
            continue;
        }
        // The same picture without its metadata stands for a new encoding.
        let bare =
            file.pieces().into_iter().filter(|piece| matches!(piece.role, Role::Head | Role::Pixels | Role::Jfif)).collect();
        let bare = file.assemble(bare).unwrap();
        let new = carry::carry(&bytes, &bare).unwrap_or_else(|error| panic!("{name}: {error}"));
        let now = open(&new).unwrap();
        let (old, now) = (file.inspect().unwrap(), now.inspect().unwrap());
        assert_eq!(
            (old.has_exif, old.has_icc, old.has_xmp, old.has_c2pa),
            (now.has_exif, now.has_icc, now.has_xmp, now.has_c2pa),
            "{name}"
        );
        assert_eq!((old.orientation, old.width, old.quality), (now.orientation, now.width, now.quality), "{name}");
        assert!(!now.has_mpf && !now.has_gain_map && now.trailing_bytes == 0, "{name}");
        assert!(!now.has_thumbnail, "{name}");
    }
}

/// Every entry point; what it gives does not matter, that it comes back does.
fn exercise(bytes: &[u8]) {
    let _ = open(bytes).and_then(|file| file.inspect());
    let _ = read::read(bytes);
    let _ = write::write(bytes, &Options { replace: true, ..options() });
    let _ = carry::carry(bytes, bytes);
}

#[test]
fn every_prefix_and_every_flip_comes_back() {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    for (_, bytes) in samples::all() {
        let labelled = write::write(&bytes, &options()).unwrap();
        for end in 0..labelled.len() {
            exercise(&labelled[..end]);
        }
        for _ in 0..5000 {
            let mut broken = labelled.clone();
            for _ in 0..=random(3) {
                let at = random(broken.len());
                broken[at] = if random(2) == 0 { 0xFF } else { random(256) as u8 };
            }
            exercise(&broken);
            // PNG checksums hide what lies behind them: mend them and look again.
            if broken.starts_with(b"\x89PNG") {
                exercise(&mended(&broken));
            }
        }
    }
}

/// A PNG with right checksums, as far as its lengths hold.
fn mended(bytes: &[u8]) -> Vec<u8> {
    let mut out = bytes[..8].to_vec();
    let mut at = 8;
    while let Some(head) = bytes.get(at..at + 8) {
        let length = u32::from_be_bytes(head[..4].try_into().unwrap()) as usize;
        let Some(body) = bytes.get(at + 8..).and_then(|rest| rest.get(..length)) else { break };
        out.extend(samples::chunk(head[4..].try_into().unwrap(), body));
        at += length + 12;
    }
    out
}

#[test]
fn hostile_files_come_back() {
    for (name, bytes) in media().into_iter().filter(|(name, _)| name.starts_with("hostile")) {
        let outcome = open(&bytes).and_then(|file| file.inspect());
        match outcome {
            Ok(report) => eprintln!("{name}: {}", serde_json::to_string(&report).unwrap()),
            Err(error) => eprintln!("{name}: {} {error}", error.code.as_str()),
        }
        exercise(&bytes);
    }
}

#[test]
fn the_system_is_written_beside_the_label_and_a_date_that_is_there_stays() {
    let wanted = Options {
        ai_system_used: Some("Painter <1>".into()),
        ai_system_version_used: Some("2.0".into()),
        create_date: Some("2026-11-25T00:00:00Z".into()),
        ..options()
    };
    let find = |bytes: &[u8], key: &str| -> Vec<String> {
        super::texts::texts(bytes).unwrap().into_iter().filter(|text| text.key == key).map(|text| text.value).collect()
    };
    let written = write::write(&samples::jpeg(&[]), &wanted).unwrap();
    assert_eq!(find(&written, "Iptc4xmpExt:AISystemUsed"), ["Painter <1>"]);
    assert_eq!(find(&written, "Iptc4xmpExt:AISystemVersionUsed"), ["2.0"]);
    assert_eq!(find(&written, "xmp:CreateDate"), ["2026-11-25T00:00:00Z"]);
    assert_eq!(read::read(&written).unwrap().sites.len(), 1);
    let later = Options {
        aigc: None,
        digital_source_type: Some(SOURCE.into()),
        ai_system_used: Some("Other".into()),
        create_date: Some("2027-01-01T00:00:00Z".into()),
        ..Options::default()
    };
    let again = write::write(&written, &later).unwrap();
    assert_eq!(find(&again, "Iptc4xmpExt:AISystemUsed"), ["Other"]);
    assert_eq!(find(&again, "xmp:CreateDate"), ["2026-11-25T00:00:00Z"]);
    let bad = Options { ai_system_used: Some("a\nb".into()), ..options() };
    assert_eq!(write::write(&samples::jpeg(&[]), &bad).err().map(|error| error.code), Some(Code::Parameter));
}

#[test]
fn the_coded_ranges_hold_the_same_bytes_before_and_after_a_label() {
    for bytes in [samples::jpeg(&[]), samples::png(&[], &[]), samples::webp(&[samples::vp8l()])] {
        let coded = |bytes: &[u8]| -> Vec<u8> {
            crate::container::open(bytes).unwrap().coded().iter().flat_map(|range| bytes[range.clone()].to_vec()).collect()
        };
        let marked = write::write(&bytes, &options()).unwrap();
        assert_ne!(marked, bytes);
        assert_eq!(coded(&marked), coded(&bytes));
        assert!(!coded(&bytes).is_empty());
    }
}
