//! Small files of every kind, made by hand for tests.

/// An EXIF block with orientation, a UserComment and a thumbnail.
pub fn exif(little: bool, orientation: u16, comment: &str, thumbnail: &[u8]) -> Vec<u8> {
    let n16 = |value: u16| if little { value.to_le_bytes() } else { value.to_be_bytes() };
    let n32 = |value: u32| if little { value.to_le_bytes() } else { value.to_be_bytes() };
    let entry = |tag: u16, kind: u16, count: u32, value: u32| [&n16(tag)[..], &n16(kind), &n32(count), &n32(value)].concat();
    let short = |tag: u16, value: u16| [&n16(tag)[..], &n16(3), &n32(1), &n16(value), &[0, 0]].concat();
    let text = [b"ASCII\0\0\0", comment.as_bytes()].concat();
    // Header 8, first directory 2 + 24 + 4, Exif directory 2 + 12 + 4, second directory 2 + 24 + 4, text, thumbnail.
    let (exif_ifd, second) = (8 + 30, 8 + 30 + 18);
    let (text_at, thumbnail_at) = (second + 30, second + 30 + text.len() as u32);
    let mut out = if little { b"II*\0".to_vec() } else { b"MM\0*".to_vec() };
    out.extend(n32(8));
    out.extend(n16(2));
    out.extend(short(0x0112, orientation));
    out.extend(entry(0x8769, 4, 1, exif_ifd));
    out.extend(n32(if thumbnail.is_empty() { 0 } else { second }));
    out.extend(n16(1));
    out.extend(entry(0x9286, 7, text.len() as u32, text_at));
    out.extend(n32(0));
    out.extend(n16(2));
    out.extend(entry(0x0201, 4, 1, thumbnail_at));
    out.extend(entry(0x0202, 4, 1, thumbnail.len() as u32));
    out.extend(n32(0));
    out.extend(text);
    out.extend(thumbnail);
    out
}

/// An XMP packet around properties.
pub fn xmp(inside: &str) -> Vec<u8> {
    format!(
        "<?xpacket begin='' id='W5M0MpCehiHzreSzNTczkc9d'?><x:xmpmeta xmlns:x='adobe:ns:meta/'>\
         <rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description rdf:about=''>{inside}\
         </rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end='w'?>"
    )
    .into_bytes()
}

/// A JPEG segment.
pub fn segment(marker: u8, body: &[u8]) -> Vec<u8> {
    [&[0xFF, marker][..], &(body.len() as u16 + 2).to_be_bytes(), body].concat()
}

/// A JPEG of 8 x 8 grey pixels in structure: `metadata` are whole segments after JFIF.
pub fn jpeg(metadata: &[Vec<u8>]) -> Vec<u8> {
    let mut out = vec![0xFF, 0xD8];
    out.extend(segment(0xE0, b"JFIF\0\x01\x01\x01\0\x48\0\x48\0\0"));
    out.extend(metadata.concat());
    out.extend(segment(0xDB, &[&[0][..], &[16; 64]].concat()));
    out.extend(segment(0xC0, &[8, 0, 8, 0, 8, 1, 1, 0x11, 0]));
    out.extend(segment(0xC4, &[&[0][..], &[0, 1], &[0; 14], &[0]].concat()));
    out.extend(segment(0xDA, &[1, 1, 0, 0, 63, 0]));
    out.extend([0x12, 0xFF, 0, 0x34, 0xFF, 0xD0, 0x56, 0xFF, 0xD9]);
    out
}

/// A PNG chunk.
pub fn chunk(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let named = [&name[..], body].concat();
    let mut sum = u32::MAX;
    for &byte in &named {
        sum ^= u32::from(byte);
        for _ in 0..8 {
            sum = if sum & 1 == 1 { sum >> 1 ^ 0xEDB8_8320 } else { sum >> 1 };
        }
    }
    [&(body.len() as u32).to_be_bytes()[..], &named, &(!sum).to_be_bytes()].concat()
}

/// A PNG of one grey pixel: `before` and `after` are whole chunks around IDAT.
pub fn png(before: &[Vec<u8>], after: &[Vec<u8>]) -> Vec<u8> {
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    out.extend(chunk(b"IHDR", &[0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0]));
    out.extend(before.concat());
    out.extend(chunk(b"IDAT", &miniz_oxide::deflate::compress_to_vec_zlib(&[0, 77], 6)));
    out.extend(after.concat());
    out.extend(chunk(b"IEND", &[]));
    out
}

/// A RIFF chunk.
pub fn riff(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut out = [&name[..], &(body.len() as u32).to_le_bytes(), body].concat();
    if body.len() % 2 == 1 {
        out.push(0);
    }
    out
}

/// A VP8L chunk of 3 x 2 pixels with alpha, in structure; its length is odd.
pub fn vp8l() -> Vec<u8> {
    riff(b"VP8L", &[&[0x2F][..], &(2u32 | 1 << 14 | 1 << 28).to_le_bytes(), &[1, 2, 3, 4, 5, 6]].concat())
}

/// A WebP of whole chunks.
pub fn webp(chunks: &[Vec<u8>]) -> Vec<u8> {
    let body = chunks.concat();
    [b"RIFF", &(body.len() as u32 + 4).to_le_bytes()[..], b"WEBP", &body].concat()
}

/// A GIF of one pixel: `blocks` are whole blocks before its frame.
pub fn gif(blocks: &[Vec<u8>]) -> Vec<u8> {
    let head = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xFF\xFF\xFF";
    [&head[..], &blocks.concat(), b"\x2C\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0\x3B"].concat()
}

/// A TIFF of one grey pixel, turned for display; its directory comes last.
pub fn tiff(little: bool) -> Vec<u8> {
    let n16 = |value: u16| if little { value.to_le_bytes() } else { value.to_be_bytes() };
    let n32 = |value: u32| if little { value.to_le_bytes() } else { value.to_be_bytes() };
    let short = |tag: u16, value: u16| [&n16(tag)[..], &n16(3), &n32(1), &n16(value), &[0, 0]].concat();
    let long = |tag: u16, value: u32| [&n16(tag)[..], &n16(4), &n32(1), &n32(value)].concat();
    let fields =
        [short(256, 1), short(257, 1), short(258, 8), short(259, 1), short(262, 1), long(273, 8), short(274, 6), long(279, 1)];
    let mut out = if little { b"II*\0".to_vec() } else { b"MM\0*".to_vec() };
    out.extend(n32(10));
    out.extend([77, 0]);
    out.extend(n16(fields.len() as u16));
    out.extend(fields.concat());
    out.extend(n32(0));
    out
}

/// One small file of each kind with metadata of many sorts.
pub fn all() -> Vec<(&'static str, Vec<u8>)> {
    let block = exif(true, 6, "hello", &[0xFF, 0xD8, 1, 2, 3, 0xFF, 0xD9]);
    let packet = xmp("<dc:title xmlns:dc='http://purl.org/dc/elements/1.1/'>T</dc:title>");
    let jpeg = jpeg(&[
        segment(0xE1, &[b"Exif\0\0", &block[..]].concat()),
        segment(0xE1, &[b"http://ns.adobe.com/xap/1.0/\0", &packet[..]].concat()),
        segment(0xED, b"Photoshop 3.0\08BIM\x04\x0C\0\0\0\0\0\x048bit8BIM\x04\x04\0\0\0\0\0\x02ab"),
        segment(0xFE, b"a comment"),
    ]);
    let itxt = [b"XML:com.adobe.xmp\0\0\0\0\0", &packet[..]].concat();
    let png = png(
        &[chunk(b"gAMA", &[0, 0, 0xB1, 0x8F]), chunk(b"iTXt", &itxt), chunk(b"eXIf", &block), chunk(b"tEXt", b"Title\0x")],
        &[chunk(b"tIME", &[7, 0xE9, 1, 1, 1, 1, 1])],
    );
    let simple = webp(&[vp8l()]);
    let flags = riff(b"VP8X", &[0x1C, 0, 0, 0, 2, 0, 0, 1, 0, 0]);
    let extended = webp(&[flags, vp8l(), riff(b"EXIF", &block), riff(b"XMP ", &packet), riff(b"abcd", b"odd")]);
    let gif = gif(&[b"\x21\xFF\x0BNETSCAPE2.0\x03\x01\0\0\0".to_vec(), b"\x21\xFE\x05hello\0".to_vec()]);
    vec![("jpeg", jpeg), ("png", png), ("webp simple", simple), ("webp extended", extended), ("gif", gif), ("tiff", tiff(true))]
}
