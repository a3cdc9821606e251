//! Files on disk as sources, and splices written to a new file, never in place.

use std::borrow::Cow;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

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

/// Writes `target`, which must not be there yet, and flushes it; after a failure it is not there. Giving it its final name is
/// the caller's, once it was read back.
pub fn metadata_write(source: &Path, target: &Path, options: &str) -> std::result::Result<(), Failed> {
    let disk = on(source, Disk::open(source))?;
    let splices = face::metadata_splices(&disk, options)?;
    let out = on(target, OpenOptions::new().write(true).create_new(true).open(target))?;
    let written = write(&disk, &splices, out);
    if written.is_err() {
        // The first failure is the one to report.
        let _ = fs::remove_file(target);
    }
    on(target, written)
}

fn write(disk: &Disk, splices: &[Splice], mut out: File) -> io::Result<()> {
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
