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
    /// Files below the media folder, shown one after the other until the clip is long enough.
    pub scenes: Vec<&'static str>,
    /// How a picture becomes a pan; nothing for films.
    pub pan: Option<&'static str>,
    pub size: (u32, u32),
    pub fps: f64,
    /// Parameters were chosen with it in view: the odd ones of the folder in the order of their names.
    pub tuned: bool,
}

/// All clips of the study: the films of the media folder that are large enough and no other clip in another container, and
/// pans over pictures. Short films go on with other scenes, cut to their size.
pub fn sources() -> Vec<Source> {
    let film =
        |name, scenes: &[&'static str], size, fps, tuned| Source { name, scenes: scenes.to_vec(), pan: None, size, fps, tuned };
    let pan = |name, file, pan, size, tuned| Source { name, scenes: vec![file], pan: Some(pan), size, fps: 30.0, tuned };
    vec![
        film("bbb-180", &["video/bbb-180p-vp9.webm"], (320, 180), 30.0, false),
        film("rabbit", &["video/rabbit-240p-vp8.webm"], (320, 240), 30.0, false),
        film("bikes", &["video/bikes-272p-noaudio.mp4"], (640, 272), 25.0, false),
        film("chaplin", &["video/chaplin-360p-bw-mp3.mp4"], (640, 360), 25.0, false),
        film("flower", &["video/flower-540p-aac.mp4"], (960, 540), 30.0, false),
        film("coffee", &["video/coffee-720p-aac.mp4"], (1280, 720), 30.0, false),
        pan("pan-girl", "image/ai-wan-girl.png", "scale=1440:-2,crop=1280:720:x='n':y='2*n'", (1280, 720), false),
        film("bbb-turned", &["video/bbb-1080p-rotate90.mp4", "video/coffee-720p-aac.mp4"], (1080, 1920), 24.0, false),
        pan("pan-leaf", "image/photo-leaf-8mp-exif.jpg", "scale=2400:-2,crop=1920:1080:x='n*2':y='n'", (1920, 1080), false),
        film(
            "elephants-360",
            &["video/matroska-suite-576p-multitrack.mkv", "video/beach-360p-noaudio.mov"],
            (640, 360),
            24.0,
            true,
        ),
        film("cockatoo-360", &["video/cockatoo-720p-444-mp3.mp4"], (640, 360), 20.0, true),
        film("waterfall-272", &["video/waterfall-portrait-c2pa.mp4", "video/beach-360p-noaudio.mov"], (272, 480), 30.0, true),
        film("beach", &["video/beach-360p-noaudio.mov"], (640, 360), 30.0, true),
        film("painter", &["video/ai-cogvideo-painter-480p.mp4"], (720, 480), 8.0, true),
        film("elephants", &["video/matroska-suite-576p-multitrack.mkv", "video/beach-360p-noaudio.mov"], (1024, 576), 24.0, true),
        film("cockatoo", &["video/cockatoo-720p-444-mp3.mp4"], (1280, 720), 20.0, true),
        film("dark", &["video/dark-noduration-720p-vp9-opus.webm"], (1280, 720), 15.0, true),
        film("waterfall", &["video/waterfall-portrait-c2pa.mp4", "video/flower-540p-aac.mp4"], (720, 1280), 30.0, true),
        pan("pan-landscape", "image/ai-sd-landscape.png", "scale=1920:-2,crop=1280:720:x='n*3':y='n'", (1280, 720), true),
        film("bbb-1080", &["video/bbb-1080p60-51audio.mp4", "video/cockatoo-720p-444-mp3.mp4"], (1920, 1080), 30.0, true),
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
    /// Decodes the first `seconds` of a source below `media`.
    pub fn decode(media: &str, source: &Source, seconds: f64) -> Result<Self, Failure> {
        let Source { name, scenes, pan, size: (width, height), fps, .. } = source;
        let wanted = (seconds * fps).round() as usize;
        let filter = match pan {
            Some(pan) => format!("{pan},fps={fps},format=yuv420p"),
            None => format!(
                "scale={width}:{height}:force_original_aspect_ratio=increase,crop={width}:{height},setsar=1,fps={fps},format=yuv420p"
            ),
        };
        let still: &[&str] = if pan.is_some() { &["-loop", "1"] } else { &[] };
        let mut clip = Self { width: *width, height: *height, fps: *fps, frames: Vec::with_capacity(wanted) };
        for scene in scenes {
            let left = wanted - clip.frames.len();
            if left > 0 {
                clip.read(quiet().args(still).args(["-i", &format!("{media}/{scene}"), "-vf", &filter]), left)?;
            }
        }
        if clip.frames.len() < wanted {
            return Err(format!("{name}: {} frames of {wanted}", clip.frames.len()).into());
        }
        Ok(clip)
    }

    /// Adds up to `most` frames that ffmpeg gives.
    fn read(&mut self, ffmpeg: &mut Command, most: usize) -> Result<(), Failure> {
        let out = ["-an", "-frames:v", &most.to_string(), "-f", "rawvideo", "-pix_fmt", "yuv420p", "-"].map(str::to_owned);
        let mut child = ffmpeg.args(out).stdout(Stdio::piped()).spawn()?;
        let mut out = child.stdout.take().ok_or("no output")?;
        let bytes = (self.width * self.height) as usize + 2 * (self.width.div_ceil(2) * self.height.div_ceil(2)) as usize;
        loop {
            let mut frame = vec![0; bytes];
            match out.read_exact(&mut frame) {
                Ok(()) => self.frames.push(frame),
                Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => break,
                Err(error) => return Err(error.into()),
            }
        }
        if child.wait()?.success() { Ok(()) } else { Err("ffmpeg failed".into()) }
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
