//! Marked parts of longer texts: found in the text as a whole, and by the scan.

use crate::model::{Kind, Model, VOCABULARY};
use crate::schemes::schemes;
use countermark_core::token::detect::{Options, Verdict, detect};
use countermark_core::token::pick::{self, pick};
use serde_json::json;
use stand::Failure;
use stand::random::{stream, unit};
use stand::report::{table, tell};

/// Tokens of the text around the part.
const AROUND: usize = 2000;
const PARTS: [usize; 5] = [60, 100, 150, 200, 400];

/// A table of how many are found at 1e-4.
pub fn parts(texts: usize) -> Result<String, Failure> {
    let model = Model::new(Kind::Mixed, 1.0);
    let mut rows = Vec::new();
    for scheme in schemes(1)?
        .into_iter()
        .filter(|one| !one.name.starts_with("kgw") && !one.name.ends_with("table") && !one.name.ends_with("(vLLM's)"))
    {
        let base: pick::Options =
            serde_json::from_value(json!({ "mark": { "scheme": "gumbel", "key": "0" }, "random": [0.0, 0.0] }))?;
        let mut options = pick::Options { mark: scheme.mark.clone(), ..base };
        let base: Options = serde_json::from_value(json!({ "mark": { "scheme": "gumbel", "key": "0" } }))?;
        let whole = Options { mark: scheme.mark.clone(), ..base };
        let scan = Options { scan: true, ..whole.clone() };
        let mut chance = stream(&format!("parts {}", scheme.name))?;
        let mut found = [[0; PARTS.len()]; 2];
        let mut alarms = 0;
        for _ in 0..texts {
            let around: Vec<u32> = (0..AROUND).map(|_| chance.below(VOCABULARY)).collect();
            alarms += u32::from(detect(&around, &scan)?.verdict == Verdict::Found);
            for (at, length) in PARTS.iter().enumerate() {
                let mut part = Vec::new();
                for _ in 0..*length {
                    let (ids, logits) = model.place(&mut chance);
                    options.random = Some([unit(&mut chance), unit(&mut chance)]);
                    part.push(pick(logits, &ids, &part, &options)?.token);
                }
                let mut text = around.clone();
                let from = chance.below(AROUND as u32) as usize;
                text.splice(from..from, part);
                found[0][at] += u32::from(detect(&text, &whole)?.verdict == Verdict::Found);
                found[1][at] += u32::from(detect(&text, &scan)?.verdict == Verdict::Found);
            }
        }
        tell(&format!("{} in parts done", scheme.name));
        for (way, counts) in ["whole", "scan"].iter().zip(found) {
            let mut cells = vec![format!("{}, {way}", scheme.name)];
            cells.extend(counts.iter().map(|count| format!("{:.1}", 100.0 * f64::from(*count) / texts as f64)));
            cells.push(if *way == "scan" { alarms.to_string() } else { String::new() });
            rows.push(cells);
        }
    }
    let mut titles = vec!["scheme".to_owned()];
    titles.extend(PARTS.iter().map(|length| format!("part of {length}")));
    titles.push("alarms without a part".to_owned());
    Ok(format!(
        "\n## Marked parts of longer texts\n\n{AROUND} unmarked tokens around a part of the mixed model at 1 bit a token; texts found of 100 at 1e-4, of {texts} a cell.\n\n{}",
        table(&titles.iter().map(String::as_str).collect::<Vec<_>>(), &rows)
    ))
}
