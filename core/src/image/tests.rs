//! Marks go in and come out again, on made pictures; real ones and real codecs are the study's matter.

use super::frame::Format;
use super::{detect, embed, quality};
use crate::watermark::Quality;

const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const OTHER: &str = "100102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const PAYLOAD: &str = "0123456789abcdef0f1e2d3c4b5a6978";

/// A picture with detail of every size, like a photograph of foliage: noise of several octaves.
fn picture(width: usize, height: usize, channels: usize) -> Vec<u8> {
    let hash = |x: usize, y: usize, octave: usize| {
        let mut h = (x as u32).wrapping_mul(0x9e37_79b1)
            ^ (y as u32).wrapping_mul(0x85eb_ca77)
            ^ (octave as u32).wrapping_mul(0xc2b2_ae3d);
        h = (h ^ h >> 15).wrapping_mul(0x2c1b_3c6d);
        h = (h ^ h >> 12).wrapping_mul(0x297a_2d39);
        f32::from((h >> 20) as u16) / 2048.0 - 1.0
    };
    let value = |x: usize, y: usize, octave: usize| {
        let cell = 1 << octave;
        let (fx, fy) = ((x % cell) as f32 / cell as f32, (y % cell) as f32 / cell as f32);
        let at = |dx: usize, dy: usize| hash(x / cell + dx, y / cell + dy, octave);
        let upper = at(0, 0) * (1.0 - fx) + at(1, 0) * fx;
        let lower = at(0, 1) * (1.0 - fx) + at(1, 1) * fx;
        upper * (1.0 - fy) + lower * fy
    };
    let mut samples = Vec::with_capacity(width * height * channels);
    for y in 0..height {
        for x in 0..width {
            let level: f32 = (0..8).map(|octave| value(x, y, octave) * (3.0 + 4.0 * octave as f32)).sum();
            for channel in 0..channels {
                let tint = value(x, y, 6 + channel) * 12.0;
                samples.push((120.0 + level + tint).clamp(0.0, 255.0) as u8);
            }
        }
    }
    samples
}

fn format(width: usize, height: usize, channels: u8, depth: u8) -> Format {
    Format { width: width as u32, height: height as u32, channels, depth, orientation: 1 }
}

fn mark(samples: &mut [u8], image: Format, payload: &str) -> embed::Report {
    let options = embed::Options { image, key: KEY.to_owned(), payload: payload.to_owned(), quality: Quality::Standard };
    embed::embed(samples, &options).unwrap()
}

fn look(samples: &[u8], image: Format, key: &str, effort: detect::Effort) -> detect::Evidence {
    let options = detect::Options { image, keys: vec![key.to_owned()], effort, expect: Vec::new() };
    detect::detect(samples, &options).unwrap().evidence.remove(0)
}

/// The part of an RGB picture from column and row (`left`, `top`) on.
fn cut(samples: &[u8], width: usize, left: usize, top: usize, columns: usize, rows: usize) -> Vec<u8> {
    (top..top + rows).flat_map(|y| samples[3 * (y * width + left)..3 * (y * width + left + columns)].to_vec()).collect()
}

#[test]
fn a_marked_picture_is_read_and_nothing_else_is() {
    let (width, height) = (640, 512);
    let image = format(width, height, 3, 8);
    let before = picture(width, height, 3);
    let mut after = before.clone();
    let report = mark(&mut after, image, PAYLOAD);
    assert!(report.embedded && report.bits == 64, "{report:?}");
    let measured = quality::compare(&before, &after, &quality::Options { image }).unwrap();
    assert!(measured.psnr >= 42.0 && measured.ssim >= 0.985, "{measured:?}");
    assert!((measured.psnr - report.psnr).abs() < 0.01 && (measured.ssim - report.ssim).abs() < 0.002, "{report:?} {measured:?}");

    let found = look(&after, image, KEY, detect::Effort::Direct);
    assert_eq!(found.payload.as_deref(), Some(&PAYLOAD[..16]));
    assert!(found.found && found.p_value < 1e-9 && found.bits == Some(64), "{found:?}");
    let place = found.place.unwrap().transform;
    assert!((place.scale - 1.0).abs() < 1e-9 && place.rotation == 0.0 && !place.mirrored, "{place:?}");

    for (samples, key) in [(&after, OTHER), (&after, "public"), (&before, KEY)] {
        let nothing = look(samples, image, key, detect::Effort::Full);
        assert!(!nothing.found && nothing.payload.is_none() && nothing.p_value > 1e-6, "{nothing:?}");
    }
}

#[test]
fn the_same_call_gives_the_same_picture_and_another_payload_another() {
    let image = format(520, 512, 3, 8);
    let mut one = picture(520, 512, 3);
    let (mut two, mut three) = (one.clone(), one.clone());
    mark(&mut one, image, PAYLOAD);
    mark(&mut two, image, PAYLOAD);
    mark(&mut three, image, &PAYLOAD[16..]);
    assert!(one == two && one != three);
}

#[test]
fn every_pattern_of_a_key_is_found() {
    let image = format(520, 512, 1, 8);
    let before = picture(520, 512, 1);
    // Eight payloads: eight of 256 patterns, most likely all different.
    for number in 0..8u8 {
        let mut after = before.clone();
        let payload = format!("{number:02x}23456789abcdef");
        mark(&mut after, image, &payload);
        let found = look(&after, image, KEY, detect::Effort::Direct);
        assert_eq!(found.payload.as_deref(), Some(&payload[..]), "{found:?}");
    }
}

#[test]
fn flips_quarter_turns_and_cuts_are_found() {
    let (width, height) = (768, 512);
    let mut samples = picture(width, height, 3);
    mark(&mut samples, format(width, height, 3, 8), PAYLOAD);
    let pixel = |x: usize, y: usize| samples[3 * (y * width + x)..3 * (y * width + x) + 3].to_vec();

    let flipped: Vec<u8> = (0..height).flat_map(|y| (0..width).rev().flat_map(move |x| pixel(x, y))).collect();
    let found = look(&flipped, format(width, height, 3, 8), KEY, detect::Effort::Direct);
    assert_eq!(found.payload.as_deref(), Some(&PAYLOAD[..16]));
    assert!(found.place.unwrap().transform.mirrored);

    // A quarter turn clockwise: the new pixel (x, y) was (y, height - 1 - x).
    let turned: Vec<u8> = (0..width).flat_map(|y| (0..height).flat_map(move |x| pixel(y, height - 1 - x))).collect();
    let found = look(&turned, format(height, width, 3, 8), KEY, detect::Effort::Direct);
    assert_eq!(found.payload.as_deref(), Some(&PAYLOAD[..16]));
    let place = found.place.unwrap().transform;
    assert!((place.rotation - 90.0).abs() < 0.01 && !place.mirrored, "{place:?}");

    // Not at the direct stage's sizes: the short side is 413.
    let part = cut(&samples, width, 101, 63, 590, 413);
    let found = look(&part, format(590, 413, 3, 8), KEY, detect::Effort::Scan);
    assert_eq!(found.payload.as_deref(), Some(&PAYLOAD[..16]));
}

#[test]
fn any_angle_is_found_by_the_full_search() {
    let (width, height) = (640, 640);
    let mut samples = picture(width, height, 3);
    mark(&mut samples, format(width, height, 3, 8), PAYLOAD);
    let angle = 23f64;
    let (sine, cosine) = angle.to_radians().sin_cos();
    let mut turned = vec![0u8; samples.len()];
    for y in 0..height {
        for x in 0..width {
            // Clockwise, about the middle, between pixels by straight lines.
            let (dx, dy) = (x as f64 - 319.5, y as f64 - 319.5);
            let (u, v) = (cosine * dx + sine * dy + 319.5, -sine * dx + cosine * dy + 319.5);
            if u < 0.0 || v < 0.0 || u >= 639.0 || v >= 639.0 {
                continue;
            }
            let (left, top, px, py) = (u as usize, v as usize, u.fract(), v.fract());
            for channel in 0..3 {
                let at = |dx: usize, dy: usize| f64::from(samples[3 * ((top + dy) * width + left + dx) + channel]);
                let value = (at(0, 0) * (1.0 - px) + at(1, 0) * px) * (1.0 - py) + (at(0, 1) * (1.0 - px) + at(1, 1) * px) * py;
                turned[3 * (y * width + x) + channel] = value.round() as u8;
            }
        }
    }
    let found = look(&turned, format(width, height, 3, 8), KEY, detect::Effort::Full);
    assert_eq!(found.payload.as_deref(), Some(&PAYLOAD[..16]), "{found:?}");
    let place = found.place.unwrap().transform;
    // Six tiles across 640 pixels.
    assert!((place.rotation - angle).abs() < 0.3 && (place.scale - 640.0 / 6.0 / 128.0).abs() < 0.01, "{place:?}");
}

#[test]
fn a_payload_that_is_asked_for_is_recognised_where_none_can_be_read() {
    let (width, height) = (640, 512);
    let image = format(width, height, 3, 8);
    let before = picture(width, height, 3);
    let mut marked = before.clone();
    assert!(mark(&mut marked, image, &PAYLOAD[..16]).embedded);
    // Grain of up to so many levels that buries the mark: the same for all three channels.
    let grained = |samples: &[u8], levels: i32| -> Vec<u8> {
        let grain = |at: usize| {
            let h = (at as u32 + 1).wrapping_mul(0x9e37_79b1);
            let h = (h ^ h >> 15).wrapping_mul(0x2c1b_3c6d);
            (h >> 20) as i32 * 2 * levels / 4096 - levels
        };
        samples.iter().enumerate().map(|(at, sample)| (i32::from(*sample) + grain(at / 3)).clamp(0, 255) as u8).collect()
    };
    let buried = |samples: &[u8]| grained(samples, 160);
    let ask = |samples: &[u8], key: &str, payload: &str| {
        let options = detect::Options {
            image,
            keys: vec![key.to_owned()],
            effort: detect::Effort::Direct,
            expect: vec![payload.to_owned()],
        };
        detect::detect(samples, &options).unwrap().evidence.remove(0)
    };
    let weak = buried(&marked);
    assert!(!look(&weak, image, KEY, detect::Effort::Full).found);
    for asked in [&PAYLOAD[..16], PAYLOAD] {
        let found = ask(&weak, KEY, asked);
        assert!(found.found && found.payload.is_none() && found.bits.is_none() && found.p_value <= 1e-6, "{found:?}");
        assert_eq!(found.asked.as_deref(), Some(&PAYLOAD[..16]));
    }
    // Also where there is more of it: marks that are seen, and marks that are not.
    for levels in [112, 120, 136] {
        let seen = grained(&marked, levels);
        let alone = look(&seen, image, KEY, detect::Effort::Direct);
        assert!(alone.payload.is_none() && alone.found == (levels < 116), "{levels} {alone:?}");
        assert_eq!(ask(&seen, KEY, PAYLOAD).asked.as_deref(), Some(&PAYLOAD[..16]), "{levels}");
    }
    // What can be read is read, whatever was asked for.
    let read = ask(&marked, KEY, "fedcba9876543210");
    assert!(read.payload.as_deref() == Some(&PAYLOAD[..16]) && read.asked.is_none(), "{read:?}");
    for (samples, key, payload) in
        [(&weak, KEY, "fedcba9876543210"), (&weak, OTHER, PAYLOAD), (&weak, "public", PAYLOAD), (&buried(&before), KEY, PAYLOAD)]
    {
        let nothing = ask(samples, key, payload);
        assert!(!nothing.found && nothing.asked.is_none() && nothing.p_value > 1e-6, "{nothing:?}");
    }
}

#[test]
fn every_layout_carries() {
    let (width, height) = (512, 512);
    let grey = picture(width, height, 1);
    for (channels, depth) in [(1u8, 8u8), (2, 8), (4, 8), (1, 16), (3, 16), (4, 16)] {
        let image = format(width, height, channels, depth);
        let alpha = channels % 2 == 0;
        let mut samples = Vec::new();
        for (at, level) in grey.iter().enumerate() {
            for channel in 0..channels {
                // The left eighth is transparent.
                let value = if alpha && channel + 1 == channels { if at % width < width / 8 { 0 } else { 255 } } else { *level };
                samples.push(value);
                if depth == 16 {
                    samples.push(value);
                }
            }
        }
        let before = samples.clone();
        assert!(mark(&mut samples, image, PAYLOAD).embedded);
        let found = look(&samples, image, KEY, detect::Effort::Direct);
        assert_eq!(found.payload.as_deref(), Some(&PAYLOAD[..16]), "{channels} {depth}");
        let bytes = image.pixel_bytes();
        for (at, (old, new)) in before.chunks_exact(bytes).zip(samples.chunks_exact(bytes)).enumerate() {
            if alpha {
                assert_eq!(old[bytes - 1], new[bytes - 1], "alpha");
                assert!(at % width >= width / 8 || old == new, "a transparent pixel");
            }
        }
    }
}

#[test]
fn large_pictures_carry_128_bits_and_small_ones_32() {
    let mut large = picture(1024, 1024, 1);
    let image = format(1024, 1024, 1, 8);
    assert_eq!(mark(&mut large, image, PAYLOAD).bits, 128);
    assert_eq!(look(&large, image, KEY, detect::Effort::Direct).payload.as_deref(), Some(PAYLOAD));
    let mut small = picture(320, 256, 3);
    let image = format(320, 256, 3, 8);
    assert_eq!(mark(&mut small, image, &PAYLOAD[..16]).bits, 32);
    assert_eq!(look(&small, image, KEY, detect::Effort::Direct).payload.as_deref(), Some(&PAYLOAD[..8]));
}

#[test]
fn what_cannot_carry_says_so_and_stays() {
    let mut icon = picture(159, 400, 3);
    let before = icon.clone();
    let report = mark(&mut icon, format(159, 400, 3, 8), PAYLOAD);
    assert!(!report.embedded && report.reason.unwrap().contains("160") && icon == before);
}

#[test]
fn options_outside_their_range_are_refused() {
    let image = format(512, 512, 1, 8);
    let mut samples = vec![100; 512 * 512];
    for (key, payload) in [("secret", PAYLOAD), (KEY, "0123"), (KEY, "0123456789abcdeg")] {
        let options = embed::Options { image, key: key.to_owned(), payload: payload.to_owned(), quality: Quality::High };
        assert!(embed::embed(&mut samples, &options).is_err(), "{key} {payload}");
    }
    let options = detect::Options { image, keys: vec![KEY.to_owned(); 257], effort: detect::Effort::Direct, expect: Vec::new() };
    assert!(detect::detect(&samples, &options).is_err());
    for expect in [vec!["0123".to_owned()], vec![PAYLOAD.to_owned(); 9]] {
        let options = detect::Options { image, keys: vec![KEY.to_owned()], effort: detect::Effort::Direct, expect };
        assert!(detect::detect(&samples, &options).is_err(), "{options:?}");
    }
    assert!(samples.iter().all(|sample| *sample == 100));
}

#[test]
fn degenerate_pictures_are_looked_at_without_harm() {
    for (width, height) in [(1, 1), (1, 700), (3, 2), (17, 16), (600, 5)] {
        for level in [0, 128, 255] {
            let samples = vec![level; width * height];
            let nothing = look(&samples, format(width, height, 1, 8), KEY, detect::Effort::Full);
            assert!(!nothing.found && nothing.p_value > 1e-6, "{width} {height} {nothing:?}");
        }
    }
}
