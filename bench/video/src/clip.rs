//! Clips as raw frames, from and to ffmpeg.

use bench_stand::Failure;
use std::io::{Read, Write};
use std::process::{Command, Stdio};

/// Raw frames of 4:2:0 with 8 bits.
#[derive(Clone)]
pub struct Clip {
    pub width: u32,
    pub height: u32,
    pub fps: f64,
    pub frames: Vec<Vec<u8>>,
}

/// Where a clip comes from.
pub struct Source {
    pub name: &'static str,
    /// Arguments of ffmpeg up to the file.
    pub input: Vec<String>,
    pub filter: &'static str,
    pub size: (u32, u32),
    pub fps: f64,
    /// Parameters were chosen with it in view.
    pub tuned: bool,
}

/// All clips of the study.
pub fn sources(media: &str) -> Vec<Source> {
    let film = |name, file: &str, size, fps, tuned| {
        let input = vec!["-i".to_owned(), format!("{media}/video/{file}")];
        Source { name, input, filter: "null", size, fps, tuned }
    };
    let pan = |name, file: &str, filter, size, tuned| {
        let input = ["-loop", "1", "-i"].map(str::to_owned).into_iter().chain([format!("{media}/image/{file}")]).collect();
        Source { name, input, filter, size, fps: 30.0, tuned }
    };
    vec![
        film("coffee", "coffee-720p-aac.mp4", (1280, 720), 30.0, true),
        film("cockatoo", "cockatoo-720p-444-mp3.mp4", (1280, 720), 20.0, true),
        film("bbb-1080", "bbb-1080p60-51audio.mp4", (1920, 1080), 30.0, true),
        film("painter", "ai-cogvideo-painter-480p.mp4", (720, 480), 8.0, true),
        pan("pan-landscape", "ai-sd-landscape.png", "scale=1920:-2,crop=1280:720:x='n*3':y='n'", (1280, 720), true),
        film("flower", "flower-540p-aac.mp4", (960, 540), 30.0, false),
        film("elephants", "matroska-suite-576p-multitrack.mkv", (1024, 576), 24.0, false),
        film("chaplin", "chaplin-360p-bw-mp3.mp4", (640, 360), 25.0, false),
        film("dark", "dark-noduration-720p-vp9-opus.webm", (1280, 720), 15.0, false),
        film("beach", "beach-360p-noaudio.mov", (640, 360), 30.0, false),
        pan("pan-leaf", "photo-leaf-8mp-exif.jpg", "scale=2400:-2,crop=1920:1080:x='n*2':y='n'", (1920, 1080), false),
        pan("pan-girl", "ai-wan-girl.png", "scale=1440:-2,crop=1280:720:x='n':y='2*n'", (1280, 720), false),
    ]
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
    /// Decodes the first `seconds` of a source.
    pub fn decode(source: &Source, seconds: f64) -> Result<Self, Failure> {
        let Source { name, input, filter, size: (width, height), fps, .. } = source;
        let (width, height, fps) = (*width, *height, *fps);
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
        Ok(Self { width, height, fps, frames })
    }

    /// Encodes the frames with `arguments` to `path`; bytes written.
    pub fn encode(&self, arguments: &str, path: &str) -> Result<u64, Failure> {
        let size = format!("{}x{}", self.width, self.height);
        let mut child = Command::new(ffmpeg())
            .args(["-hide_banner", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", &size, "-r"])
            .args([&self.fps.to_string(), "-i", "-"])
            .args(arguments.split(' '))
            .arg(path)
            .stdin(Stdio::piped())
            .spawn()?;
        let mut into = child.stdin.take().ok_or("no input")?;
        for frame in &self.frames {
            into.write_all(frame)?;
        }
        drop(into);
        if !child.wait()?.success() {
            return Err(format!("ffmpeg {arguments} failed").into());
        }
        Ok(std::fs::metadata(path)?.len())
    }
}

/// Codes a file anew.
pub fn transcode(from: &str, arguments: &str, path: &str) -> Result<(), Failure> {
    let done = quiet().args(["-y", "-i", from]).args(arguments.split(' ')).arg(path).status()?;
    if done.success() { Ok(()) } else { Err(format!("ffmpeg {arguments} failed").into()) }
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
    let mut child =
        quiet().args(["-i", path, "-vf", &filter, "-an", "-f", "yuv4mpegpipe", "-"]).stdout(Stdio::piped()).spawn()?;
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
