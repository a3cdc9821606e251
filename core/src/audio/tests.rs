use super::detect::{self, detect};
use super::embed::{self, embed};

const SECRET: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const OTHER: &str = "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const PAYLOAD: &str = "72d3686493a04b04";

/// Something between speech and music: a voice with changing pitch and formants, syllables, breath.
pub fn voice(rate: u32, seconds: f64, seed: u32) -> Vec<f32> {
    let mut state = seed;
    let mut noise = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / 8_388_608.0 - 1.0
    };
    let rate = f64::from(rate);
    let mut phase = 0.0f64;
    (0..(seconds * rate) as usize)
        .map(|at| {
            let t = at as f64 / rate;
            let pitch = 140.0 + 30.0 * (t * 2.1).sin() + 12.0 * (t * 7.3).sin();
            phase += pitch / rate;
            let syllable = (0.5 + 0.5 * (t * 21.0 + (t * 3.0).sin()).sin()).powi(2);
            let formant = 700.0 + 500.0 * (t * 5.7).sin();
            let voiced: f64 = (1..40)
                .map(|partial| {
                    let hertz = pitch * f64::from(partial);
                    let level = 1.0 / (1.0 + ((hertz - formant) / 300.0).powi(2)) + 0.25 / (1.0 + ((hertz - 2_600.0) / 500.0).powi(2)) + 0.01;
                    level * (std::f64::consts::TAU * phase * f64::from(partial)).sin()
                })
                .sum();
            let breath = f64::from(noise()) * (0.02 + 0.1 * (0.5 + 0.5 * (t * 9.0).sin()).powi(4));
            (0.15 * (voiced * syllable + breath)) as f32
        })
        .collect()
}

pub fn bytes(samples: &[f32]) -> Vec<u8> {
    samples.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn options(rate: u32, channels: u32) -> embed::Options {
    serde_json::from_str(&format!(
        r#"{{"rate":{rate},"channels":{channels},"key":"{SECRET}","payload":"{PAYLOAD}","quality":"standard"}}"#
    ))
    .unwrap()
}

fn look(samples: &[u8], rate: u32, channels: u32, key: &str, effort: detect::Effort) -> detect::Report {
    detect(samples, &detect::Options { rate, channels, keys: vec![key.to_owned()], effort }).unwrap()
}

#[test]
fn a_mark_is_read_from_every_part_and_no_other_key_reads_it() {
    let sound = voice(48_000, 10.0, 1);
    let mut marked = bytes(&sound);
    let report = embed(&mut marked, &options(48_000, 1)).unwrap();
    eprintln!("{report:?}");
    assert!(report.embedded && report.bits == 64 && report.snr >= 25.0, "{report:?}");
    for (from, seconds) in [(0.0, 10.0), (1.37, 3.0), (5.03, 4.0)] {
        let part = &marked[(from * 48_000.0) as usize * 4..][..(seconds * 48_000.0) as usize * 4];
        let found = look(part, 48_000, 1, SECRET, detect::Effort::Direct);
        eprintln!("{found:?}");
        let evidence = &found.evidence[0];
        assert!(evidence.found && evidence.payload.as_deref() == Some(PAYLOAD), "{from}: {found:?}");
        let other = look(part, 48_000, 1, OTHER, detect::Effort::Direct);
        assert!(!other.evidence[0].found && other.evidence[0].payload.is_none(), "{other:?}");
    }
    let none = look(&bytes(&sound), 48_000, 1, SECRET, detect::Effort::Full);
    assert!(!none.evidence[0].found && none.carries, "{none:?}");
}
