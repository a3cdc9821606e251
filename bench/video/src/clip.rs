//! Clips as raw frames, from and to ffmpeg.

use bench_stand::Failure;
use std::io::{Read, Write};
use std::process::{Command, Stdio};

/// Raw frames of 4:2:0 with 8 bits.
pub struct Clip {
    pub name: String,
    pub width: u32,
    pub height: u32,
    pub fps: f64,
    pub frames: Vec<Vec<u8>>,
}

/// The program.
pub fn ffmpeg() -> String {
    std::env::var("COUNTERMARK_FFMPEG").unwrap_or_else(|_| "ffmpeg".to_owned())
}

fn quiet() -> Command {
    let mut command = Command::new(ffmpeg());
    command.args(["-nostdin", "-hide_banner", "-v", "error", "-threads", "2"]);
    command
}

impl Clip {
    /// Decodes `input` (arguments up to `-i FILE`) through `filter`.
    pub fn decode(name: &str, input: &[&str], filter: &str, seconds: f64, size: (u32, u32), fps: f64) -> Result<Self, Failure> {
        let (width, height) = size;
        let filter = format!("{filter},fps={fps},format=yuv420p");
        let mut child = quiet()
            .args(input)
            .args(["-vf", &filter, "-t", &seconds.to_string(), "-an", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-"])
            .stdout(Stdio::piped())
            .spawn()?;
        let mut out = child.stdout.take().ok_or("no output")?;
        let bytes = (width * height) as usize + 2 * (width.div_ceil(2) * height.div_ceil(2)) as usize;
        let mut frames = Vec::new();
        loop {
            let mut frame = vec![0; bytes];
            match out.read_exact(&mut frame) {
                Ok(()) => frames.push(frame),
                Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => break,
                Err(error) => return Err(error.into()),
            }
        }
        if !child.wait()?.success() || frames.is_empty() {
            return Err(format!("{name}: ffmpeg gave {} frames", frames.len()).into());
        }
        Ok(Self { name: name.to_owned(), width, height, fps, frames })
    }

    /// Encodes the frames with `arguments` to `path`; bytes written.
    pub fn encode(&self, arguments: &[String], path: &str) -> Result<u64, Failure> {
        let size = format!("{}x{}", self.width, self.height);
        let mut child = Command::new(ffmpeg())
            .args(["-hide_banner", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", &size, "-r"])
            .args([&self.fps.to_string(), "-i", "-"])
            .args(arguments)
            .arg(path)
            .stdin(Stdio::piped())
            .spawn()?;
        let mut into = child.stdin.take().ok_or("no input")?;
        for frame in &self.frames {
            into.write_all(frame)?;
        }
        drop(into);
        if !child.wait()?.success() {
            return Err(format!("ffmpeg {arguments:?} failed").into());
        }
        Ok(std::fs::metadata(path)?.len())
    }
}

/// Codes a file anew.
pub fn transcode(from: &str, arguments: &[String], path: &str) -> Result<(), Failure> {
    let done = quiet().args(["-y", "-i", from]).args(arguments).arg(path).status()?;
    if done.success() { Ok(()) } else { Err(format!("ffmpeg {arguments:?} failed").into()) }
}

/// Luma of a file's frames, one every `1 / rate` seconds.
pub struct Grey {
    pub width: u32,
    pub height: u32,
    pub frames: Vec<Vec<u8>>,
}

/// Decodes luma as it is stored; `rate` frames a second, all where it is 0.
pub fn grey(path: &str, rate: f64) -> Result<Grey, Failure> {
    let filter = if rate > 0.0 { format!("fps={rate},format=yuv420p") } else { "format=yuv420p".to_owned() };
    let mut child = quiet()
        .args(["-i", path, "-vf", &filter, "-an", "-f", "yuv4mpegpipe", "-"])
        .stdout(Stdio::piped())
        .spawn()?;
    let mut all = Vec::new();
    child.stdout.take().ok_or("no output")?.read_to_end(&mut all)?;
    if !child.wait()?.success() {
        return Err(format!("{path}: ffmpeg failed").into());
    }
    let end = all.iter().position(|byte| *byte == b'\n').ok_or("no header")?;
    let head = String::from_utf8_lossy(&all[..end]).into_owned();
    let number = |tag: char| -> Result<u32, Failure> {
        let word = head.split(' ').find(|word| word.starts_with(tag)).ok_or("no size")?;
        Ok(word[1..].parse()?)
    };
    let (width, height) = (number('W')?, number('H')?);
    let luma = (width * height) as usize;
    let frame = luma + 2 * (width.div_ceil(2) * height.div_ceil(2)) as usize;
    let mut frames = Vec::new();
    let mut at = end + 1;
    // "FRAME\n" before each.
    while at + 6 + frame <= all.len() {
        frames.push(all[at + 6..at + 6 + luma].to_vec());
        at += 6 + frame;
    }
    Ok(Grey { width, height, frames })
}
