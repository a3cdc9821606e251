//! Small files of every kind, made by hand for tests.

/// A box.
pub fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [&(8 + body.len() as u32).to_be_bytes(), &kind[..], body].concat()
}

fn full(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    boxed(kind, &[&[0; 4], body].concat())
}

/// A track of one chunk of samples of 16 bytes at an offset.
fn trak(offset: u32, samples: u32) -> Vec<u8> {
    let n = u32::to_be_bytes;
    let stco = full(b"stco", &[n(1), n(offset)].concat());
    let stsz = full(b"stsz", &[n(16), n(samples)].concat());
    let stsc = full(b"stsc", &[n(1), n(1), n(samples), n(1)].concat());
    let stbl = boxed(b"stbl", &[stsz, stsc, stco].concat());
    let handler = full(b"hdlr", &[&[0; 4][..], b"vide", &[0; 13]].concat());
    boxed(b"trak", &boxed(b"mdia", &[handler, boxed(b"minf", &stbl)].concat()))
}

/// The samples of the film.
pub const FILM: &[u8; 64] = b"0123456789abcdef0123456789ABCDEF fedcba9876543210FEDCBA987654321";

/// A film; `first`: moov stands before mdat; `udta`: user data; `free`: bytes of free space behind moov.
pub fn mp4(first: bool, udta: &[u8], free: usize) -> Vec<u8> {
    let ftyp = boxed(b"ftyp", b"isom\0\0\x02\0isommp42");
    let mdat = boxed(b"mdat", FILM);
    let space = if free == 0 { Vec::new() } else { boxed(b"free", &vec![b'f'; free - 8]) };
    let moov = |offset: usize| {
        let head = full(b"mvhd", &[7; 96]);
        let user = if udta.is_empty() { Vec::new() } else { boxed(b"udta", udta) };
        boxed(b"moov", &[head, trak(offset as u32, 4), user].concat())
    };
    if first {
        let offset = ftyp.len() + moov(0).len() + space.len() + 8;
        [ftyp, moov(offset), space, mdat].concat()
    } else {
        let offset = ftyp.len() + 8;
        [ftyp, mdat, moov(offset)].concat()
    }
}

/// A keyless item list with a comment, as players' programs write it.
pub fn itunes() -> Vec<u8> {
    let data = boxed(b"data", &[&[0, 0, 0, 1, 0, 0, 0, 0][..], b"hand-made"].concat());
    let list = boxed(b"ilst", &boxed(&[0xA9, b'c', b'm', b't'], &data));
    full(b"meta", &[full(b"hdlr", &[&[0; 4][..], b"mdirappl", &[0; 9]].concat()), list].concat())
}

/// A picture of one item; `width`: bytes of an offset in its table; `before`: mdat stands before meta.
pub fn heif(brand: &[u8; 4], width: u8, before: bool) -> Vec<u8> {
    let ftyp = boxed(b"ftyp", &[&brand[..], &[0; 4], brand, b"mif1"].concat());
    let mdat = boxed(b"mdat", FILM);
    let meta = |offset: u32| {
        let infe = boxed(b"infe", b"\x02\0\0\0\0\x01\0\0av01\0");
        let iinf = boxed(b"iinf", &[&[0, 0, 0, 0, 0, 1][..], &infe].concat());
        // With offsets, or with a base only.
        let base = if width == 0 { 4 } else { 0 };
        let item = [&[0, 1, 0, 0][..], &if base > 0 { offset.to_be_bytes().to_vec() } else { Vec::new() }, &[0, 1]].concat();
        let number = u64::from(offset).to_be_bytes();
        let extent = [&number[8 - usize::from(width)..], &64u32.to_be_bytes()].concat();
        let iloc = boxed(b"iloc", &[&[0, 0, 0, 0, width << 4 | 4, base << 4, 0, 1][..], &item, &extent].concat());
        let hdlr = full(b"hdlr", &[&[0; 4][..], b"pict", &[0; 13]].concat());
        let pitm = full(b"pitm", &[0, 1]);
        full(b"meta", &[hdlr, pitm, iloc, iinf].concat())
    };
    if before {
        [ftyp.clone(), mdat, meta(ftyp.len() as u32 + 8)].concat()
    } else {
        let offset = (ftyp.len() + meta(0).len() + 8) as u32;
        [ftyp, meta(offset), mdat].concat()
    }
}

/// A picture of two pixels; `version`: 87a or 89a.
pub fn gif(version: &[u8; 3]) -> Vec<u8> {
    let head = [b"GIF", &version[..], &[2, 0, 1, 0, 0x80, 0, 0], &[0, 0, 0, 255, 255, 255]].concat();
    let extensions: &[u8] = if version == b"89a" { b"\x21\xFF\x0BNETSCAPE2.0\x03\x01\0\0\0\x21\xFE\x04kept\0" } else { b"" };
    [&head, extensions, &[0x2C, 0, 0, 0, 0, 2, 0, 1, 0, 0, 2, 2, 0x44, 0x0A, 0, 0x3B]].concat()
}

/// Two pages of grey pixels; big: BigTIFF.
pub fn tiff(little: bool, big: bool) -> Vec<u8> {
    let n = |value: u64, width: usize| {
        let mut bytes = value.to_le_bytes()[..width].to_vec();
        if !little {
            bytes.reverse();
        }
        bytes
    };
    let (count, wide) = if big { (8, 8) } else { (2, 4) };
    let entry = |tag: u64, kind: u64, value: u64| {
        let size = if kind == 3 { 2 } else { 4 };
        let mut out = [n(tag, 2), n(kind, 2), n(1, wide), n(value, size)].concat();
        out.resize(4 + 2 * wide, 0);
        out
    };
    let page = |next: u64| {
        let tags = [(256, 3, 8), (257, 3, 8), (258, 3, 8), (259, 3, 1), (262, 3, 1), (273, 4, 16), (278, 3, 8), (279, 4, 64)];
        let tags: Vec<u8> = tags.iter().flat_map(|&(tag, kind, value)| entry(tag, kind, value)).collect();
        [n(8, count), tags, n(next, wide)].concat()
    };
    let mut out = match (little, big) {
        (true, false) => b"II*\0".to_vec(),
        (false, false) => b"MM\0*".to_vec(),
        (true, true) => b"II+\0\x08\0\0\0".to_vec(),
        (false, true) => b"MM\0+\0\x08\0\0".to_vec(),
    };
    let first = 16 + 64;
    out.extend(n(first, wide));
    out.resize(16, 0);
    out.extend(FILM);
    let length = page(0).len() as u64;
    out.extend(page(first + length));
    out.extend(page(0));
    out
}

/// A codestream, bare or in its container.
pub fn jxl(contained: bool) -> Vec<u8> {
    let stream = [&[0xFF, 0x0A][..], FILM].concat();
    if !contained {
        return stream;
    }
    let signature = boxed(b"JXL ", &[0x0D, 0x0A, 0x87, 0x0A]);
    // A last box without a size.
    [signature, boxed(b"ftyp", b"jxl \0\0\0\0jxl "), b"\0\0\0\0jxlc".to_vec(), stream].concat()
}

/// A stream of Brotli (RFC 7932) with one uncompressed meta-block, of up to 64 KiB.
pub fn brotli(bytes: &[u8]) -> Vec<u8> {
    let head = ((bytes.len() as u32 - 1) << 4 | 1 << 20).to_le_bytes();
    [&head[..3], bytes, &[3]].concat()
}

/// A picture with packed metadata.
pub fn packed_jxl(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let whole = jxl(true);
    // Behind the signature and the brands.
    let (head, rest) = whole.split_at(12 + 20);
    [head, &boxed(b"brob", &[&kind[..], &brotli(content)].concat()), rest].concat()
}

/// A drawing with a document type, and prefixes that are declared at the root.
pub fn svg(inside: &str) -> Vec<u8> {
    format!(
        "<?xml version='1.0' encoding='UTF-8'?>\n<!-- made by hand -->\n<!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN' 'svg11.dtd'>\n\
         <svg xmlns='http://www.w3.org/2000/svg' xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' width='2' height='1'>\
         {inside}<rect width='2' height='1'/></svg>\n"
    )
    .into_bytes()
}

/// An ID3v2 tag of these frames; a length of 28 bits.
pub fn id3(version: u8, flags: u8, body: &[u8]) -> Vec<u8> {
    let length = [0, 0, (body.len() >> 7) as u8, (body.len() & 127) as u8];
    let rest = [&[version, 0, flags][..], &length].concat();
    let footer = if flags & 0x10 != 0 { [b"3DI", &rest[..]].concat() } else { Vec::new() };
    [b"ID3", &rest[..], body, &footer].concat()
}

/// A frame of ID3v2.3 or 2.4 of less than 128 bytes.
pub fn id3_frame(name: &[u8; 4], flags: u8, body: &[u8]) -> Vec<u8> {
    [&name[..], &(body.len() as u32).to_be_bytes(), &[0, flags], body].concat()
}

/// Frames of 8 kbit/s and 24 kHz: 24 bytes each.
pub fn mp3() -> Vec<u8> {
    [&[0xFF, 0xF3, 0x14, 0xC4][..], &FILM[..20]].concat().repeat(3)
}

/// Frames of ADTS, 20 bytes each.
pub fn aac() -> Vec<u8> {
    [&[0xFF, 0xF1, 0x50, 0x80, 20 >> 3, (20 & 7) << 5 | 0x1F, 0xFC][..], &FILM[..13]].concat().repeat(3)
}

/// A tag behind the frames: APEv2 with a header, then ID3v1.
pub fn behind() -> Vec<u8> {
    let item = b"\x04\0\0\0\0\0\0\0Year\x002026";
    let end = |flags: u8| {
        [&b"APETAGEX\xD0\x07\0\0"[..], &[32 + item.len() as u8, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, flags], &[0; 8]].concat()
    };
    [&end(0xA0)[..], item, &end(0x80), b"TAG", &[b' '; 125]].concat()
}

/// FLAC with these blocks behind STREAMINFO.
pub fn flac(blocks: &[(u8, &[u8])]) -> Vec<u8> {
    let all: Vec<(u8, &[u8])> = [&[(0, &[7; 34][..])][..], blocks].concat();
    let mut out = b"fLaC".to_vec();
    for (index, (kind, body)) in all.iter().enumerate() {
        let last = if index + 1 == all.len() { 128 } else { 0 };
        out.extend([kind | last, 0, 0, body.len() as u8]);
        out.extend_from_slice(body);
    }
    [&out, &[0xFF, 0xF8][..], FILM].concat()
}

/// A list of Vorbis comments.
pub fn comments(list: &[&str]) -> Vec<u8> {
    let text = |text: &str| [&(text.len() as u32).to_le_bytes(), text.as_bytes()].concat();
    let texts: Vec<u8> = list.iter().flat_map(|one| text(one)).collect();
    [text("hand-made"), (list.len() as u32).to_le_bytes().to_vec(), texts].concat()
}

/// A page of Ogg with this lacing.
pub fn ogg_page(flags: u8, time: u64, serial: u32, sequence: u32, lacing: &[u8], body: &[u8]) -> Vec<u8> {
    let numbers = [&time.to_le_bytes()[..], &serial.to_le_bytes(), &sequence.to_le_bytes()].concat();
    let mut page = [b"OggS\0", &[flags][..], &numbers, &[0; 4], &[lacing.len() as u8], lacing, body].concat();
    let sum = page.iter().fold(0u32, |sum, &byte| {
        (0..8).fold(sum ^ u32::from(byte) << 24, |sum, _| if sum >> 31 == 1 { sum << 1 ^ 0x04C1_1DB7 } else { sum << 1 })
    });
    page[22..26].copy_from_slice(&sum.to_le_bytes());
    page
}

/// A stream of Vorbis or Opus with these comments; `parts`: how many pages its headers take behind the first one.
pub fn ogg(opus: bool, serial: u32, list: &[&str], parts: usize) -> Vec<Vec<u8>> {
    let one = |packet: &[u8]| [vec![255; packet.len() / 255], vec![(packet.len() % 255) as u8]].concat();
    let (first, packets) = if opus {
        (b"OpusHead\x01\x01\0\0\x80\xBB\0\0\0\0\0".to_vec(), vec![[&b"OpusTags"[..], &comments(list)].concat()])
    } else {
        let comment = [&b"\x03vorbis"[..], &comments(list), &[1]].concat();
        (b"\x01vorbis-identification".to_vec(), vec![comment, [&b"\x05vorbis"[..], &[5; 600]].concat()])
    };
    let lacing: Vec<u8> = packets.iter().flat_map(|packet| one(packet)).collect();
    let body = packets.concat();
    let mut pages = vec![ogg_page(2, 0, serial, 0, &one(&first), &first)];
    let (mut at, mut open) = (0, 0);
    let each = lacing.len().div_ceil(parts);
    for part in lacing.chunks(each) {
        let count: usize = part.iter().map(|&lace| usize::from(lace)).sum();
        let time = if part.iter().any(|&lace| lace < 255) { 0 } else { u64::MAX };
        pages.push(ogg_page(open, time, serial, pages.len() as u32, part, &body[at..at + count]));
        at += count;
        open = u8::from(part.last() == Some(&255));
    }
    for (index, samples) in FILM.chunks(32).enumerate() {
        pages.push(ogg_page(4 * index as u8, 960 * index as u64, serial, pages.len() as u32, &one(samples), samples));
    }
    pages
}

/// An EBML element.
fn element(id: u32, body: &[u8]) -> Vec<u8> {
    let id: Vec<u8> = id.to_be_bytes().into_iter().skip_while(|&byte| byte == 0).collect();
    [&id, &(1u64 << 56 | body.len() as u64).to_be_bytes()[..], body].concat()
}

/// A film of one track, two clusters and a tag. `live`: sizes are unknown; else an index at its end, and `free` bytes of
/// space behind the list of places.
pub fn matroska(live: bool, free: usize) -> Vec<u8> {
    let header = element(0x1A45_DFA3, &element(0x4282, if live { b"webm" } else { b"matroska" }));
    let open = |id: u32, body: &[u8]| {
        let mut all = element(id, body);
        if live {
            all[4..12].copy_from_slice(&[1, 255, 255, 255, 255, 255, 255, 255]);
        }
        all
    };
    let name = [element(0x45A3, b"TITLE"), element(0x4487, b"kept")].concat();
    let tags = element(0x1254_C367, &element(0x7373, &[element(0x63C0, b""), element(0x67C8, &name)].concat()));
    let info = element(0x1549_A966, &element(0x4D80, b"hand-made"));
    let tracks = element(0x1654_AE6B, &element(0xAE, &element(0x83, &[1])));
    let block = |part: &[u8]| element(0xA3, &[&[0x81, 0, 0, 0x80], part].concat());
    let clusters: Vec<u8> =
        FILM.chunks(32).flat_map(|part| open(0x1F43_B675, &[element(0xE7, &[0]), block(part)].concat())).collect();
    let seek = |id: u32, at: usize| {
        element(0x4DBB, &[element(0x53AB, &id.to_be_bytes()), element(0x53AC, &(at as u32).to_be_bytes())].concat())
    };
    let space = if free == 0 { Vec::new() } else { element(0xEC, &vec![0; free - 9]) };
    let front = |cues: usize, at: usize| {
        let list = element(0x114D_9B74, &[seek(0x1549_A966, at), seek(0x1C53_BB6B, cues)].concat());
        [list, space.clone(), info.clone(), tracks.clone(), tags.clone()].concat()
    };
    if live {
        return [header, open(0x1853_8067, &[info, tracks, tags, clusters].concat())].concat();
    }
    let length = front(0, 0).len();
    let info_at = length - info.len() - tracks.len() - tags.len();
    let cues = element(0x1C53_BB6B, &element(0xBB, &element(0xB7, &element(0xF1, &(length as u32).to_be_bytes()))));
    let body = [front(length + clusters.len(), info_at), clusters, cues].concat();
    [header, element(0x1853_8067, &body)].concat()
}

/// A chunk of RIFF.
fn chunk(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [name, &(body.len() as u32).to_le_bytes()[..], body, &[0][..body.len() % 2]].concat()
}

/// A list of two texts, the last of an odd length.
fn info() -> Vec<u8> {
    chunk(b"LIST", &[b"INFO".to_vec(), chunk(b"INAM", b"kept\0\0"), chunk(b"ISFT", b"hand-made\0")].concat())
}

/// Sound with texts before and behind the samples; `open`: a stream, whose sizes were never written.
pub fn wav(open: bool) -> Vec<u8> {
    let mut data = chunk(b"data", FILM);
    if open {
        data[4..8].copy_from_slice(&[255; 4]);
    }
    let more = if open { Vec::new() } else { chunk(b"cue ", &[0; 4]) };
    let mut all = chunk(b"RIFF", &[b"WAVE".to_vec(), chunk(b"fmt ", &[1; 16]), info(), data, more].concat());
    if open {
        all[4..8].copy_from_slice(&[255; 4]);
    }
    all
}

/// Sound with a tag of ID3 behind the samples, as programs for music write it.
pub fn tagged(aiff_form: bool) -> Vec<u8> {
    let tag = [id3(3, 0, &id3_frame(b"TIT2", 0, b"\0kept")), vec![0]].concat();
    let (mut bytes, tag) = if aiff_form { (aiff(false), boxed_big(b"ID3 ", &tag)) } else { (wav(false), chunk(b"id3 ", &tag)) };
    let length = (bytes.len() + tag.len()) as u32 - 8;
    bytes[4..8].copy_from_slice(&if aiff_form { length.to_be_bytes() } else { length.to_le_bytes() });
    [bytes, tag].concat()
}

/// A film; `text`: a list of texts before the samples; `space`: bytes of space behind that; `more`: a second part.
pub fn avi(text: bool, space: usize, more: bool) -> Vec<u8> {
    let list = |kind: &[u8; 4], body: &[u8]| chunk(b"LIST", &[kind, body].concat());
    let texts = if text { info() } else { Vec::new() };
    let room = if space == 0 { Vec::new() } else { chunk(b"JUNK", &vec![7; space - 8]) };
    let movi = list(b"movi", &chunk(b"00dc", FILM));
    let head = list(b"hdrl", &chunk(b"avih", &[1; 56]));
    let first = chunk(b"RIFF", &[b"AVI ".to_vec(), head, texts, room, movi.clone(), chunk(b"idx1", &[0; 16])].concat());
    if more { [first, chunk(b"RIFF", &[&b"AVIX"[..], &movi].concat())].concat() } else { first }
}

/// A film of two tags; `script`: with a script that names its length and the places of its key frames.
pub fn flv(script: bool) -> Vec<u8> {
    let tag = |kind: u8, body: &[u8]| {
        let size = (body.len() as u32).to_be_bytes();
        [&[kind], &size[1..], &[0; 7], body, &(body.len() as u32 + 11).to_be_bytes()].concat()
    };
    let key = |key: &str, value: &[u8]| [&(key.len() as u16).to_be_bytes(), key.as_bytes(), value].concat();
    let number = |value: usize| [&[0], &(value as f64).to_be_bytes()[..]].concat();
    let meta = |first: usize, length: usize| {
        let places = [&[10, 0, 0, 0, 2][..], &number(first), &number(first + 47)].concat();
        let frames = [&[3][..], &key("filepositions", &places), &[0, 0, 9]].concat();
        let all = [key("title", b"\x02\0\x04kept"), key("filesize", &number(length)), key("keyframes", &frames)].concat();
        tag(18, &[b"\x02\0\x0AonMetaData\x08\0\0\0\x03", &all[..], &[0, 0, 9]].concat())
    };
    let first = 13 + meta(0, 0).len();
    let film = [tag(9, &FILM[..32]), tag(8, &FILM[32..])].concat();
    let script = if script { meta(first, first + film.len()) } else { Vec::new() };
    [&b"FLV\x01\x05\0\0\0\x09\0\0\0\0"[..], &script, &film].concat()
}

/// Sound with a name before and a marker behind the samples.
pub fn aiff(compressed: bool) -> Vec<u8> {
    let samples = boxed_big(b"SSND", &[&[0; 8], &FILM[..63]].concat());
    let kind: &[u8] = if compressed { b"AIFC" } else { b"AIFF" };
    boxed_big(
        b"FORM",
        &[kind, &boxed_big(b"NAME", b"kept"), &boxed_big(b"COMM", &[1; 18]), &samples, &boxed_big(b"MARK", &[0; 2])].concat(),
    )
}

fn boxed_big(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [name, &(body.len() as u32).to_be_bytes()[..], body, &[0][..body.len() % 2]].concat()
}

/// Every kind.
pub fn all() -> Vec<(&'static str, Vec<u8>)> {
    let rdf = "<metadata id='m'><rdf:RDF><rdf:Description rdf:about=''/></rdf:RDF></metadata>";
    // Unsynchronised, with an extended header, UTF-16 and padding.
    let title = id3_frame(b"TIT2", 0, b"\x01\xFF\xFEk\0e\0p\0t\0");
    let swapped = [&b"\0\0\0\x06\0\0\0\0\0\x04"[..], &title, &[0; 4]].concat();
    let swapped = swapped.iter().flat_map(|&byte| if byte == 0xFF { vec![0xFF, 0] } else { vec![byte] }).collect::<Vec<u8>>();
    let last = id3_frame(b"TXXX", 0, b"\x03mood\0kept");
    let last_tag = id3(4, 0x10, &id3_frame(b"TXXX", 0, b"\x03end\0kept"));
    let packet = id3_frame(
        b"PRIV",
        0,
        b"XMP\0<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description/></rdf:RDF>",
    );
    vec![
        ("film, moov first", mp4(true, &[], 0)),
        ("film, moov first, free space", mp4(true, &[], 4096)),
        ("film, moov last", mp4(false, &[], 0)),
        ("film, keyless list", mp4(true, &itunes(), 0)),
        ("film, QuickTime's terminator", mp4(true, &[&boxed(b"\xA9nam", b"\0\x04\0\0film")[..], &[0; 4]].concat(), 0)),
        ("avif", heif(b"avif", 4, false)),
        ("avif, mdat first", heif(b"avif", 4, true)),
        ("heic, base only", heif(b"heic", 0, false)),
        ("heic, wide", heif(b"heic", 8, false)),
        ("gif 87a", gif(b"87a")),
        ("gif 89a", gif(b"89a")),
        ("tiff, little", tiff(true, false)),
        ("tiff, big end first", tiff(false, false)),
        ("bigtiff", tiff(true, true)),
        ("bigtiff, big end first", tiff(false, true)),
        ("jxl, bare", jxl(false)),
        ("jxl", jxl(true)),
        (
            "jxl, packed",
            packed_jxl(b"xml ", b"<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description/></rdf:RDF>"),
        ),
        ("mkv", matroska(false, 40)),
        ("mkv, no space", matroska(false, 0)),
        ("mkv, much space", matroska(false, 4096)),
        ("webm, live", matroska(true, 0)),
        ("wav", wav(false)),
        ("wav, stream", wav(true)),
        ("wav, ID3", tagged(false)),
        ("aiff, ID3", tagged(true)),
        ("avi", avi(true, 0, false)),
        ("avi, space", avi(true, 2048, false)),
        ("avi, two parts", avi(false, 2048, true)),
        ("flv", flv(true)),
        ("flv, no script", flv(false)),
        ("aiff", aiff(false)),
        ("aifc", aiff(true)),
        ("svg", svg("")),
        ("svg, RDF", svg(rdf)),
        ("svg, empty", b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec()),
        ("mp3", mp3()),
        ("mp3, tags all around", [id3(3, 0xC0, &swapped), id3(4, 0x10, &last), mp3(), last_tag, behind()].concat()),
        ("mp3, ID3v2.2", [id3(2, 0, b"TT2\0\0\x05\0kept\0\0\0"), mp3()].concat()),
        ("mp3, XMP", [id3(4, 0, &packet), mp3()].concat()),
        ("aac", aac()),
        ("flac", flac(&[])),
        ("flac, comments", flac(&[(3, &[9; 18]), (4, &comments(&["TITLE=kept", "comment=kept=too"])), (1, &[0; 40])])),
        ("flac behind ID3", [id3(4, 0, &last), flac(&[(4, &comments(&[]))]), behind()].concat()),
        ("ogg, Vorbis", ogg(false, 7, &["TITLE=kept"], 1).concat()),
        ("ogg, Vorbis, headers in pages", ogg(false, 7, &["TITLE=kept"], 3).concat()),
        ("ogg, Opus", ogg(true, 7, &[], 1).concat()),
        ("ogg, chained", [ogg(true, 7, &["a=b"], 1), ogg(false, 7, &["c=d"], 2)].concat().concat()),
        (
            "ogg, multiplexed",
            ogg(true, 7, &["a=b"], 1).into_iter().zip(ogg(true, 8, &[], 1)).flat_map(|(a, b)| [a, b]).flatten().collect(),
        ),
    ]
}
