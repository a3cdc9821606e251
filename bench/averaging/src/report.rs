//! The averaging study in Markdown.

use crate::{FORGING, REMOVING};
use bench_stand::report::{head, portable, table};
use bench_stand::statistics::{clopper_pearson, quantile};

/// What became of one picture at one cost.
#[derive(Clone, Default)]
pub struct Outcome {
    /// Of the estimate with the true pattern of a fresh picture, and with that of another key.
    pub likeness: f32,
    pub chance: f32,
    /// The estimate added to an unmarked picture: found, and with a payload, for each cost.
    pub forged: [bool; FORGING.len()],
    pub written: [bool; FORGING.len()],
    /// The estimate subtracted from a marked picture: still found, still read, for each cost.
    pub left: [bool; REMOVING.len()],
    pub read: [bool; REMOVING.len()],
}

/// One way to attack, and from how many pictures: an outcome for every target.
#[derive(Clone)]
pub struct Line {
    pub name: &'static str,
    pub count: Option<usize>,
    pub outcomes: Vec<Outcome>,
}

pub fn report(lines: &[Line], [originals, different, same, targets]: [usize; 4], folders: &[String], seed: &str) -> String {
    let inputs = folders.iter().map(|folder| portable(folder)).collect::<Vec<_>>().join(", ");
    let mut text = head(
        "Averaging many pictures marked with one private key",
        "cargo run --release -p averaging --",
        &[
            format!(
                "inputs: {originals} pictures of {}, cut to 512 x 512, in eight ways each; {targets} others to try the estimate on",
                if inputs.is_empty() { "made scenes" } else { &inputs }
            ),
            format!(
                "seed {seed}; {different} marked with content numbers of their own, {same} with one number; standard quality, 64 bits, one private key"
            ),
            format!(
                "95 % intervals of 0 and of all of {targets} reach {:.0} points",
                100.0 * clopper_pearson(0, targets as u64).1
            ),
        ],
    );
    text += "\nThe attacker knows the source code and the tile's size, and has no key. Each picture's residual (the detector's own front end) is \
        folded by the tile. *Plain mean*: the mean of the folded residuals. *Aligned mean*: frequencies that are strong in all pictures are \
        weighed up, every residual is moved to where it fits the mean best, and averaged again, in two classes, from several beginnings. \
        *Payloads known*: the same, and as the payloads are hashes of what the labels say, which code bit sways which frequency is found by \
        correlation. *Sorted by likeness*: a key has 256 patterns, so all pairs of pictures are compared \
        over all shifts, the likest are taken for pictures of one pattern and grown by those that fit their mean. *Told who shares a pattern*: an upper bound, which needs \
        the key: the attacker is told which pictures share a pattern; he forges with the largest set, and takes out with the set of the picture at hand. *One content number*: the plain mean where the maker reused key, content number and size, tried on a picture with that number.\n\n\
        *Likeness*: the best correlation, over all shifts, of the estimate with the true pattern (marked minus original, folded) of a picture \
        that it was not made from, median; beside it the same with a pattern of another key, which is what chance gives.\n\n## Forging\n\nShare of unmarked \
        pictures that the detector (direct search) calls marked when the estimate is painted on them, at so many dB; in brackets with a payload that it accepts (with \
        payloads known: the one that the attacker chose).\n\n";
    let at = |cost: &f64| format!("% at {cost} dB");
    let mut titles = vec!["way".to_owned(), "pictures".to_owned(), "likeness".to_owned(), "chance".to_owned()];
    titles.extend(FORGING.iter().map(at));
    let rows: Vec<Vec<String>> = lines
        .iter()
        .map(|line| {
            let middle = |which: fn(&Outcome) -> f32| {
                format!(
                    "{:.3}",
                    quantile(&line.outcomes.iter().map(|outcome| f64::from(which(outcome))).collect::<Vec<_>>(), 0.5)
                )
            };
            let shares = (0..FORGING.len()).map(|at| line.shares(|outcome| outcome.forged[at], |outcome| outcome.written[at]));
            line.begin()
                .into_iter()
                .chain([middle(|outcome| outcome.likeness), middle(|outcome| outcome.chance)])
                .chain(shares)
                .collect()
        })
        .collect();
    text += &table(&titles.iter().map(String::as_str).collect::<Vec<_>>(), &rows);
    text += "\n## Removing\n\nShare of marked pictures that are still found (direct search) when the estimate, moved into place, is subtracted at so many dB; in brackets those whose \
        payload is still read. A mark costs 42 dB. Too much subtracted is a mark of its own, so an attacker takes the column that suits him.\n\n";
    let mut titles = vec!["way".to_owned(), "pictures".to_owned()];
    titles.extend(REMOVING.iter().map(at));
    let rows: Vec<Vec<String>> = lines
        .iter()
        .map(|line| {
            let shares = (0..REMOVING.len()).map(|at| line.shares(|outcome| outcome.left[at], |outcome| outcome.read[at]));
            line.begin().into_iter().chain(shares).collect()
        })
        .collect();
    text += &table(&titles.iter().map(String::as_str).collect::<Vec<_>>(), &rows);
    text
}

impl Line {
    fn begin(&self) -> Vec<String> {
        vec![self.name.to_owned(), self.count.map_or("-".to_owned(), |count| count.to_string())]
    }

    /// Per cent of the targets for which the one and the other holds.
    fn shares(&self, one: impl Fn(&Outcome) -> bool, other: impl Fn(&Outcome) -> bool) -> String {
        let share = |which: &dyn Fn(&Outcome) -> bool| {
            100.0 * self.outcomes.iter().filter(|outcome| which(outcome)).count() as f64 / self.outcomes.len().max(1) as f64
        };
        format!("{:.0} ({:.0})", share(&one), share(&other))
    }
}
