//! The report of the study.

use crate::clip::ffmpeg;
use crate::trial::{Outcome, Trial};
use bench_stand::Failure;
use bench_stand::report::{head, table};
use bench_stand::statistics::clopper_pearson;
use std::process::Command;

/// Writes the report of the clips so far.
pub fn write(trials: &[Trial], seconds: f64, keys: usize, path: &str) -> Result<(), Failure> {
    let version = Command::new(ffmpeg()).arg("-version").output()?.stdout;
    let version = String::from_utf8_lossy(&version).lines().next().unwrap_or("").to_owned();
    let facts = [
        version,
        format!(
            "clips: {seconds} s of each of {} clips; 8 frames a second are looked at; a private key each; standard quality",
            trials.len()
        ),
    ];
    let mut text = head("The watermark of films", "cargo run --release -p video-study --", &facts);
    text += "\n## Payload and presence by attack\n\nClips that the parameters were chosen with and others, apart. \"First frame\": it alone is enough. Interval: of all clips, 95 %.\n\n";
    let attacks: Vec<&Outcome> = trials.first().map(|trial| trial.outcomes.iter().collect()).unwrap_or_default();
    let rows = attacks.iter().map(|attack| {
        let of = |tuned: Option<bool>| -> Vec<&Outcome> {
            trials
                .iter()
                .filter(|trial| tuned.is_none_or(|tuned| trial.tuned == tuned))
                .flat_map(|trial| trial.outcomes.iter().filter(|outcome| outcome.attack == attack.attack))
                .collect()
        };
        let share = |all: &[&Outcome], test: fn(&Outcome) -> bool| {
            format!("{}/{}", all.iter().filter(|one| test(one)).count(), all.len())
        };
        let all = of(None);
        let (low, high) = clopper_pearson(all.iter().filter(|one| one.read).count() as u64, all.len() as u64);
        vec![
            attack.attack.to_owned(),
            attack.aim.to_string(),
            share(&of(Some(false)), |one| one.read),
            share(&of(Some(true)), |one| one.read),
            format!("{:.0}-{:.0} %", 100.0 * low, 100.0 * high),
            share(&all, |one| one.found),
            share(&all, |one| one.single),
            all.iter().filter(|one| one.wrong).count().to_string(),
        ]
    });
    text += &table(
        &["attack", "aim, %", "payload, other clips", "payload, tuned on", "interval", "presence", "first frame", "wrong"],
        &rows.collect::<Vec<_>>(),
    );
    text += "\n## Misses\n\n";
    for trial in trials {
        let missed: Vec<&str> = trial.outcomes.iter().filter(|one| !one.read).map(|one| one.attack).collect();
        text += &format!("- {}: {}\n", trial.name, if missed.is_empty() { "none".to_owned() } else { missed.join(", ") });
    }
    text += "\n## Quality, size and cost\n\nPSNR over red, green and blue, before encoding: of all frames, and of the one that was changed most. SSIM of luma, mean and lowest of every eighth frame. Growth: of the coded file at equal CRF. Marking: wall time a frame; looking: the longest of all changes, full search included; one core each, with whatever else the machine did.\n\n";
    let growth = |trial: &Trial, name: &str| {
        let one = trial.outcomes.iter().find(|one| one.attack == name);
        one.and_then(|one| one.growth.map(|growth| format!("{growth:+.1} % of {:.0} kb/s", one.kilobits))).unwrap_or_default()
    };
    let rows = trials.iter().map(|trial| {
        vec![
            format!("{}{}", trial.name, if trial.tuned { " (tuned on)" } else { "" }),
            format!("{} x {}, {}", trial.width, trial.height, trial.frames),
            format!("{:.1}", trial.psnr),
            format!("{:.1}", trial.worst_psnr),
            format!("{:.4}", trial.ssim),
            format!("{:.4}", trial.worst_ssim),
            growth(trial, "x264 CRF 23"),
            growth(trial, "x264 CRF 28"),
            growth(trial, "x264 CRF 35"),
            format!("{:.1} ms", trial.milliseconds),
            format!("{:.1} s", trial.looking),
        ]
    });
    text += &table(
        &["clip", "size, frames", "PSNR", "worst", "SSIM", "worst", "growth CRF 23", "CRF 28", "CRF 35", "marking", "looking"],
        &rows.collect::<Vec<_>>(),
    );
    let (tried, alarms) = trials.iter().fold((0, 0), |sum, trial| (sum.0 + trial.keys, sum.1 + trial.alarms));
    let least = trials.iter().map(|trial| trial.least).fold(1.0, f64::min);
    text += &format!(
        "\n## False alarms\n\n{keys} private keys on each unmarked clip, coded at CRF 23, direct search with all its looks: {alarms} findings in {tried} trials, the smallest p-value {least:.2e}.\n"
    );
    if let Some(folder) = std::path::Path::new(path).parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, text)?;
    Ok(())
}
