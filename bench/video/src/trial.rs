//! One clip: marked, put through all changes, looked at.

use crate::attacks::Attack;
use crate::clip::{Clip, Grey, Source, grey, transcode};
use bench_stand::Failure;
use bench_stand::random;
use bench_stand::report::tell;
use countermark_core::image::detect::Effort;
use countermark_core::image::quality;
use countermark_core::payload;
use countermark_core::video::detect::{self, Detector};
use countermark_core::video::embed::{self, Embedder};
use countermark_core::video::frame::{Layout, Subsampling};
use countermark_core::video::label::Display;
use countermark_core::watermark::Quality;
use std::time::Instant;

/// Frames a second that are looked at.
const RATE: f64 = 8.0;

/// What came of one change.
pub struct Outcome {
    pub attack: &'static str,
    pub aim: u32,
    pub read: bool,
    pub found: bool,
    pub wrong: bool,
    pub kilobits: f64,
    /// Size beside the unmarked clip's, in per cent more.
    pub growth: Option<f64>,
    /// The first frame alone.
    pub single: bool,
}

/// One clip.
pub struct Trial {
    pub name: &'static str,
    pub tuned: bool,
    pub width: u32,
    pub height: u32,
    pub frames: usize,
    pub psnr: f64,
    pub worst_psnr: f64,
    /// Luma, mean and lowest of every eighth frame and the first.
    pub ssim: f64,
    pub worst_ssim: f64,
    pub milliseconds: f64,
    /// Longest time of looking for the mark, seconds: frames and full search.
    pub looking: f64,
    pub outcomes: Vec<Outcome>,
    /// Keys that were tried on the unmarked clip, findings, smallest p-value.
    pub keys: usize,
    pub alarms: usize,
    pub least: f64,
}

fn layout(width: u32, height: u32, subsampling: Subsampling) -> Layout {
    Layout { width, height, depth: 8, subsampling, full_range: false, stride: None, chroma_stride: None }
}

/// Puts a clip through everything.
pub fn trial(media: &str, source: &Source, attacks: &[Attack], seconds: f64, keys: usize) -> Result<Trial, Failure> {
    let plain = Clip::decode(media, source, seconds)?;
    let mut clip = plain.clone();
    let video = layout(clip.width, clip.height, Subsampling::Half);
    let key = random::key("video", source.name)?;
    let payload = payload::of("Video study", source.name, 64)?;
    let options = embed::Options {
        video,
        key: key.clone(),
        payload: payload.clone(),
        display: Display::default(),
        label: None,
        watermark: true,
        quality: Quality::Standard,
    };
    let mut embedder = Embedder::new(&[], &options)?;
    let start = Instant::now();
    for frame in &mut clip.frames {
        embedder.frame(frame, false)?;
    }
    let milliseconds = start.elapsed().as_secs_f64() * 1e3 / clip.frames.len() as f64;
    let report = embedder.report();
    let luma = video.luma_bytes();
    let mut similar = Vec::new();
    let format = countermark_core::image::frame::Format {
        width: video.width,
        height: video.height,
        channels: 1,
        depth: 8,
        orientation: 1,
    };
    for (before, after) in plain.frames.iter().zip(&clip.frames).step_by(8) {
        similar.push(quality::compare(&before[..luma], &after[..luma], &quality::Options { image: format })?.ssim);
    }
    let ssim = similar.iter().sum::<f64>() / similar.len() as f64;
    let worst_ssim = similar.iter().copied().fold(1.0, f64::min);
    let mut done = Trial {
        name: source.name,
        tuned: source.tuned,
        width: clip.width,
        height: clip.height,
        frames: clip.frames.len(),
        psnr: report.psnr,
        worst_psnr: report.worst_psnr,
        ssim,
        worst_ssim,
        milliseconds,
        looking: 0.0,
        outcomes: Vec::new(),
        keys,
        alarms: 0,
        least: 1.0,
    };
    tell(&format!(
        "{}: {} frames, {:.2} dB, worst {:.2}, SSIM {ssim:.4}, worst {worst_ssim:.4}, {milliseconds:.1} ms",
        done.name, done.frames, done.psnr, done.worst_psnr
    ));
    let folder = std::env::temp_dir().join(format!("video-study-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let file = |name: &str, kind: &str| folder.join(format!("{name}.{kind}")).to_string_lossy().into_owned();
    for attack in attacks {
        let first = file("coded", if attack.again.is_some() { "mp4" } else { attack.kind });
        let bytes = clip.encode(attack.code, &first)?;
        let growth = if attack.sized {
            Some(100.0 * (bytes as f64 / plain.encode(attack.code, &file("plain", attack.kind))? as f64 - 1.0))
        } else {
            None
        };
        let last = match attack.again {
            Some(again) => {
                let path = file("again", attack.kind);
                transcode(&first, &again.replace("source_fps", &clip.fps.to_string()), &path)?;
                path
            }
            None => first,
        };
        let seen = grey(&last, RATE)?;
        let start = Instant::now();
        let evidence = look(&seen, std::slice::from_ref(&key), Effort::Full)?.remove(0);
        done.looking = done.looking.max(start.elapsed().as_secs_f64());
        let single = Grey { frames: seen.frames[..1].to_vec(), ..seen };
        let alone = look(&single, std::slice::from_ref(&key), Effort::Direct)?.remove(0);
        // A small film carries the payload's first half only.
        let is_ours = |seen: &detect::Evidence| seen.payload.as_ref().is_some_and(|seen| payload[..2 * report.bits / 8] == *seen);
        let read = is_ours(&evidence.0);
        tell(&format!(
            "  {}: {} after {} frames, z {:.1}, p {:.1e}",
            attack.name,
            if read { "read" } else { "-" },
            evidence.1,
            evidence.0.score,
            evidence.0.p_value
        ));
        done.outcomes.push(Outcome {
            attack: attack.name,
            aim: attack.aim,
            read,
            found: evidence.0.found,
            wrong: evidence.0.payload.is_some() && !read,
            kilobits: bytes as f64 * 8.0 / 1e3 / (clip.frames.len() as f64 / clip.fps),
            growth,
            single: is_ours(&alone.0),
        });
    }
    // Other keys on the unmarked clip, coded as a service would.
    let path = file("false", "mp4");
    plain.encode("-c:v libx264 -preset veryfast -crf 23 -pix_fmt yuv420p", &path)?;
    let seen = grey(&path, RATE)?;
    let others =
        (0..keys).map(|at| random::key("video false", &format!("{} {at}", source.name))).collect::<Result<Vec<_>, _>>()?;
    for (evidence, _) in look(&seen, &others, Effort::Direct)? {
        done.alarms += usize::from(evidence.found);
        done.least = done.least.min(evidence.p_value);
    }
    std::fs::remove_dir_all(&folder)?;
    Ok(done)
}

/// Each key's finding, and frames that were looked at.
fn look(seen: &Grey, keys: &[String], effort: Effort) -> Result<Vec<(detect::Evidence, u64)>, Failure> {
    let video = layout(seen.width, seen.height, Subsampling::Grey);
    let options = detect::Options { video, keys: keys.to_vec(), effort, display: Display::default(), texts: Vec::new() };
    let mut detector = Detector::new(&options)?;
    for (at, frame) in seen.frames.iter().enumerate() {
        if detector.frame(frame, at as f64 / RATE, at == 0)? {
            break;
        }
    }
    let report = detector.finish()?;
    Ok(report.evidence.into_iter().map(|evidence| (evidence, report.frames)).collect())
}
