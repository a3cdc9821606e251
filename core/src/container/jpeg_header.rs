//! What a JPEG's frame header and tables say: size, colour, subsampling, and the quality that the tables stand for.

use super::file::{File, Part, Role, u16_be};
use super::inspect::base;
use super::inspection::{Inspection, Picture};
use crate::error::{Error, Result};

/// Luma table of ITU-T T.81 Annex K.1 in zigzag order, as DQT stores it.
pub(super) const LUMA: [u16; 64] = [
    16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40, 26, 24, 22, 22, 24, 49, 35, 37, 29, 40, 58, 51, 61, 60, 57,
    51, 56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81, 87, 95, 98, 103, 104, 103, 62, 77, 113, 121, 112, 100, 120,
    92, 101, 103, 99,
];
/// Chroma table of Annex K.2 in zigzag order.
pub(super) const CHROMA: [u16; 64] = [
    17, 18, 18, 24, 21, 24, 47, 26, 26, 47, 99, 66, 56, 66, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
    99, 99,
];

/// One component of the frame.
struct Component {
    id: u8,
    across: u8,
    down: u8,
    table: u8,
}

pub(super) fn inspect(file: &File) -> Result<Inspection> {
    // SOF0-15 but DHT (C4), JPG (C8) and DAC (CC).
    let is_frame = |part: &&Part| matches!(part.name[1], 0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF);
    let Some(frame) = file.with(Role::Pixels).find(is_frame) else {
        if file.parts.iter().any(|part| part.name == [0xFF, 0xF7, 0, 0]) {
            return Err(Error::unsupported("this is JPEG-LS, which is not handled: save it as JPEG or PNG"));
        }
        return Err(Error::broken("the JPEG has no frame header", 2));
    };
    let broken = || Error::broken("the JPEG's frame header contradicts itself", frame.span.start);
    let body = file.body(frame);
    let (Some(&[depth]), Some(mut height), Some(width)) = (body.first_chunk(), u16_be(body, 1), u16_be(body, 3)) else {
        return Err(broken());
    };
    let count = usize::from(*body.get(5).ok_or_else(broken)?);
    let listed = body.get(6..6 + 3 * count).ok_or_else(broken)?;
    let components: Vec<Component> = listed
        .chunks_exact(3)
        .filter_map(|entry| entry.first_chunk().copied())
        .map(|[id, factors, table]| Component { id, across: factors >> 4, down: factors & 15, table })
        .collect();
    if components.iter().any(|one| !(1..=4).contains(&one.across) || !(1..=4).contains(&one.down)) {
        return Err(broken());
    }
    if height == 0 {
        // The number of lines may follow the first scan (DNL).
        let lines = file.with(Role::Pixels).find(|part| part.name[1] == 0xDC);
        height = lines.and_then(|part| u16_be(file.body(part), 0)).unwrap_or(0);
    }
    if width == 0 || height == 0 || !(2..=16).contains(&depth) {
        return Err(broken());
    }
    let adobe = file.with(Role::Pixels).find(|part| part.name[1] == 0xEE).and_then(|part| file.body(part).get(11).copied());
    let ids: Vec<u8> = components.iter().map(|one| one.id).collect();
    let colour = match (count, adobe) {
        (1, _) => "grey",
        (3, Some(0)) => "rgb",
        (3, None) if !file.has(Role::Jfif) && ids == *b"RGB" => "rgb",
        (3, _) => "ycc",
        (4, Some(2)) => "ycck",
        (4, _) => "cmyk",
        _ => return Err(Error::unsupported(format!("a JPEG of {count} components is not handled"))),
    };
    let marker = frame.name[1];
    let lossless = matches!(marker & 3, 3);
    let picture = Picture {
        size: (width.into(), height.into()),
        channels: count as u8,
        alpha: false,
        depth,
        colour,
        animated: false,
        lossless,
    };
    let mut report = base(file, picture)?;
    let jfif_thumbnail = file.with(Role::Jfif).any(|part| matches!(file.body(part).get(7..9), Some(size) if !size.contains(&0)));
    report.has_thumbnail |= jfif_thumbnail;
    report.progressive = Some(marker & 3 == 2);
    report.coding = Some(match marker {
        0xC5..=0xC7 | 0xCD..=0xCF => "hierarchical",
        0xC3 | 0xCB => "lossless",
        0xC9 | 0xCA => "arithmetic",
        _ => "huffman",
    });
    if count >= 3 {
        report.subsampling = Some(subsampling(&components));
    }
    if !lossless {
        report.quality = quality(&tables(file), &components);
    }
    Ok(report)
}

fn subsampling(components: &[Component]) -> &'static str {
    let [luma, blue, red, ..] = components else { return "other" };
    if (blue.across, blue.down) != (red.across, red.down) || luma.across % blue.across != 0 || luma.down % blue.down != 0 {
        return "other";
    }
    match (luma.across / blue.across, luma.down / blue.down) {
        (1, 1) => "4:4:4",
        (2, 1) => "4:2:2",
        (2, 2) => "4:2:0",
        (1, 2) => "4:4:0",
        (4, 1) => "4:1:1",
        (4, 2) => "4:1:0",
        _ => "other",
    }
}

/// The four table slots as they stand when the first scan begins.
fn tables(file: &File) -> [Option<[u16; 64]>; 4] {
    let mut slots = [None; 4];
    for part in file.parts.iter().take_while(|part| part.name != [0xFF, 0xDA, 0, 0]) {
        if part.name != [0xFF, 0xDB, 0, 0] {
            continue;
        }
        let mut rest = file.body(part);
        while let Some((&head, after)) = rest.split_first() {
            let size = if head >> 4 == 0 { 1 } else { 2 };
            let Some((values, after)) = after.split_at_checked(64 * size) else { break };
            let mut table = [0; 64];
            for (value, bytes) in table.iter_mut().zip(values.chunks_exact(size)) {
                *value = bytes.iter().fold(0, |sum, &byte| sum << 8 | u16::from(byte));
            }
            if let Some(slot) = slots.get_mut(usize::from(head & 15)) {
                *slot = Some(table);
            }
            rest = after;
        }
    }
    slots
}

/// The IJG quality whose scaled tables of Annex K come nearest, by the sum of relative differences. Exact for libjpeg
/// and everything that scales like it; for other tables the one that quantises about as hard.
fn quality(slots: &[Option<[u16; 64]>; 4], components: &[Component]) -> Option<u8> {
    let slot = |index: usize| components.get(index).and_then(|one| slots.get(usize::from(one.table)).copied().flatten());
    let luma = slot(0)?;
    let chroma = if components.len() >= 3 { slot(1) } else { None };
    // With one table for all, the picture is RGB or CMYK and the encoder scaled the luma table.
    let chroma = chroma.filter(|_| components.first().map(|one| one.table) != components.get(1).map(|one| one.table));
    let distance = |quality: u32| {
        let scale = if quality < 50 { 5000 / quality } else { 200 - 2 * quality };
        let one = |table: &[u16; 64], standard: &[u16; 64]| -> f64 {
            table
                .iter()
                .zip(standard)
                .map(|(&value, &base)| {
                    let expected = ((u32::from(base) * scale + 50) / 100).clamp(1, 32_767);
                    // libjpeg holds tables to 255 unless asked for more.
                    let expected = if value <= 255 { expected.min(255) } else { expected };
                    f64::from(expected.abs_diff(value.into())) / f64::from(expected.max(value.into()).max(1))
                })
                .sum()
        };
        one(&luma, &LUMA) + chroma.as_ref().map_or(0.0, |table| one(table, &CHROMA))
    };
    (1..=100u32).min_by(|&a, &b| distance(a).total_cmp(&distance(b))).map(|best| best as u8)
}
