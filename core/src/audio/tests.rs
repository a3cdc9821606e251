use super::Embedder;
use super::carrier::{BANDS, BLOCKS, CLASSES, Carrier, RATE, SLOTS};
use super::detect::{self, Effort, detect};
use super::embed::{self, embed};
use super::sound::{FINES, Sound};
use crate::keyed::Key;
use crate::signal::rate::Rate;

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
                    let level = 1.0 / (1.0 + ((hertz - formant) / 300.0).powi(2))
                        + 0.25 / (1.0 + ((hertz - 2_600.0) / 500.0).powi(2))
                        + 0.01;
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

fn look(samples: &[u8], rate: u32, channels: u32, key: &str, effort: Effort) -> detect::Report {
    detect(samples, &detect::Options { rate, channels, keys: vec![key.to_owned()], effort }).unwrap()
}

fn read(samples: &[u8]) -> Vec<f32> {
    super::bytes::read(samples).collect()
}

#[test]
fn a_mark_is_read_from_every_part_and_no_other_key_reads_it() {
    let sound = voice(48_000, 10.0, 1);
    let mut marked = bytes(&sound);
    let report = embed(&mut marked, &options(48_000, 1)).unwrap();
    assert!(report.embedded && report.bits == 64 && report.snr >= 25.0 && report.nmr < -5.0, "{report:?}");
    for (from, seconds) in [(0.0, 10.0), (1.37, 3.0), (5.03, 4.0)] {
        let part = &marked[(from * 48_000.0) as usize * 4..][..(seconds * 48_000.0) as usize * 4];
        let found = look(part, 48_000, 1, SECRET, Effort::Direct);
        let evidence = &found.evidence[0];
        assert!(evidence.found && evidence.payload.as_deref() == Some(PAYLOAD), "{from}: {found:?}");
        assert!(evidence.p_value <= 1e-6 && evidence.extrapolated);
        let spans = &evidence.place.as_ref().unwrap().spans;
        assert!(spans.len() == 1 && spans[0][0] < 0.1 && spans[0][1] > seconds - 0.1, "{spans:?}");
        let other = look(part, 48_000, 1, OTHER, Effort::Full);
        assert!(!other.evidence[0].found && other.evidence[0].payload.is_none(), "{other:?}");
    }
    let none = look(&bytes(&sound), 48_000, 1, SECRET, Effort::Full);
    assert!(!none.evidence[0].found && none.carries, "{none:?}");
}

#[test]
fn a_stream_gives_what_the_whole_gives_however_it_is_cut() {
    for (rate, channels) in [(44_100, 2), (16_000, 1), (8_000, 1)] {
        let sound: Vec<f32> = {
            let left = voice(rate, 3.0, 5);
            let right = voice(rate, 3.0, 6);
            if channels == 1 { left } else { left.iter().zip(&right).flat_map(|(a, b)| [*a, 0.3 * b]).collect() }
        };
        let mut whole = bytes(&sound);
        let report = embed(&mut whole, &options(rate, channels)).unwrap();
        assert!(report.embedded, "{report:?}");
        for cuts in [&[1usize][..], &[160], &[7, 4_096, 333], &[1_000_000]] {
            let mut embedder = Embedder::new(&options(rate, channels)).unwrap();
            let (mut output, mut at, mut taken) = (Vec::new(), 0, 0);
            while at < sound.len() {
                let length = cuts[taken % cuts.len()] * channels as usize;
                taken += 1;
                let end = (at + length).min(sound.len());
                embedder.push(&sound[at..end], &mut output);
                at = end;
                assert!((at - output.len()) / channels as usize <= embedder.latency());
            }
            assert!(embedder.latency() as f64 / f64::from(rate) <= 0.15, "{}", embedder.latency());
            embedder.finish(&mut output);
            assert!(bytes(&output) == whole, "{rate} {channels} {cuts:?}");
            let streamed = embedder.report();
            assert_eq!((streamed.bits, streamed.snr, streamed.nmr), (report.bits, report.snr, report.nmr));
        }
    }
}

#[test]
fn every_channel_alone_and_their_sum_carry_it_and_silent_ones_stay_silent() {
    let (rate, channels) = (48_000, 6);
    let front = voice(rate, 6.0, 2);
    let side = voice(rate, 6.0, 3);
    let sound: Vec<f32> =
        front.iter().zip(&side).flat_map(|(a, b)| [*a, 0.7 * a + 0.2 * b, 0.5 * a, 0.0, 0.4 * b, -0.4 * b]).collect();
    let mut marked = bytes(&sound);
    assert!(embed(&mut marked, &options(rate, channels)).unwrap().embedded);
    let after = read(&marked);
    let of = |channel: usize| -> Vec<f32> { after.iter().skip(channel).step_by(6).copied().collect() };
    assert!(of(3).iter().all(|value| *value == 0.0));
    let sum: Vec<f32> = after.chunks_exact(6).map(|frame| frame.iter().sum::<f32>() / 6.0).collect();
    for one in [of(0), of(1), of(2), of(4), of(5), sum] {
        let found = look(&bytes(&one), rate, 1, SECRET, Effort::Direct);
        assert_eq!(found.evidence[0].payload.as_deref(), Some(PAYLOAD), "{found:?}");
    }
    let found = look(&marked, rate, channels, SECRET, Effort::Direct);
    assert_eq!(found.evidence[0].payload.as_deref(), Some(PAYLOAD), "{found:?}");
}

#[test]
fn two_keys_stand_side_by_side() {
    let mut marked = bytes(&voice(24_000, 8.0, 4));
    let second = embed::Options { key: OTHER.to_owned(), payload: "0011223344556677".to_owned(), ..options(24_000, 1) };
    embed(&mut marked, &options(24_000, 1)).unwrap();
    embed(&mut marked, &second).unwrap();
    for (key, payload) in [(SECRET, PAYLOAD), (OTHER, "0011223344556677")] {
        let found = look(&marked, 24_000, 1, key, Effort::Direct);
        assert_eq!(found.evidence[0].payload.as_deref(), Some(payload), "{found:?}");
    }
}

#[test]
fn other_speeds_are_found() {
    let mut marked = bytes(&voice(48_000, 6.0, 7));
    embed(&mut marked, &options(48_000, 1)).unwrap();
    for speed in [1.05, 0.95] {
        // The same samples at another rate, brought back to the old one.
        let mut changed = Vec::new();
        Rate::new((48_000.0 * speed) as u32, 48_000).push(&read(&marked), &mut changed);
        let found = look(&bytes(&changed), 48_000, 1, SECRET, Effort::Full);
        let evidence = &found.evidence[0];
        assert_eq!(evidence.payload.as_deref(), Some(PAYLOAD), "{found:?}");
        let place = evidence.place.as_ref().unwrap();
        assert!((place.tempo - speed).abs() < 2e-3 && (place.speed - speed).abs() < 0.03, "{place:?}");
        assert!(!look(&bytes(&changed), 48_000, 1, SECRET, Effort::Direct).evidence[0].found);
    }
}

#[test]
fn the_marked_part_is_told() {
    let mut all = bytes(&voice(16_000, 20.0, 8));
    let (from, to) = (6 * 16_000 * 4, 11 * 16_000 * 4);
    embed(&mut all[from..to], &options(16_000, 1)).unwrap();
    let found = look(&all, 16_000, 1, SECRET, Effort::Direct);
    let place = found.evidence[0].place.as_ref().unwrap();
    assert_eq!(found.evidence[0].payload.as_deref(), Some(PAYLOAD));
    assert!(
        place.spans.len() == 1 && (place.spans[0][0] - 6.0).abs() < 0.15 && (place.spans[0][1] - 11.0).abs() < 0.15,
        "{place:?}"
    );
}

#[test]
fn what_carries_nothing_says_so_and_stays_as_it_is() {
    let tone: Vec<f32> = (0..48_000).map(|at| 0.3 * (at as f32 * 0.05).sin()).collect();
    let short = voice(16_000, 0.3, 9);
    for (sound, reason) in [(vec![0.0; 48_000], "silent"), (tone, "too"), (short, "s long")] {
        let before = bytes(&sound);
        let mut after = before.clone();
        let report = embed(&mut after, &options(16_000, 1)).unwrap();
        assert!(!report.embedded && report.bits == 0 && report.reason.as_ref().unwrap().contains(reason), "{report:?}");
        assert!(after == before);
        let found = look(&before, 16_000, 1, SECRET, Effort::Full);
        assert!(!found.carries && found.reason.is_some() && !found.evidence[0].found, "{found:?}");
    }
    assert!(embed(&mut [], &options(16_000, 1)).is_ok_and(|report| !report.embedded));
    assert!(!look(&[], 16_000, 1, SECRET, Effort::Full).carries);
}

#[test]
fn lengths_decide_how_many_bits_are_carried() {
    let long = "72d3686493a04b04009a20f034a49e5f";
    for (seconds, bits) in [(1.5, 32), (4.0, 64), (12.0, 128)] {
        let mut marked = bytes(&voice(24_000, seconds, 10));
        let report = embed(&mut marked, &embed::Options { payload: long.to_owned(), ..options(24_000, 1) }).unwrap();
        assert_eq!(report.bits, bits);
        let found = look(&marked, 24_000, 1, SECRET, Effort::Direct);
        assert_eq!(found.evidence[0].payload.as_deref(), Some(&long[..bits / 4]), "{found:?}");
    }
}

#[test]
fn options_that_mean_nothing_are_refused() {
    let mut samples = vec![0; 16];
    for (rate, channels) in [(7_999, 1), (192_001, 1), (16_000, 0), (16_000, 17), (16_000, 3)] {
        assert_eq!(embed(&mut samples, &options(rate, channels)).unwrap_err().code.as_str(), "ERR_PARAMETER");
        let asked = detect::Options { rate, channels, keys: vec![], effort: Effort::Direct };
        assert!(detect(&samples, &asked).is_err());
    }
    assert!(embed(&mut samples, &embed::Options { payload: "00".to_owned(), ..options(16_000, 1) }).is_err());
    let many = detect::Options { rate: 16_000, channels: 1, keys: vec!["public".to_owned(); 257], effort: Effort::Direct };
    assert_eq!(detect(&samples, &many).unwrap_err().code.as_str(), "ERR_LIMIT");
    let mut embedder = Embedder::new(&options(16_000, 2)).unwrap();
    assert!(embedder.push_bytes(&[0; 12]).is_err() && embedder.push_bytes(&[0; 16]).is_ok());
    embedder.finish_bytes().unwrap();
    assert!(embedder.push_bytes(&[0; 16]).is_err());
}

#[test]
fn loud_sounds_do_not_clip_and_numbers_that_are_none_stay() {
    let mut sound: Vec<f32> = voice(16_000, 3.0, 11).iter().map(|value| (8.0 * value).clamp(-1.0, 1.0)).collect();
    sound[20_000] = f32::NAN;
    let mut marked = bytes(&sound);
    embed(&mut marked, &options(16_000, 1)).unwrap();
    let after = read(&marked);
    assert!(after[20_000].is_nan() && after.iter().enumerate().all(|(at, value)| at == 20_000 || value.abs() <= 1.0));
}

/// What docs/watermark-audio.md says of averaging: the sync comes out, the word of blocks that were not heard does not. The shares
/// are printed by `cargo test --release -p countermark-core averaged -- --nocapture`.
#[test]
fn blocks_averaged_give_away_the_sync_alone() {
    let key = Key::parse(SECRET).unwrap();
    let carrier = Carrier::new(&key);
    let cells = carrier.deal(&key, CLASSES[1]).unwrap().cells;
    let plan = options(RATE, 1).plan().unwrap();
    let mut shares = Vec::new();
    for blocks in [5, 14] {
        let mut marked = bytes(&voice(RATE, 2.016 * blocks as f64, 12));
        assert!(embed(&mut marked, &options(RATE, 1)).unwrap().embedded);
        let sound = Sound::new(&marked, RATE, 1);
        let map = sound.map(0..sound.frames(), 1.0);
        let mut folded = vec![0.0f32; SLOTS * BANDS];
        for slot in 0..blocks * SLOTS {
            let Some(row) = map.rows.get(slot * FINES + FINES / 2) else { break };
            folded[slot % SLOTS * BANDS..][..BANDS].iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
        }
        let share = |signs: &mut dyn Iterator<Item = (usize, bool)>| {
            let agree: Vec<bool> = signs.map(|(at, positive)| (folded[at] > 0.0) == positive).collect();
            agree.iter().filter(|agree| **agree).count() as f64 / agree.len() as f64
        };
        let sync =
            share(&mut carrier.signs.iter().enumerate().filter(|(_, sign)| **sign != 0.0).map(|(at, sign)| (at, *sign > 0.0)));
        let unheard = (plan.block + BLOCKS - 1) % BLOCKS * SLOTS * BANDS;
        let word = share(&mut (0..SLOTS * BANDS).filter(|at| cells[unheard + at] != 0).map(|at| {
            let cell = cells[unheard + at];
            (at, (cell > 0) != plan.word[usize::from(cell.unsigned_abs()) - 1])
        }));
        eprintln!("{blocks} blocks: {:.1} % of the sync's signs, {:.1} % of an unheard block's", 100.0 * sync, 100.0 * word);
        shares.push((sync, word));
    }
    assert!(shares.iter().all(|(sync, word)| *sync > 0.65 && (word - 0.5).abs() < 0.04), "{shares:?}");
}

#[test]
fn a_marked_second_is_found_among_others() {
    let around = voice(RATE, 10.0, 13);
    let mut marked = bytes(&voice(RATE, 6.0, 14));
    embed(&mut marked, &options(RATE, 1)).unwrap();
    let mut sound = bytes(&around);
    let (from, into, length) = (2 * 64_000, 4 * 65_300, 64_000);
    sound[into..into + length].copy_from_slice(&marked[from..from + length]);
    let found = look(&sound, RATE, 1, SECRET, Effort::Direct);
    let place = found.evidence[0].place.as_ref().unwrap();
    let (start, end) = (into as f64 / 64_000.0, (into + length) as f64 / 64_000.0);
    assert!(place.spans.len() == 1, "{found:?}");
    assert!((place.spans[0][0] - start).abs() < 0.1 && (place.spans[0][1] - end).abs() < 0.1, "{found:?}");
}
