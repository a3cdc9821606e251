//! Boxes of the ISO base media file format (ISO/IEC 14496-12), which QuickTime, MP4, AVIF, HEIC and JPEG XL share.

pub mod atom;
pub mod chunks;
pub mod heads;
pub mod iloc;
pub mod layout;
