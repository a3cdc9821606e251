//! SSIMULACRA 2 of pairs of pictures. One JSON request a line on standard input, one answer a line on standard output:
//! `{"original": FILE, "changed": FILE, "width": W, "height": H}` gives `{"ssimulacra2": N}`, or `{"error": TEXT}`.
//! The files hold 8-bit RGB samples in sRGB. 100 is no difference, 90 none that is seen beside the original, 70 high quality.

use bench_stand::Failure;
use bench_stand::report::end;
use serde::{Deserialize, Serialize};
use ssimulacra2::{ColorPrimaries, Rgb, TransferCharacteristic, compute_frame_ssimulacra2};
use std::io::{BufRead as _, Write as _};
use std::process::ExitCode;

#[derive(Deserialize)]
struct Request {
    original: String,
    changed: String,
    width: usize,
    height: usize,
}

#[derive(Serialize, Default)]
struct Answer {
    #[serde(skip_serializing_if = "Option::is_none")]
    ssimulacra2: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

fn main() -> ExitCode {
    end("perceptual", run())
}

fn run() -> Result<(), Failure> {
    let mut out = std::io::stdout();
    for line in std::io::stdin().lock().lines() {
        let answer = match measured(&line?) {
            Ok(score) => Answer { ssimulacra2: Some(score), ..Answer::default() },
            Err(cause) => Answer { error: Some(cause.to_string()), ..Answer::default() },
        };
        writeln!(out, "{}", serde_json::to_string(&answer)?)?;
        out.flush()?;
    }
    Ok(())
}

fn measured(line: &str) -> Result<f64, Failure> {
    let Request { original, changed, width, height } = serde_json::from_str(line)?;
    let read = |path: &str| -> Result<Rgb, Failure> {
        let samples = std::fs::read(path).map_err(|cause| format!("{path}: {cause}"))?;
        let pixels: Vec<[f32; 3]> =
            samples.chunks_exact(3).map(|pixel| [0, 1, 2].map(|channel| f32::from(pixel[channel]) / 255.0)).collect();
        Ok(Rgb::new(pixels, width, height, TransferCharacteristic::SRGB, ColorPrimaries::BT709)?)
    };
    Ok(compute_frame_ssimulacra2(read(&original)?, read(&changed)?)?)
}
