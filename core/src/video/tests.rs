//! Marks and labels go into made frames and come out again; real films and real encoders are the study's matter.

use super::bars::Inner;
use super::detect::{self, Detector};
use super::embed::{self, Embedder};
use super::frame::{Layout, Subsampling};
use super::label::{self, Display, Label};
use super::sums::level;
use crate::image::detect::Effort;
use crate::label::draw::Position;
use crate::signal::plane::Plane;
use crate::watermark::Quality;

const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const OTHER: &str = "100102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const PAYLOAD: &str = "0123456789abcdef";

fn layout(width: u32, height: u32) -> Layout {
    Layout { width, height, depth: 8, subsampling: Subsampling::Half, full_range: false, stride: None, chroma_stride: None }
}

fn noise(x: usize, y: usize, octave: usize) -> f32 {
    let mut h =
        (x as u32).wrapping_mul(0x9e37_79b1) ^ (y as u32).wrapping_mul(0x85eb_ca77) ^ (octave as u32).wrapping_mul(0xc2b2_ae3d);
    h = (h ^ h >> 15).wrapping_mul(0x2c1b_3c6d);
    h = (h ^ h >> 12).wrapping_mul(0x297a_2d39);
    f32::from((h >> 20) as u16) / 2048.0 - 1.0
}

/// Detail of every size, moved by `(3, 2)` pixels a frame.
fn frame(layout: &Layout, number: usize) -> Vec<u8> {
    let mut bytes = vec![128; layout.frame_bytes()];
    let wide = layout.sample_bytes() == 2;
    for y in 0..layout.height as usize {
        for x in 0..layout.width as usize {
            let (px, py) = (x + 3 * number, y + 2 * number);
            let level: f32 = (0..7)
                .map(|octave| {
                    let cell = 1 << octave;
                    let (fx, fy) = ((px % cell) as f32 / cell as f32, (py % cell) as f32 / cell as f32);
                    let at = |dx: usize, dy: usize| noise(px / cell + dx, py / cell + dy, octave);
                    let upper = at(0, 0) * (1.0 - fx) + at(1, 0) * fx;
                    let lower = at(0, 1) * (1.0 - fx) + at(1, 1) * fx;
                    (upper * (1.0 - fy) + lower * fy) * (2.0 + 4.0 * octave as f32)
                })
                .sum();
            let value = (120.0 + level).clamp(16.0, 235.0);
            let at = y * layout.stride() + x * layout.sample_bytes();
            if wide {
                let value = (value * f32::from(1u16 << (layout.depth - 8))) as u16;
                bytes[at..at + 2].copy_from_slice(&value.to_le_bytes());
            } else {
                bytes[at] = value as u8;
            }
        }
    }
    bytes
}

fn embedder(video: Layout, quality: Quality) -> Embedder {
    let options = embed::Options {
        video,
        key: KEY.to_owned(),
        payload: PAYLOAD.to_owned(),
        display: Display::default(),
        label: None,
        watermark: true,
        quality,
    };
    Embedder::new(&[], &options).unwrap()
}

fn detector(video: Layout, keys: &[&str], effort: Effort) -> Detector {
    let keys = keys.iter().map(|key| (*key).to_owned()).collect();
    Detector::new(&detect::Options { video, keys, effort, display: Display::default(), texts: Vec::new() }).unwrap()
}

#[test]
fn a_mark_is_read_by_its_key_alone_and_colour_stays() {
    let video = layout(640, 360);
    let mut marking = embedder(video, Quality::Standard);
    let mut looking = detector(video, &[KEY, OTHER], Effort::Direct);
    for number in 0..6 {
        let before = frame(&video, number);
        let mut after = before.clone();
        marking.frame(&mut after, false).unwrap();
        assert_ne!(before[..video.luma_bytes()], after[..video.luma_bytes()]);
        assert_eq!(before[video.luma_bytes()..], after[video.luma_bytes()..]);
        looking.frame(&after, number as f64 / 6.0, number == 0).unwrap();
    }
    let report = marking.report();
    assert!(report.embedded && report.bits == 64 && report.frames == 6, "{report:?}");
    assert!(report.worst_psnr >= 38.4 && report.psnr > report.worst_psnr && report.ssim > report.worst_ssim, "{report:?}");
    let found = looking.finish().unwrap();
    let [own, other] = &found.evidence[..] else { panic!("{found:?}") };
    assert_eq!(own.payload.as_deref(), Some(PAYLOAD));
    assert!(own.found && own.p_value < 1e-9 && own.modality == "video");
    let place = own.place.as_ref().unwrap();
    // Two tiles across 360 pixels, 128 canonical pixels each.
    assert!((place.transform.scale - 180.0 / 128.0).abs() < 0.01 && !place.stretches.is_empty(), "{place:?}");
    assert!(!other.found && other.payload.is_none() && other.p_value > 1e-6, "{other:?}");
}

#[test]
fn unmarked_frames_have_no_mark() {
    let video = layout(480, 320);
    let mut looking = detector(video, &["public", KEY], Effort::Full);
    for number in 0..5 {
        assert!(!looking.frame(&frame(&video, number), number as f64, true).unwrap());
    }
    for evidence in looking.finish().unwrap().evidence {
        assert!(!evidence.found && evidence.payload.is_none() && evidence.p_value > 1e-3, "{evidence:?}");
    }
}

#[test]
fn every_layout_carries_the_same_mark() {
    for (depth, subsampling, padding) in
        [(10, Subsampling::Half, 0), (8, Subsampling::Wide, 0), (12, Subsampling::Full, 6), (8, Subsampling::Grey, 24)]
    {
        let mut video = Layout { depth, subsampling, ..layout(400, 300) };
        video.stride = Some(video.stride() + padding);
        let mut marking = embedder(video, Quality::Standard);
        let mut looking = detector(video, &[KEY], Effort::Direct);
        for number in 0..4 {
            let before = frame(&video, number);
            let mut after = before.clone();
            marking.frame(&mut after, false).unwrap();
            let padded = |bytes: &[u8]| -> Vec<u8> {
                let row = video.width as usize * video.sample_bytes();
                bytes[..video.luma_bytes()].chunks(video.stride()).flat_map(|line| line[row..].to_vec()).collect()
            };
            assert_eq!(padded(&before), padded(&after));
            looking.frame(&after, number as f64, false).unwrap();
        }
        let report = marking.report();
        assert!(report.worst_psnr >= 38.4, "{depth} {subsampling:?}: {report:?}");
        let found = looking.finish().unwrap();
        assert_eq!(found.evidence[0].payload.as_deref(), Some(PAYLOAD), "{depth} {subsampling:?}");
    }
}

#[test]
fn a_stated_psnr_is_what_the_samples_say() {
    let video = layout(320, 240);
    let mut marking = embedder(video, Quality::High);
    let (mut sum, mut count) = (0.0, 0.0);
    for number in 0..3 {
        let before = frame(&video, number);
        let mut after = before.clone();
        marking.frame(&mut after, false).unwrap();
        sum +=
            before.iter().zip(&after).take(video.luma_bytes()).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum::<f64>();
        count += video.luma_bytes() as f64;
    }
    // Red, green and blue change by 255/219 of what luma does.
    let psnr = 10.0 * (255.0f64.powi(2) / (sum / count * (255.0f64 / 219.0).powi(2))).log10();
    assert!((marking.report().psnr - psnr).abs() < 0.01 && psnr > 40.4, "{psnr} {:?}", marking.report());
}

#[test]
fn a_film_keeps_the_floors_on_average_whatever_its_scenes() {
    let video = layout(320, 240);
    for cut_every in [1000, 25, 1] {
        let mut marking = embedder(video, Quality::Standard);
        for number in 0..60 {
            let mut bytes = frame(&video, number);
            if number / cut_every % 2 == 1 {
                bytes[..video.luma_bytes()].iter_mut().for_each(|value| *value = 255 - *value);
            }
            marking.frame(&mut bytes, false).unwrap();
        }
        let report = marking.report();
        // The last scene may not have paid back what its first frame took: 1.25 of 60 frames' error, 0.1 dB.
        assert!(report.psnr >= 41.9 && report.ssim >= 0.9845 && report.worst_psnr >= 38.4, "{cut_every}: {report:?}");
    }
}

#[test]
fn black_stays_black() {
    let video = layout(640, 360);
    let mut marks = embedder(video, Quality::Standard);
    let black: Vec<u8> = (0..video.frame_bytes()).map(|at| if at < video.luma_bytes() { 16 } else { 128 }).collect();
    for _ in 0..3 {
        let mut marked = black.clone();
        marks.frame(&mut marked, false).unwrap();
        let most = marked.iter().zip(&black).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
        let sum: u64 = marked.iter().zip(&black).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
        let mean = sum as f64 / video.luma_bytes() as f64;
        assert!(most <= 2 && mean < 0.25, "most {most}, mean {mean}");
    }
}

#[test]
fn frames_that_say_little_say_enough_together() {
    let video = layout(640, 360);
    let mut marking = embedder(video, Quality::Standard);
    let mut alone = 0;
    let mut together = detector(video, &[KEY], Effort::Direct);
    for number in 0..24 {
        let mut bytes = frame(&video, 40 * number);
        marking.frame(&mut bytes, false).unwrap();
        for (at, value) in bytes.iter_mut().take(video.luma_bytes()).enumerate() {
            *value = (f32::from(*value) + 70.0 * noise(at, number, 9)).clamp(0.0, 255.0) as u8;
        }
        let mut single = detector(video, &[KEY], Effort::Direct);
        single.frame(&bytes, 0.0, true).unwrap();
        alone += usize::from(single.finish().unwrap().evidence[0].found);
        together.frame(&bytes, number as f64 / 8.0, false).unwrap();
    }
    let found = together.finish().unwrap();
    assert_eq!(found.evidence[0].payload.as_deref(), Some(PAYLOAD), "{found:?}");
    assert!(alone < 12, "{alone} of 24 frames alone: the noise is too weak for this test");
}

#[test]
fn what_stands_still_does_not_drown_what_moves_in_a_sum() {
    let mut sum = Plane::new(128, 64);
    for (at, value) in sum.data.iter_mut().enumerate() {
        *value = noise(at, 0, 3) * if at % 128 < 64 { 24.0 } else { 1.0 };
    }
    let flat = level(sum);
    let loud = |columns: std::ops::Range<usize>| {
        let all = flat.data.iter().enumerate().filter(|(at, _)| columns.contains(&(at % 128))).map(|(_, value)| value * value);
        (all.sum::<f32>() / (columns.len() * 64) as f32).sqrt()
    };
    // 24 times as loud before; near the border between the two the loud one counts.
    assert!((0.8..1.25).contains(&(loud(0..40) / loud(96..128))), "{} {}", loud(0..40), loud(96..128));
    // Nothing but zeros stays that.
    assert!(level(Plane::new(16, 16)).data.iter().all(|value| *value == 0.0));
}

#[test]
fn the_marked_part_of_a_film_is_named() {
    let video = layout(480, 270);
    let mut marking = embedder(video, Quality::Standard);
    let mut looking = detector(video, &[KEY], Effort::Direct);
    for number in 0..40 {
        let seconds = f64::from(number) / 4.0;
        let mut bytes = frame(&video, 7 * number as usize);
        if (4.0..7.0).contains(&seconds) {
            marking.frame(&mut bytes, false).unwrap();
        }
        looking.frame(&bytes, seconds, false).unwrap();
    }
    let evidence = looking.finish().unwrap().evidence.remove(0);
    assert_eq!(evidence.payload.as_deref(), Some(PAYLOAD), "{evidence:?}");
    let stretches = evidence.place.unwrap().stretches;
    let [[from, to]] = stretches[..] else { panic!("{stretches:?}") };
    let shared = (to.min(7.0) - from.max(4.0)).max(0.0);
    assert!(shared / (to.max(7.0) - from.min(4.0)) >= 0.7, "{stretches:?}");
}

#[test]
fn a_long_film_needs_no_more_memory() {
    let video = layout(176, 160);
    let bytes = frame(&video, 0);
    let mut looking = detector(video, &[], Effort::Direct);
    for minute in 0..200 {
        looking.frame(&bytes, 60.0 * f64::from(minute), false).unwrap();
    }
    assert_eq!(looking.finish().unwrap().frames, 200);
}

#[test]
fn what_cannot_carry_or_is_no_frame_is_said() {
    let small = layout(128, 96);
    let mut marking = embedder(small, Quality::Standard);
    let before = frame(&small, 0);
    let mut after = before.clone();
    marking.frame(&mut after, false).unwrap();
    assert_eq!(before, after);
    let report = marking.report();
    assert!(!report.embedded && report.bits == 0 && report.reason.is_some(), "{report:?}");
    assert!(marking.frame(&mut after[1..], false).is_err());
    let mut looking = detector(small, &[KEY], Effort::Full);
    looking.frame(&before, 1.0, true).unwrap();
    assert!(looking.frame(&before, 0.5, true).is_err());
    assert!(looking.frame(&before, f64::NAN, true).is_err());
    assert!(!looking.finish().unwrap().evidence[0].found);
    for wrong in [Layout { width: 0, ..small }, Layout { depth: 7, ..small }, Layout { stride: Some(12), ..small }] {
        assert!(wrong.check().is_err(), "{wrong:?}");
    }
    // Flat frames of every level, and black ones, neither break nor overflow.
    for level in [0, 16, 128, 235, 255] {
        let video = layout(320, 240);
        let mut bytes = vec![level; video.frame_bytes()];
        embedder(video, Quality::Robust).frame(&mut bytes, false).unwrap();
        let mut looking = detector(video, &[KEY], Effort::Full);
        looking.frame(&bytes, 0.0, true).unwrap();
        looking.finish().unwrap();
    }
}

/// Rows of luma, from top to bottom of the displayed frame, that hold white ink.
fn ink_rows(bytes: &[u8], video: &Layout, display: &Display) -> f64 {
    let (mut least, mut most) = (f64::MAX, f64::MIN);
    let (width, height) = (f64::from(video.width), f64::from(video.height));
    for y in 0..video.height as usize {
        for x in 0..video.width as usize {
            if bytes[y * video.stride() + x] > 150 {
                // The displayed row, as a share of the shorter displayed side.
                let (x, y) = ((x as f64 + 0.5) / width, (y as f64 + 0.5) / height);
                let row = if display.rotation.is_multiple_of(180) { y } else { x };
                (least, most) = (least.min(row), most.max(row));
            }
        }
    }
    let (wide, high) = (width * display.aspect.max(1.0), height * (1.0 / display.aspect).max(1.0));
    let (wide, high) = if display.rotation.is_multiple_of(180) { (wide, high) } else { (high, wide) };
    (most - least) * high / wide.min(high)
}

#[test]
fn the_label_is_high_enough_however_the_film_is_shown() {
    for (rotation, aspect) in [(0, 1.0), (90, 1.0), (270, 1.0), (180, 16.0 / 11.0), (90, 0.5)] {
        for subsampling in [Subsampling::Half, Subsampling::Full] {
            let video = Layout { subsampling, ..layout(640, 480) };
            let display = Display { rotation, aspect };
            let options = label::Options { text: vec!["AI生成".to_owned()], position: Position::BottomRight, ratio: None };
            let mut label = Label::new(&video, &display, &[], &options).unwrap();
            let mut bytes = vec![60; video.frame_bytes()];
            label.draw(&mut bytes, &video);
            let height = ink_rows(&bytes, &video, &display);
            assert!((0.05..0.075).contains(&height), "{rotation} {aspect}: {height}");
            assert!(label.report().ratio >= 0.05 && label.report().frames == 1, "{:?}", label.report());
            // Colour under the ink is neutral.
            assert!(bytes[video.luma_bytes()..].iter().any(|value| (126..=129).contains(value)), "{rotation} {aspect}");
        }
    }
    assert!(Label::new(&layout(640, 480), &Display { rotation: 45, aspect: 1.0 }, &[], &label_options()).is_err());
    assert!(Label::new(&layout(640, 480), &Display { rotation: 0, aspect: 0.0 }, &[], &label_options()).is_err());
}

fn label_options() -> label::Options {
    label::Options { text: vec!["人工智能生成".to_owned()], position: Position::TopLeft, ratio: None }
}

#[test]
fn the_label_is_found_in_the_first_seconds_only_where_it_is() {
    let video = Layout { depth: 10, ..layout(640, 360) };
    let text = label_options().text;
    for (labelled, upto) in [(true, 2.0), (true, 1.0), (false, 2.0)] {
        let options = embed::Options {
            video,
            key: KEY.to_owned(),
            payload: PAYLOAD.to_owned(),
            display: Display::default(),
            label: Some(label_options()),
            watermark: false,
            quality: Quality::Standard,
        };
        let mut marking = Embedder::new(&[], &options).unwrap();
        let looking = detect::Options {
            video,
            keys: Vec::new(),
            effort: Effort::Direct,
            display: Display::default(),
            texts: vec![text.clone()],
        };
        let mut looking = Detector::new(&looking).unwrap();
        for number in 0..10 {
            let seconds = f64::from(number) / 4.0;
            let mut bytes = frame(&video, number as usize);
            marking.frame(&mut bytes, labelled && seconds < upto).unwrap();
            looking.frame(&bytes, seconds, false).unwrap();
        }
        let found = looking.finish().unwrap().label.unwrap();
        assert_eq!(found.found, labelled && upto == 2.0, "{labelled} {upto}: {found:?}");
        assert_eq!(found.frames.iter().map(|(_, there)| *there).collect::<Vec<_>>()[0], labelled);
        assert!(found.frames.len() == 3 && !marking.report().embedded, "{found:?}");
        if labelled {
            assert!(found.text == Some(text.clone()) && found.place.is_some_and(|place| place.ratio > 0.045), "{upto}");
        }
    }
}

#[test]
fn a_film_between_bars_is_read_at_its_own_size() {
    let video = layout(480, 270);
    let mut state = embedder(video, Quality::Standard);
    let wide = Layout { subsampling: Subsampling::Grey, ..layout(560, 420) };
    let mut detector = detector(wide, &[KEY], Effort::Direct);
    for number in 0..4 {
        let mut film = frame(&video, number);
        state.frame(&mut film, false).unwrap();
        let mut screen = vec![48; wide.frame_bytes()];
        for y in 0..270 {
            screen[(y + 61) * 560 + 43..][..480].copy_from_slice(&film[y * 480..][..480]);
        }
        detector.frame(&screen, number as f64 / 8.0, number == 0).unwrap();
    }
    let evidence = detector.finish().unwrap().evidence.remove(0);
    assert_eq!(evidence.payload.as_deref(), Some(PAYLOAD));
}

#[test]
fn bars_are_seen_where_they_are() {
    let video = Layout { subsampling: Subsampling::Grey, ..layout(64, 48) };
    let picture = frame(&video, 0);
    assert_eq!(Inner::of(&picture, &video).short_side(&video), None);
    let mut boxed = picture.clone();
    boxed[..64 * 7].fill(16);
    boxed[64 * 40..].fill(18);
    let inner = Inner::of(&boxed, &video);
    assert_eq!(inner.short_side(&video), Some(33));
    // A frame without bars among them, and one of a single colour.
    assert_eq!(inner.with(Inner::of(&picture, &video)).short_side(&video), None);
    let even = Inner::of(&vec![16; video.frame_bytes()], &video);
    assert_eq!(even.short_side(&video), None);
    assert_eq!(even.with(inner).short_side(&video), Some(33));
}
