//! Files on disk as sources, and splices written to a new file: never in place, whole or not at all.

use std::borrow::Cow;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use countermark_core::error::{Error, Result};
use countermark_core::face;
use countermark_core::media::source::{Source, Splice};

/// What can go wrong with a path: the core's errors, and those of the system.
pub enum Failed {
    /// The core's.
    Core(Error),
    /// The system's, with the path.
    System(PathBuf, io::Error),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::Core(error)
    }
}

struct Disk {
    file: File,
    length: u64,
}

impl Disk {
    fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let facts = file.metadata()?;
        if !facts.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
        }
        Ok(Self { length: facts.len(), file })
    }
}

#[cfg(unix)]
fn read_at(file: &File, bytes: &mut [u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, at)
}

#[cfg(windows)]
fn read_at(file: &File, mut bytes: &mut [u8], mut at: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        let count = std::os::windows::fs::FileExt::seek_read(file, bytes, at)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes = bytes.get_mut(count..).unwrap_or_default();
        at += count as u64;
    }
    Ok(())
}

impl Source for Disk {
    fn length(&self) -> u64 {
        self.length
    }

    fn read(&self, at: u64, count: usize) -> Result<Cow<'_, [u8]>> {
        let outside = || Error::broken("a length points outside the file", at as usize);
        if at.checked_add(count as u64).is_none_or(|end| end > self.length) {
            return Err(outside());
        }
        let mut bytes = vec![0; count];
        read_at(&self.file, &mut bytes, at)
            .map_err(|error| Error::broken(format!("the file cannot be read here: {error}"), at as usize))?;
        Ok(Cow::Owned(bytes))
    }
}

fn on<T>(path: &Path, outcome: io::Result<T>) -> std::result::Result<T, Failed> {
    outcome.map_err(|error| Failed::System(path.to_owned(), error))
}

/// What `face::metadata_read` gives, of a file on disk.
pub fn metadata_read(path: &Path) -> std::result::Result<String, Failed> {
    let disk = on(path, Disk::open(path))?;
    Ok(face::metadata_read_source(&disk)?)
}

/// SHA-256 of the coded samples of a file on disk, in hexadecimal digits.
pub fn coded_digest(path: &Path) -> std::result::Result<String, Failed> {
    let disk = on(path, Disk::open(path))?;
    Ok(face::coded_digest_source(&disk)?)
}

/// Writes `target` anew: a temporary file beside it, flushed, then renamed, then the folder flushed.
pub fn metadata_write(source: &Path, target: &Path, options: &str) -> std::result::Result<(), Failed> {
    let disk = on(source, Disk::open(source))?;
    let splices = face::metadata_splices(&disk, options)?;
    let temporary = beside(target);
    let written = write(&disk, &splices, &temporary).and_then(|()| fs::rename(&temporary, target));
    if written.is_err() {
        // The first failure is the one to report.
        let _ = fs::remove_file(&temporary);
    }
    on(target, written)?;
    if let Some(folder) = folder(target).and_then(|folder| File::open(folder).ok()) {
        // Some systems cannot flush a folder; the file itself is flushed.
        let _ = folder.sync_all();
    }
    Ok(())
}

fn write(disk: &Disk, splices: &[Splice], temporary: &Path) -> io::Result<()> {
    let mut out = OpenOptions::new().write(true).create_new(true).open(temporary)?;
    let mut from = &disk.file;
    for splice in splices {
        match splice {
            Splice::New(bytes) => out.write_all(bytes)?,
            Splice::Keep(range) => {
                from.seek(SeekFrom::Start(range.start))?;
                let wanted = range.end - range.start;
                // Lets the system copy where it can, which keeps shared blocks and nothing in memory.
                let copied = io::copy(&mut from.take(wanted), &mut out)?;
                if copied != wanted {
                    return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the source became shorter while it was read"));
                }
            }
        }
    }
    out.sync_all()
}

fn folder(target: &Path) -> Option<&Path> {
    target.parent().map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder })
}

/// A name that is not taken: two processes, or two calls, never share it.
fn beside(target: &Path) -> PathBuf {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let time = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    target.with_file_name(format!(".{name}.{:x}-{number:x}-{:x}.tmp", std::process::id(), time))
}
