//! Looks for marks in sounds that were played faster or slower, stretched, or changed in pitch.

use super::carrier::{Carrier, SLOTS};
use super::search::{Place, Search, Window};
use super::sound::{FINES, Map, Sound};
use std::ops::Range;

/// Guesses that are followed.
pub const COARSE: usize = 4;
/// How far tempo and frequencies are looked for.
const REACH: f64 = 0.06;
/// Steps of the tempo: over 4 s the grid is off by two slots at the ends, one on average between two steps.
const TEMPO_STEP: f64 = 0.003;
/// Steps of the frequencies: a cell is 250 Hz wide.
const RATIO_STEP: f64 = 0.015;
/// Times that the steps are halved, and the part doubled: to 1e-4, which is half a slot in a minute.
const ROUNDS: usize = 5;
/// Slots of the part that is searched: 4 s.
const PART: usize = 334;
/// Frames of the part that is refined: 16 s.
const MOST: usize = 16 * 667;

/// What one sound is searched by, for all keys.
pub struct Coarse {
    /// Frames of the sound's map that are refined on.
    range: Range<usize>,
    /// Of these the part that is searched.
    part: Range<usize>,
    /// The ratios of frequencies, with the maps of the searched part.
    maps: Vec<(f64, Map)>,
}

/// A guess.
pub struct Guess {
    /// The best place in the searched part; its slots count from the beginning of the refined part.
    pub place: Place,
    /// The ratio of frequencies.
    pub ratio: f64,
}

impl Coarse {
    /// Maps of the busiest part of a sound.
    pub fn new(sound: &Sound, map: &Map) -> Self {
        let frames = map.rows.len();
        let busiest = |from: usize, to: usize, length: usize| -> usize {
            let sums: Vec<f32> = map.rows[from..to].iter().map(|row| row.iter().map(|value| value * value).sum()).collect();
            let length = length.min(sums.len());
            let mut sum: f64 = sums[..length].iter().map(|value| f64::from(*value)).sum();
            let (mut best, mut at) = (sum, 0);
            for start in 1..=sums.len() - length {
                sum += f64::from(sums[start + length - 1]) - f64::from(sums[start - 1]);
                if sum > best {
                    (best, at) = (sum, start);
                }
            }
            from + at
        };
        let first = busiest(0, frames, MOST);
        let range = first..(first + MOST).min(frames);
        let length = PART * FINES;
        let start = busiest(range.start, range.end, length);
        let part = start..(start + length).min(range.end);
        let count = (2.0 * REACH / RATIO_STEP).round() as usize;
        let maps = (0..=count)
            .map(|step| 1.0 - REACH + step as f64 * RATIO_STEP)
            .map(|ratio| (ratio, sound.map(part.clone(), ratio as f32)))
            .collect();
        Self { range, part, maps }
    }

    /// The first frame of the refined part.
    pub fn first(&self) -> usize {
        self.range.start
    }

    /// The map of the refined part at a ratio of frequencies.
    pub fn map(&self, sound: &Sound, ratio: f64) -> Map {
        sound.map(self.range.clone(), ratio as f32)
    }

    /// The best guesses, the best first, and at how many places was looked.
    pub fn guesses(&self, carrier: &Carrier) -> (Vec<Guess>, f64) {
        let mut search = Search::new(carrier);
        let mut guesses: Vec<Guess> = Vec::new();
        let steps = (REACH / TEMPO_STEP).round() as i32;
        let mut looks = 0.0;
        for (ratio, map) in &self.maps {
            for step in -steps..=steps {
                let tempo = 1.0 + f64::from(step) * TEMPO_STEP;
                let slots = (map.rows.len() as f64 / FINES as f64 * tempo) as usize;
                let window = Window { from: 0, to: slots, tempo };
                looks += Search::LOOKS;
                let found = search.places(map, window, (0..FINES).step_by(2));
                guesses.extend(found.into_iter().take(1).map(|place| Guess { place, ratio: *ratio }));
            }
        }
        guesses.sort_by(|a, b| b.place.score.total_cmp(&a.place.score));
        let mut distinct: Vec<Guess> = Vec::new();
        for guess in guesses {
            let near = |one: &Guess| {
                (one.place.window.tempo - guess.place.window.tempo).abs() < 2.5 * TEMPO_STEP && one.place.is_like(&guess.place)
            };
            if !distinct.iter().any(near) {
                distinct.push(guess);
            }
            if distinct.len() == COARSE {
                break;
            }
        }
        let shift = self.part.start - self.range.start;
        for guess in &mut distinct {
            guess.place.phase += shift;
        }
        (distinct, looks)
    }
}

/// The places near a guess that fit better, the best first: tempo and phase in ever smaller steps, on ever more of the sound.
/// Also at how many places was looked.
pub fn refine(map: &Map, carrier: &Carrier, guess: Place) -> (Vec<Place>, f64) {
    let mut search = Search::new(carrier);
    let mut best = guess;
    let mut looks = 0.0;
    let mut step = TEMPO_STEP / 2.0;
    let mut places = Vec::new();
    for _ in 0..ROUNDS {
        // Around the middle of what the guess was made on, so that tempo and phase do not pull at each other.
        let middle = 0.5 * (best.window.from + best.window.to) as f64;
        let anchor = best.phase as f64 + middle * FINES as f64 / best.window.tempo;
        let mut round = best;
        round.score = search.score_at(map, &best);
        for tempo in [-2.0, -1.0, 0.0, 1.0, 2.0].map(|steps| best.window.tempo + steps * step) {
            for offset in -2..=2 {
                let phase = anchor + f64::from(offset) - middle * FINES as f64 / tempo;
                let mut place = Place { window: Window { tempo, ..best.window }, ..best };
                if phase < 0.0 {
                    // The count must begin within the sound: a slot later.
                    let slots = (-phase * tempo / FINES as f64).ceil();
                    place.phase = (phase + slots * FINES as f64 / tempo).round() as usize;
                    place.shift = (place.shift + slots as usize) % SLOTS;
                } else {
                    place.phase = phase.round() as usize;
                }
                place.score = search.score_at(map, &place);
                looks += 1.0;
                if place.score > round.score {
                    round = place;
                }
            }
        }
        places.push(round);
        best = round;
        step /= 2.0;
        best = grown(map, &best);
    }
    places.sort_by(|a, b| b.score.total_cmp(&a.score));
    (places, looks)
}

/// The place with a window twice as long, to both sides, as far as the map goes.
fn grown(map: &Map, place: &Place) -> Place {
    let tempo = place.window.tempo;
    let length = (place.window.to - place.window.from).max(1);
    let start = place.phase as f64 + place.window.from as f64 * FINES as f64 / tempo;
    let before = ((start * tempo / FINES as f64) as usize).min(length / 2);
    // The count begins with the window.
    let mut grown = *place;
    let moved = place.window.from as i64 - before as i64;
    let phase = place.phase as f64 + moved as f64 * FINES as f64 / tempo;
    grown.phase = phase.max(0.0).round() as usize;
    grown.shift = (place.shift as i64 + moved).rem_euclid(SLOTS as i64) as usize;
    let all = ((map.rows.len().saturating_sub(grown.phase)) as f64 * tempo / FINES as f64) as usize;
    grown.window = Window { from: 0, to: (length + before + length / 2).min(all), tempo };
    grown
}
