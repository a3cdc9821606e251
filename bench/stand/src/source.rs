//! Where the pictures of a run come from: folders, and the made ones.

use crate::picture::Picture;
use crate::{Failure, made};
use std::path::{Path, PathBuf};

/// Where a picture comes from: a file, or a made pattern's name.
#[derive(Clone)]
pub struct Source {
    /// Folder and file, or `made:` and the pattern's name.
    pub name: String,
    path: Option<PathBuf>,
}

impl Source {
    /// The pictures of `folders` in name order, then the made patterns where they are wanted.
    pub fn list(folders: &[String], patterns: bool) -> Result<Vec<Self>, Failure> {
        let mut all = Vec::new();
        for folder in folders {
            let read = std::fs::read_dir(folder).map_err(|cause| format!("{folder}: {cause}"))?;
            let mut paths = read.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, Failure>>()?;
            paths.retain(|path| {
                path.extension().is_some_and(|end| ["png", "jpg", "jpeg", "webp"].iter().any(|one| end.eq_ignore_ascii_case(one)))
            });
            paths.sort();
            let base = Path::new(folder).file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            all.extend(paths.into_iter().map(|path| {
                let file = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                Self { name: format!("{base}/{file}"), path: Some(path) }
            }));
        }
        if patterns {
            all.extend(made::NAMES.iter().map(|name| Self { name: format!("made:{name}"), path: None }));
        }
        Ok(all)
    }

    /// A made pattern.
    pub fn made(name: &str) -> Self {
        Self { name: format!("made:{name}"), path: None }
    }

    /// Decodes or makes it.
    pub fn load(&self) -> Result<Picture, Failure> {
        match &self.path {
            Some(path) => Ok(Picture::of(image::open(path)?)),
            None => made::picture(self.name.trim_start_matches("made:"), made::WIDTH, made::HEIGHT),
        }
    }

    /// Width and height from the header.
    pub fn size(&self) -> Result<(u32, u32), Failure> {
        match &self.path {
            Some(path) => Ok(image::image_dimensions(path)?),
            None => Ok((made::WIDTH, made::HEIGHT)),
        }
    }
}
