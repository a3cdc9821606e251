//! Countermark for Node. Bytes and JSON texts in, bytes and JSON texts out; no arithmetic here.
//!
//! Two patterns, see `convert`: `now` for what takes about a millisecond or less, `later` for what goes over all samples.
//! What the options and reports hold is written at `countermark_core::face`.

mod convert;
mod paths;

use countermark_core::face;
use napi::bindgen_prelude::{AsyncTask, Buffer, Float32Array, Uint32Array};
use napi_derive::napi;

use convert::{Film, Job, Result, later, now};

/// The version of the core.
#[napi]
pub fn version() -> String {
    face::version()
}

/// The first bits of the hash of producer and content number.
#[napi]
pub fn payload_of(producer: String, produce_id: String, bits: u32) -> Result<String> {
    now(|| face::payload_of(&producer, &produce_id, bits))
}

/// Marks samples. `samples` are changed in place on the pool's thread: leave them alone until the promise settles.
#[napi(ts_return_type = "Promise<string>")]
pub fn image_embed(mut samples: Buffer, options: String) -> AsyncTask<Job> {
    later(move || face::image_embed(&mut samples, &options))
}

/// Looks for marks.
#[napi(ts_return_type = "Promise<string>")]
pub fn image_detect(samples: Buffer, options: String) -> AsyncTask<Job> {
    later(move || face::image_detect(&samples, &options))
}

/// PSNR and SSIM of two pictures.
#[napi(ts_return_type = "Promise<string>")]
pub fn image_compare(a: Buffer, b: Buffer, options: String) -> AsyncTask<Job> {
    later(move || face::image_compare(&a, &b, &options))
}

/// Marks a sound. `samples` are changed in place on the pool's thread: leave them alone until the promise settles.
#[napi(ts_return_type = "Promise<string>")]
pub fn audio_embed(mut samples: Buffer, options: String) -> AsyncTask<Job> {
    later(move || face::audio_embed(&mut samples, &options))
}

/// Looks for marks in a sound.
#[napi(ts_return_type = "Promise<string>")]
pub fn audio_detect(samples: Buffer, options: String) -> AsyncTask<Job> {
    later(move || face::audio_detect(&samples, &options))
}

/// Marks a sound piece by piece.
#[napi]
pub struct AudioEmbedder(face::AudioEmbedder);

#[napi]
impl AudioEmbedder {
    /// An embedder for one sound.
    #[napi(factory)]
    pub fn of(options: String) -> Result<Self> {
        now(|| face::AudioEmbedder::new(&options).map(Self))
    }

    /// Samples of a channel that are held back at most.
    #[napi(getter)]
    pub fn latency(&self) -> u32 {
        self.0.latency()
    }

    /// Takes samples and gives those that are done.
    #[napi]
    pub fn push(&mut self, samples: Buffer) -> Result<Buffer> {
        now(|| self.0.push(&samples).map(Buffer::from))
    }

    /// Gives what was held back.
    #[napi]
    pub fn finish(&mut self) -> Result<Buffer> {
        now(|| self.0.finish().map(Buffer::from))
    }

    /// What was done so far.
    #[napi]
    pub fn report(&self) -> Result<String> {
        now(|| self.0.report())
    }
}

/// Draws a label. `samples` are changed in place on the pool's thread: leave them alone until the promise settles.
#[napi(ts_return_type = "Promise<string>")]
pub fn label_draw(mut samples: Buffer, font: Buffer, options: String) -> AsyncTask<Job> {
    later(move || face::label_draw(&mut samples, &font, &options))
}

/// Looks for a drawn label.
#[napi(ts_return_type = "Promise<string>")]
pub fn label_detect(samples: Buffer, options: String) -> AsyncTask<Job> {
    later(move || face::label_detect(&samples, &options))
}

/// What the headers of a file say.
#[napi]
pub fn file_inspect(bytes: Buffer) -> Result<String> {
    now(|| face::file_inspect(&bytes))
}

/// The ranges of bytes that the decoder needs.
#[napi]
pub fn coded_ranges(bytes: Buffer) -> Result<String> {
    now(|| face::coded_ranges(&bytes))
}

/// Every text of the file's metadata.
#[napi]
pub fn metadata_texts(bytes: Buffer) -> Result<String> {
    now(|| face::metadata_texts(&bytes))
}

/// Writes the metadata label; gives the new file.
#[napi]
pub fn metadata_write(bytes: Buffer, options: String) -> Result<Buffer> {
    now(|| face::metadata_write(&bytes, &options).map(Buffer::from))
}

/// Finds every metadata label.
#[napi]
pub fn metadata_read(bytes: Buffer) -> Result<String> {
    now(|| face::metadata_read(&bytes))
}

/// The coded pixels of `encoded` with the metadata of `source`.
#[napi]
pub fn metadata_carry(source: Buffer, encoded: Buffer) -> Result<Buffer> {
    now(|| face::metadata_carry(&source, &encoded).map(Buffer::from))
}

/// Reads a label that stands in any text.
#[napi]
pub fn label_parse(label: String) -> Result<String> {
    now(|| face::label_parse(&label))
}

/// The text of a label.
#[napi]
pub fn label_text(options: String) -> Result<String> {
    now(|| face::label_text(&options))
}

/// The two properties of an XMP packet.
#[napi]
pub fn xmp_read(packet: Buffer) -> Result<String> {
    now(|| face::xmp_read(&packet))
}

/// An XMP packet with other values of the two properties.
#[napi]
pub fn xmp_write(packet: Buffer, options: String) -> Result<Buffer> {
    now(|| face::xmp_write(&packet, &options).map(Buffer::from))
}

/// Chooses the next token with a mark.
#[napi]
pub fn token_pick(logits: Float32Array, ids: Uint32Array, tokens: Uint32Array, options: String) -> Result<String> {
    now(|| face::token_pick(&logits, &ids, &tokens, &options))
}

/// Tests token ids for a mark.
#[napi(ts_return_type = "Promise<string>")]
pub fn token_detect(tokens: Uint32Array, options: String) -> AsyncTask<Job> {
    let tokens = tokens.to_vec();
    later(move || face::token_detect(&tokens, &options))
}

/// Finds every metadata label of a file on disk, in bounded memory.
#[napi(ts_return_type = "Promise<string>")]
pub fn metadata_read_path(path: String) -> AsyncTask<Job> {
    later(move || paths::metadata_read(path.as_ref()))
}

/// Writes a file on disk with the metadata label to a path where nothing is yet, in bounded memory, and flushes it. The
/// promise gives an empty text.
#[napi(ts_return_type = "Promise<string>")]
pub fn metadata_write_path(source: String, target: String, options: String) -> AsyncTask<Job> {
    later(move || paths::metadata_write(source.as_ref(), target.as_ref(), &options).map(|()| String::new()))
}

/// SHA-256 of the coded samples of a file on disk.
#[napi(ts_return_type = "Promise<string>")]
pub fn coded_digest_path(path: String) -> AsyncTask<Job> {
    later(move || paths::coded_digest(path.as_ref()))
}

/// The rhythm label as a clip.
#[napi]
pub fn rhythm_make(options: String) -> Result<Buffer> {
    now(|| face::rhythm_make(&options).map(Buffer::from))
}

/// A spoken label as a clip.
#[napi]
pub fn voice_fit(samples: Buffer, options: String) -> Result<Buffer> {
    now(|| face::voice_fit(&samples, &options).map(Buffer::from))
}

/// Looks for the rhythm label.
#[napi(ts_return_type = "Promise<string>")]
pub fn rhythm_detect(samples: Buffer, options: String) -> AsyncTask<Job> {
    later(move || face::rhythm_detect(&samples, &options))
}

/// Measures loudness, piece by piece.
#[napi]
pub struct LoudnessMeter(face::LoudnessMeter);

#[napi]
impl LoudnessMeter {
    /// A meter that has heard nothing.
    #[napi(factory)]
    pub fn of(options: String) -> Result<Self> {
        now(|| face::LoudnessMeter::new(&options).map(Self))
    }

    /// Takes samples.
    #[napi]
    pub fn push(&mut self, samples: Buffer) -> Result<()> {
        now(|| self.0.push(&samples))
    }

    /// What was heard so far.
    #[napi]
    pub fn report(&self) -> Result<String> {
        now(|| self.0.report())
    }
}

/// The text (UTF-16, little-endian) with the character mark.
#[napi]
pub fn text_embed(text: Buffer, options: String) -> Result<Buffer> {
    now(|| face::text_embed(&text, &options).map(Buffer::from))
}

/// The text without the character mark of the key.
#[napi]
pub fn text_strip(text: Buffer, options: String) -> Result<Buffer> {
    now(|| face::text_strip(&text, &options).map(Buffer::from))
}

/// Looks for character marks.
#[napi]
pub fn text_detect(text: Buffer, options: String) -> Result<String> {
    now(|| face::text_detect(&text, &options))
}

/// Digests by which copies of a text are found again.
#[napi]
pub fn text_fingerprint(text: Buffer) -> Result<String> {
    now(|| face::text_fingerprint(&text))
}

/// The next piece of a text that is marked as it comes.
#[napi]
pub fn text_step(text: Buffer, options: String) -> Result<Buffer> {
    now(|| face::text_step(&text, &options).map(Buffer::from))
}

/// Marks the frames of one film.
#[napi]
pub struct VideoEmbedder(Film<face::VideoEmbedder>);

/// An embedder for one film.
#[napi]
pub fn video_embedder(font: Buffer, options: String) -> Result<VideoEmbedder> {
    now(|| face::VideoEmbedder::new(&font, &options)).map(|state| VideoEmbedder(Film::new(state)))
}

#[napi]
impl VideoEmbedder {
    /// Marks the next frame. `samples` are changed in place on the pool's thread: leave them alone until the promise settles.
    #[napi(ts_return_type = "Promise<string>")]
    pub fn frame(&self, mut samples: Buffer, labelled: bool) -> AsyncTask<Job> {
        self.0.later(move |state| state.frame(&mut samples, labelled))
    }

    /// What was done so far.
    #[napi]
    pub fn report(&self) -> Result<String> {
        self.0.now(|state| state.report())
    }
}

/// Looks for marks in the frames of one film.
#[napi]
pub struct VideoDetector(Film<face::VideoDetector>);

/// A detector for one film.
#[napi]
pub fn video_detector(options: String) -> Result<VideoDetector> {
    now(|| face::VideoDetector::new(&options)).map(|state| VideoDetector(Film::new(state)))
}

#[napi]
impl VideoDetector {
    /// Takes a frame.
    #[napi(ts_return_type = "Promise<string>")]
    pub fn frame(&self, samples: Buffer, seconds: f64, fresh: bool) -> AsyncTask<Job> {
        self.0.later(move |state| state.frame(&samples, seconds, fresh))
    }

    /// The findings.
    #[napi(ts_return_type = "Promise<string>")]
    pub fn finish(&self) -> AsyncTask<Job> {
        self.0.later(face::VideoDetector::finish)
    }
}
