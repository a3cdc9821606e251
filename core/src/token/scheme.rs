//! A token mark's settings, and what they come to: how a context and a token are scored.

use super::green::{Hash, Kgw, Sbw};
use super::tournament::Tournament;
use crate::error::{Error, Result};
use crate::keyed::Key;
use serde::Deserialize;
use sha2::{Digest, Sha256};

/// Tokens of context that a scheme takes at most.
const WIDEST: usize = 64;
/// Layers of a tournament without layers of its own, as in the reference implementation.
const DEPTH: usize = 30;

/// Where the bits of [`Options::Synthid`] come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// The hash of google-deepmind/synthid-text.
    Reference,
    /// The table of the Transformers library, drawn on a CPU.
    Transformers,
}

/// A mark: a scheme with its key. Keys are `public`, 64 hexadecimal digits, or a whole number below 2^64 as a decimal text, as
/// serving engines take it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "scheme", rename_all = "kebab-case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Options {
    /// Keyed Gumbel-max with vLLM's `philox4x32-10-v1`.
    Gumbel {
        /// The key.
        key: String,
        /// Tokens of context; default 4.
        width: Option<usize>,
    },
    /// The same with two keys that are derived from one, as vLLM's `dual_key_gumbel`.
    DualGumbel {
        /// The key.
        key: String,
        /// Tokens of context; default 4.
        width: Option<usize>,
        /// The second key's part, 0 to 1; default 0.1.
        alpha: Option<f64>,
    },
    /// Stateless Bernoulli green lists, as vLLM pull request 56859.
    Sbw {
        /// The key.
        key: String,
        /// What decides a list; default `self`.
        hash: Option<Hash>,
        /// Tokens of context; default 4 with `self`, 1 with `left`.
        width: Option<usize>,
        /// The part of the vocabulary that is green; default 0.5.
        gamma: Option<f64>,
        /// What is added to green logits; default 2.
        delta: Option<f64>,
    },
    /// SynthID-Text.
    Synthid {
        /// The key, from which layers are drawn.
        key: Option<String>,
        /// Or the layers' own keys, as the reference configuration lists them.
        layers: Option<Vec<i64>>,
        /// Where bits come from; default `reference`.
        hash: Option<Source>,
        /// Tokens of context, `ngram_len - 1`; default 4.
        width: Option<usize>,
        /// Entries of the table, a power of two; default 65,536.
        table_size: Option<usize>,
        /// The table's seed; default 0.
        table_seed: Option<u64>,
    },
    /// Green lists by permutation, as the Transformers library.
    Kgw {
        /// The key.
        key: String,
        /// Tokens of the vocabulary: `vocab_size` of the model's configuration.
        vocabulary: u32,
        /// What decides a list; default `left`.
        hash: Option<Hash>,
        /// Tokens that decide a list, `context_width`; with `self` the candidate is one of them. Default 1.
        width: Option<usize>,
        /// The part of the vocabulary that is green; default 0.25.
        gamma: Option<f64>,
        /// What is added to green logits; default 2.
        delta: Option<f64>,
    },
}

/// A mark, made ready.
pub struct Mark {
    /// The scheme.
    pub scheme: Scheme,
    /// Tokens of context.
    pub width: usize,
    /// Names a key of ours; keys of others are not named, since a number may be guessed from a short digest of it.
    pub key_id: Option<String>,
}

/// The schemes, made ready.
pub enum Scheme {
    /// One key.
    Gumbel(u64),
    /// Two keys and the second one's part.
    DualGumbel([u64; 2], f64),
    /// The lists and what is added.
    Sbw(Sbw, f64),
    /// The tournament.
    Synthid(Tournament),
    /// The lists and what is added.
    Kgw(Kgw, f64),
}

impl Scheme {
    /// Whether the context repeats are left unmarked by those who made the scheme.
    pub fn skips_repeats(&self) -> bool {
        !matches!(self, Scheme::Kgw(..))
    }

    /// Whether the mark can be put into text that is not drawn by chance: it raises logits.
    pub fn raises(&self) -> bool {
        matches!(self, Scheme::Sbw(..) | Scheme::Kgw(..))
    }
}

/// 64 bits of a key, and the name of ours.
fn number(key: &str, purpose: &str) -> Result<(u64, Option<String>)> {
    if key.len() <= 20 && !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit()) {
        let number = key.parse().map_err(|_| Error::parameter("a key that is a number is below 2^64"))?;
        return Ok((number, None));
    }
    let key = Key::parse(key).map_err(|_| {
        Error::parameter("the key of a token mark is \"public\", 64 hexadecimal digits or a whole number below 2^64")
    })?;
    let subkey = key.subkey(purpose);
    let number = subkey.iter().take(8).rev().fold(0u64, |sum, byte| sum << 8 | u64::from(*byte));
    Ok((number, Some(key.id())))
}

/// vLLM's `derive_watermark_key`: the first 64 bits of SHA-256 over the domain and the key, big-endian.
fn derived(key: u64, domain: &str) -> u64 {
    let digest = Sha256::new().chain_update(domain).chain_update(key.to_be_bytes()).finalize();
    digest.iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

fn width_of(asked: Option<usize>, otherwise: usize) -> Result<usize> {
    match asked.unwrap_or(otherwise) {
        width @ 1..=WIDEST => Ok(width),
        _ => Err(Error::parameter(format!("width is 1 to {WIDEST} tokens"))),
    }
}

fn inside(name: &str, value: f64) -> Result<f64> {
    if value > 0.0 && value < 1.0 { Ok(value) } else { Err(Error::parameter(format!("{name} lies between 0 and 1"))) }
}

fn raise_of(delta: Option<f64>) -> Result<f64> {
    match delta.unwrap_or(2.0) {
        delta if (0.0..=100.0).contains(&delta) => Ok(delta),
        _ => Err(Error::parameter("delta is 0 to 100")),
    }
}

impl Mark {
    /// Checks the settings and draws what they need: tables take milliseconds.
    pub fn new(options: &Options) -> Result<Self> {
        match options {
            Options::Gumbel { key, width } => {
                let (number, key_id) = number(key, "token/gumbel")?;
                Ok(Self { scheme: Scheme::Gumbel(number), width: width_of(*width, 4)?, key_id })
            }
            Options::DualGumbel { key, width, alpha } => {
                let (number, key_id) = number(key, "token/gumbel")?;
                let alpha = alpha.unwrap_or(0.1);
                if !(0.0..=1.0).contains(&alpha) {
                    return Err(Error::parameter("alpha is 0 to 1"));
                }
                let keys = [derived(number, "key_a"), derived(number, "key_b")];
                Ok(Self { scheme: Scheme::DualGumbel(keys, alpha), width: width_of(*width, 4)?, key_id })
            }
            Options::Sbw { key, hash, width, gamma, delta } => {
                let (number, key_id) = number(key, "token/sbw")?;
                let hash = hash.unwrap_or(Hash::Own);
                let bound = (inside("gamma", gamma.unwrap_or(0.5))? * f64::from(i32::MAX)) as u32;
                let lists = Sbw { key: number as i64, hash, bound };
                let width = width_of(*width, if hash == Hash::Own { 4 } else { 1 })?;
                Ok(Self { scheme: Scheme::Sbw(lists, raise_of(*delta)?), width, key_id })
            }
            Options::Synthid { key, layers, hash, width, table_size, table_seed } => {
                let (layers, key_id) = layers_of(key.as_deref(), layers.as_deref())?;
                let tournament = match hash.unwrap_or(Source::Reference) {
                    Source::Reference if table_size.is_some() || table_seed.is_some() => {
                        return Err(Error::parameter("only the hash transformers has a table"));
                    }
                    Source::Reference => Tournament::reference(layers),
                    Source::Transformers => {
                        let size = table_size.unwrap_or(1 << 16);
                        if !size.is_power_of_two() || !(1 << 8..=1 << 20).contains(&size) {
                            return Err(Error::parameter("tableSize is a power of two, 256 to 1,048,576"));
                        }
                        Tournament::table(layers, size, table_seed.unwrap_or(0))
                    }
                };
                Ok(Self { scheme: Scheme::Synthid(tournament), width: width_of(*width, 4)?, key_id })
            }
            Options::Kgw { key, vocabulary, hash, width, gamma, delta } => {
                let (number, key_id) = number(key, "token/kgw")?;
                if !(2..=1 << 24).contains(vocabulary) {
                    return Err(Error::parameter("vocabulary is 2 to 16,777,216 tokens"));
                }
                let greens = (f64::from(*vocabulary) * inside("gamma", gamma.unwrap_or(0.25))?) as u32;
                let lists = Kgw::new(number, hash.unwrap_or(Hash::Left), *vocabulary, greens);
                Ok(Self { scheme: Scheme::Kgw(lists, raise_of(*delta)?), width: width_of(*width, 1)?, key_id })
            }
        }
    }

    /// The scheme's name, as in its options.
    pub fn name(&self) -> &'static str {
        match self.scheme {
            Scheme::Gumbel(_) => "gumbel",
            Scheme::DualGumbel(..) => "dual-gumbel",
            Scheme::Sbw(..) => "sbw",
            Scheme::Synthid(_) => "synthid",
            Scheme::Kgw(..) => "kgw",
        }
    }
}

fn layers_of(key: Option<&str>, layers: Option<&[i64]>) -> Result<(Vec<i64>, Option<String>)> {
    match (key, layers) {
        (None, Some(layers)) if (1..=64).contains(&layers.len()) => Ok((layers.to_vec(), None)),
        (None, Some(_)) => Err(Error::parameter("layers lists 1 to 64 numbers")),
        (Some(key), None) => {
            let key = Key::parse(key)
                .map_err(|_| Error::parameter("the key of a tournament is \"public\" or 64 hexadecimal digits"))?;
            let mut stream = key.stream("token/synthid");
            Ok(((0..DEPTH).map(|_| i64::from(stream.draw() >> 1)).collect(), Some(key.id())))
        }
        _ => Err(Error::parameter("synthid takes a key or layers, one of the two")),
    }
}
