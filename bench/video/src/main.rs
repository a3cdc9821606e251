//! The watermark of films through real encoders: marks clips, codes and changes them with ffmpeg, and looks for the marks again.
//!
//! `COUNTERMARK_MEDIA=FOLDER npm run study:video -- [--clips A,B] [--attacks A,B] [--seconds N] [--keys N] [--out FILE]`
//!
//! Clips come from the media folder's `video` and from slow pans over pictures of its `image`. Writes bench/results/study-video.md,
//! anew after every clip.

mod attacks;
mod clip;
mod report;
mod trial;

use bench_stand::Failure;
use bench_stand::options::Options;
use bench_stand::report::{end, tell};
use std::process::ExitCode;

fn main() -> ExitCode {
    end("video-study", run())
}

fn run() -> Result<(), Failure> {
    let options = Options::read(&["clips", "attacks", "seconds", "keys", "out"], &[])?;
    let media = std::env::var("COUNTERMARK_MEDIA").map_err(|_| "COUNTERMARK_MEDIA has to name the media folder")?;
    let picked = |text: &str, name: &str| text.is_empty() || text.split(',').any(|one| name.starts_with(one));
    let (clips, attacks) = (options.text("clips", ""), options.text("attacks", ""));
    let seconds = options.number("seconds", 3)? as f64;
    let keys = options.number("keys", 20)?;
    let out = options.text("out", "bench/results/study-video.md");
    let mut done = Vec::new();
    for source in clip::sources().iter().filter(|source| picked(&clips, source.name)) {
        let all: Vec<_> = attacks::all().into_iter().filter(|attack| picked(&attacks, attack.name)).collect();
        match trial::trial(&media, source, &all, seconds, keys) {
            Ok(result) => done.push(result),
            // A clip that cannot be decoded here is named, not passed over.
            Err(failure) => tell(&format!("{}: {failure}", source.name)),
        }
        report::write(&done, seconds, keys, &out)?;
    }
    Ok(())
}
