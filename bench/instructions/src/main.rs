//! One operation of the core on a made picture. `instructions WHAT SIDE`, WHAT of: prepare, embed, direct, none. `prepare` makes and marks
//! the picture only; bench/instructions.mjs takes its count from those of the others.

use bench_stand::report::{end, tell};
use bench_stand::{Failure, made, random};
use countermark_core::image::detect::{self, Effort, detect};
use countermark_core::image::embed::{self, embed};
use countermark_core::watermark::Quality;
use std::process::ExitCode;

fn main() -> ExitCode {
    end("instructions", run())
}

fn run() -> Result<(), Failure> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [what, side] = words.as_slice() else { return Err("usage: instructions prepare|embed|direct|none SIDE".into()) };
    let side = side.parse()?;
    let original = made::picture("scene", side, side)?;
    let key = random::key("instructions", "1")?;
    let embedded = || -> Result<Vec<u8>, Failure> {
        let mut samples = original.samples.clone();
        let options = embed::Options {
            image: original.format,
            key: key.clone(),
            payload: "0123456789abcdef".to_owned(),
            quality: Quality::Standard,
        };
        if !embed(&mut samples, &options)?.embedded {
            return Err("the made picture could not be marked".into());
        }
        Ok(samples)
    };
    let look = |samples: &[u8], effort| -> Result<bool, Failure> {
        let found =
            detect(samples, &detect::Options { image: original.format, keys: vec![key.clone()], effort, expect: Vec::new() })?;
        Ok(found.evidence.iter().any(|evidence| evidence.payload.is_some()))
    };
    let marked = embedded()?;
    // What is counted must have done its work.
    let done = match what.as_str() {
        "prepare" => true,
        "embed" => embedded()? == marked,
        "direct" => look(&marked, Effort::Direct)?,
        "none" => !look(&original.samples, Effort::Full)?,
        _ => return Err(format!("there is no {what}").into()),
    };
    if done {
        tell(&format!("{what} {side}: done"));
        Ok(())
    } else {
        Err(format!("{what} {side} gave the wrong answer").into())
    }
}
