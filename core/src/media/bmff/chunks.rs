//! Where the samples of a track lie, by its tables (ISO/IEC 14496-12, 8.6 and 8.7).

use super::atom::{Atom, number};
use crate::error::{Error, Result};
use std::ops::Range;

/// The most samples of all tracks that are followed.
const MAX_SAMPLES: u64 = 1 << 24;

/// The chunks of all tracks, track after track.
///
/// # Errors
/// `Broken` for tables that do not fit each other, `Limit` for too many samples.
pub fn chunks(moov: &Atom) -> Result<Vec<Range<u64>>> {
    let (mut found, mut left) = (Vec::new(), MAX_SAMPLES);
    for trak in moov.inside().iter().filter(|atom| atom.kind == *b"trak") {
        let stbl = trak.child(b"mdia").and_then(|mdia| mdia.child(b"minf")).and_then(|minf| minf.child(b"stbl"));
        if let Some(stbl) = stbl {
            track(stbl, &mut left, &mut found)
                .ok_or_else(|| Error::broken("the sample tables of a track do not fit each other, or are too long", 0))?;
        }
    }
    Ok(found)
}

fn track(stbl: &Atom, left: &mut u64, found: &mut Vec<Range<u64>>) -> Option<()> {
    let sizes = stbl.child(b"stsz")?.bytes();
    let (same, count) = (number(sizes, 4, 4)?, number(sizes, 8, 4)?);
    let runs = stbl.child(b"stsc")?.bytes();
    let (table, wide) = match stbl.child(b"stco") {
        Some(table) => (table.bytes(), 4),
        None => (stbl.child(b"co64")?.bytes(), 8),
    };
    let (total, runs_total) = (number(table, 4, 4)? as usize, number(runs, 4, 4)? as usize);
    *left = left.checked_sub(count)?;
    let (mut sample, mut run) = (0, 0);
    for chunk in 0..total {
        while run + 1 < runs_total && number(runs, 8 + 12 * (run + 1), 4)? <= chunk as u64 + 1 {
            run += 1;
        }
        let samples = number(runs, 8 + 12 * run + 4, 4)?;
        let start = number(table, 8 + wide * chunk, wide)?;
        let mut end = start;
        for _ in 0..samples {
            if sample >= count {
                return None;
            }
            end = end.checked_add(if same > 0 { same } else { number(sizes, 12 + 4 * sample as usize, 4)? })?;
            sample += 1;
        }
        found.push(start..end);
    }
    Some(())
}
