//! lab
mod clip;
use bench_stand::Failure;
use bench_stand::report::{end, tell};
use clip::{Clip, grey};
use countermark_core::image::detect::Effort;
use countermark_core::image::embed::Quality;
use countermark_core::payload;
use countermark_core::video::frame::{Layout, Subsampling};
use countermark_core::video::{detect, embed};
use std::process::ExitCode;
use std::time::Instant;

fn main() -> ExitCode {
    end("video", run())
}

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

fn run() -> Result<(), Failure> {
    let media = std::env::var("COUNTERMARK_MEDIA")?;
    let v = |name: &str| format!("{media}/video/{name}");
    let i = |name: &str| format!("{media}/image/{name}");
    let pan = "scale=1920:-2,crop=1280:720:x='n*3':y='n'";
    let sources: Vec<(&str, Vec<String>, String, (u32, u32), f64)> = vec![
        ("coffee", vec!["-i".into(), v("coffee-720p-aac.mp4")], "null".into(), (1280, 720), 30.0),
        ("cockatoo", vec!["-i".into(), v("cockatoo-720p-444-mp3.mp4")], "null".into(), (1280, 720), 20.0),
        ("bbb1080", vec!["-i".into(), v("bbb-1080p60-51audio.mp4")], "null".into(), (1920, 1080), 30.0),
        ("pan-ai", vec!["-loop".into(), "1".into(), "-i".into(), i("ai-sd-landscape.png")], pan.into(), (1280, 720), 30.0),
        ("painter", vec!["-i".into(), v("ai-cogvideo-painter-480p.mp4")], "null".into(), (720, 480), 8.0),
    ];
    let pick: Vec<String> = std::env::args().skip(1).collect();
    let attacks: Vec<(&str, &str)> = vec![
        ("x264 crf23", "-c:v libx264 -preset veryfast -crf 23"),
        ("x264 crf28", "-c:v libx264 -preset veryfast -crf 28"),
        ("x264 crf35", "-c:v libx264 -preset veryfast -crf 35"),
        ("x264 crf40", "-c:v libx264 -preset veryfast -crf 40"),
        ("360p .5M", "-vf scale=-2:360 -c:v libx264 -preset veryfast -b:v 500k -maxrate 700k -bufsize 1000k"),
        ("gif 320 10fps", "-vf fps=10,scale=320:-2 -c:v libx264 -preset veryfast -crf 30"),
        ("crop 50", "-vf crop=iw*.707:ih*.707:iw*.13:ih*.21 -c:v libx264 -preset veryfast -crf 23"),
        ("crop 25", "-vf crop=iw*.5:ih*.5:iw*.23:ih*.31 -c:v libx264 -preset veryfast -crf 23"),
        ("rot 7", "-vf rotate=7*PI/180 -c:v libx264 -preset veryfast -crf 23"),
        ("x265 30", "-c:v libx265 -preset veryfast -x265-params log-level=error -crf 30"),
    ];
    let pattern = std::env::var("ATTACK").unwrap_or_default();
    for (name, input, filter, size, fps) in sources {
        if !pick.is_empty() && !pick.iter().any(|one| name.contains(one.as_str())) { continue; }
        let input: Vec<&str> = input.iter().map(String::as_str).collect();
        let mut clip = Clip::decode(name, &input, &filter, 3.0, size, fps)?;
        let plain = Clip { frames: clip.frames.clone(), name: String::new(), ..clip };
        let layout = Layout { width: clip.width, height: clip.height, depth: 8, subsampling: Subsampling::Half, full_range: false, stride: None, chroma_stride: None };
        let options = embed::Options { video: layout, key: "public".into(), payload: payload::of("study", name, 64)?, quality: Quality::Standard };
        let start = Instant::now();
        let mut embedder = embed::Embedder::new(&options)?;
        let made = start.elapsed().as_secs_f64();
        let start = Instant::now();
        for frame in &mut clip.frames { embedder.frame(frame)?; }
        let each = start.elapsed().as_secs_f64() * 1000.0 / clip.frames.len() as f64;
        let report = embedder.report();
        tell(&format!("{name}: {}x{} {} frames, pattern {:.0} ms, {each:.2} ms/frame, psnr {:.2} worst {:.2} ssim {:.4} moved {:.3}", clip.width, clip.height, clip.frames.len(), made * 1e3, report.psnr, report.worst_psnr, report.worst_ssim, embed::MOVED.with(|v| v.get())));
        if std::env::var("SAVE").is_ok() {
            let raw = words("-c:v ffv1");
            plain.encode(&raw, &format!("/tmp/vs-{name}-plain.mkv"))?;
            clip.encode(&raw, &format!("/tmp/vs-{name}-marked.mkv"))?;
        }
        for (attack, arguments) in &attacks {
            if !attack.contains(&pattern) { continue; }
            let path = format!("/tmp/video-lab-{}.mp4", std::process::id());
            let bytes = clip.encode(&words(arguments), &path)?;
            let before = if attack.starts_with("x26") { plain.encode(&words(arguments), &format!("{path}.plain.mp4"))? } else { bytes };
            let seen = grey(&path, 8.0)?;
            let shown = Layout { width: seen.width, height: seen.height, subsampling: Subsampling::Grey, ..layout };
            let mut line = format!("  {attack:14} {:7.0} kb/s {:+5.1}% ", bytes as f64 * 8.0 / 3000.0, 100.0 * (bytes as f64 / before as f64 - 1.0));
            let start = Instant::now();
            let mut detector = detect::Detector::new(&detect::Options { video: shown, keys: vec!["public".into()], effort: Effort::Full })?;
            let mut read = 0;
            for (at, frame) in seen.frames.iter().enumerate() {
                if detector.frame(frame, at as f64 / 8.0, false)? && read == 0 { read = at + 1; break; }
            }
            let e = detector.finish()?.evidence.remove(0);
            let ok = if e.payload.as_ref() == Some(&options.payload) { "P" } else if e.payload.is_some() { "WRONG" } else if e.found { "f" } else { "-" };
            line += &format!(" {ok} after {read} z {:.1} p {:.1e} {:?}  {:.0} ms", e.score, e.p_value, e.place.map(|p| (p.transform.scale, p.transform.rotation, p.stretches)), start.elapsed().as_secs_f64() * 1e3);
            tell(&line);
        }
    }
    Ok(())
}
