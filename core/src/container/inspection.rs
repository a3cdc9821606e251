//! The words in which the headers of a file are reported.

use serde::Serialize;

/// What `File::inspect` gives; its JSON form is the report of `file_inspect`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Inspection {
    /// MIME type.
    #[serde(rename = "type")]
    pub mime: &'static str,
    /// Stored width in pixels, before the orientation. Of an animation: the canvas.
    pub width: u32,
    /// Stored height in pixels.
    pub height: u32,
    /// Samples a pixel once decoded, alpha included: a palette counts as RGB.
    pub channels: u8,
    /// Whether one of them is alpha.
    pub alpha: bool,
    /// Bits a sample once decoded: 1, 2, 4, 8, 12 or 16.
    pub depth: u8,
    /// EXIF orientation 1-8; 1 where none is named.
    pub orientation: u8,
    /// Whether the file holds frames.
    pub animated: bool,
    /// Whether the coded samples are exact.
    pub lossless: bool,
    /// `grey`, `rgb`, `ycc`, `cmyk` or `ycck`: how the samples are coded.
    pub colour: &'static str,
    /// Estimated encoder quality 1-100 on the scale of libjpeg or libwebp; lossy files only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quality: Option<u8>,
    /// Chroma subsampling as J:a:b (`4:4:4`, `4:2:2`, `4:2:0`, `4:4:0`, `4:1:1`, `4:1:0`), or `other`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subsampling: Option<&'static str>,
    /// JPEG: coded in scans. PNG: Adam7.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progressive: Option<bool>,
    /// JPEG only: `huffman`, `arithmetic`, `lossless` or `hierarchical`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coding: Option<&'static str>,
    /// PNG only: bits of an index where the picture has a palette.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub palette: Option<u8>,
    /// An ICC profile is there.
    pub has_icc: bool,
    /// An EXIF block is there.
    pub has_exif: bool,
    /// An XMP packet is there.
    pub has_xmp: bool,
    /// A C2PA manifest is there.
    pub has_c2pa: bool,
    /// The file declares a gain map (Ultra HDR, ISO 21496-1).
    pub has_gain_map: bool,
    /// A JPEG index of further pictures (MPF) is there: gain maps, previews, stereo pairs.
    pub has_mpf: bool,
    /// A thumbnail is there: EXIF's second directory, JFXX, JFIF's own or a Photoshop resource.
    pub has_thumbnail: bool,
    /// Bytes after the end of the picture.
    pub trailing_bytes: usize,
}

/// What each container finds out in its own headers.
pub struct Picture {
    /// Stored size in pixels.
    pub size: (u32, u32),
    /// Samples a pixel, alpha included.
    pub channels: u8,
    /// Whether one is alpha.
    pub alpha: bool,
    /// Bits a sample.
    pub depth: u8,
    /// As in [`Inspection`].
    pub colour: &'static str,
    /// Whether it holds frames.
    pub animated: bool,
    /// Whether the samples are exact.
    pub lossless: bool,
}
