//! Made pictures: patterns that could fool a detector which adds up repeated tiles, and plain scenes that anybody can make again.

use crate::picture::Picture;
use crate::{Failure, random};
use std::f64::consts::TAU;

/// Size of a made picture, where nothing else is asked.
pub const WIDTH: u32 = 1024;
/// See WIDTH.
pub const HEIGHT: u32 = 768;

/// Their names.
pub const NAMES: [&str; 14] = [
    "brick",
    "halftone-6",
    "halftone-8",
    "checks",
    "lines",
    "grid",
    "gradient",
    "noise",
    "wallpaper-64",
    "wallpaper-96",
    "wallpaper-128",
    "wallpaper-256",
    "text",
    "scene",
];

/// The picture of that name, 8-bit RGB.
pub fn picture(name: &str, width: u32, height: u32) -> Result<Picture, Failure> {
    let (w, h) = (f64::from(width), f64::from(height));
    let at = |tile: &[f64], side: usize, x: f64, y: f64| tile[y as usize % side * side + x as usize % side];
    let grey = |value: &dyn Fn(f64, f64) -> f64| {
        let mut samples = Vec::with_capacity(3 * width as usize * height as usize);
        for y in 0..height {
            for x in 0..width {
                samples.extend_from_slice(&[(255.0 * value(f64::from(x), f64::from(y)).clamp(0.0, 1.0)).round() as u8; 3]);
            }
        }
        Picture::rgb(samples, width, height)
    };
    let noise = |side: usize, text: &str| -> Result<Vec<f64>, Failure> {
        let mut stream = random::stream(text)?;
        Ok((0..side * side).map(|_| random::unit(&mut stream)).collect())
    };
    Ok(match name {
        "brick" => grey(&brick),
        "halftone-6" => grey(&|x, y| halftone(x, y, 6.0, 45.0)),
        "halftone-8" => grey(&|x, y| halftone(x, y, 8.0, 15.0)),
        "checks" => grey(&|x, y| f64::from(((x as u32 >> 4) + (y as u32 >> 4)) % 2)),
        "lines" => grey(&|_, y| if y % 8.0 < 2.0 { 0.0 } else { 1.0 }),
        "grid" => grey(&|x, y| if x % 32.0 == 0.0 || y % 32.0 == 0.0 { 0.2 } else { 0.95 }),
        "gradient" => grey(&|x, y| (x + y) / (w + h)),
        "noise" => {
            let side = width.max(height) as usize;
            let mut stream = random::stream("noise")?;
            let values: Vec<f64> = (0..side * side).map(|_| 0.5 + 0.15 * random::normal(&mut stream)).collect();
            grey(&|x, y| at(&values, side, x, y))
        }
        "text" => {
            let glyphs = noise(64, "glyphs")?;
            grey(&|x, y| text(&glyphs, x, y))
        }
        // Scenes are numbered: scene, scene-1, scene-2 and so on.
        _ if name.starts_with("scene") => {
            let grain = noise(512, name)?;
            let mut stream = random::stream(&format!("{name} lines"))?;
            let lines = std::array::from_fn(|_| random::unit(&mut stream));
            grey(&|x, y| scene(&grain, &lines, x / w, y / h, x, y))
        }
        _ => {
            let side = name
                .strip_prefix("wallpaper-")
                .and_then(|side| side.parse().ok())
                .ok_or_else(|| format!("there is no made picture {name}"))?;
            let tile = noise(side, name)?;
            grey(&|x, y| 0.25 + 0.5 * at(&tile, side, x, y))
        }
    })
}

fn brick(x: f64, y: f64) -> f64 {
    let row = (y / 24.0).floor();
    let shifted = x + (row % 2.0) * 32.0;
    let mortar = y % 24.0 < 3.0 || shifted % 64.0 < 3.0;
    if mortar { 0.85 } else { 0.35 + 0.1 * (row * 12.9898 + (shifted / 64.0).floor() * 78.233).sin() }
}

/// Dots on a lattice turned by `degrees`, larger where a slow gradient is darker.
fn halftone(x: f64, y: f64, cell: f64, degrees: f64) -> f64 {
    let (sin, cos) = degrees.to_radians().sin_cos();
    let (u, v) = ((x * cos + y * sin) / cell * TAU, (y * cos - x * sin) / cell * TAU);
    let tone = 0.5 + 0.4 * (x / 301.0).sin() * (y / 227.0).cos();
    f64::from((u.cos() + v.cos()) / 4.0 + 0.5 > tone)
}

/// Lines of block letters of five by seven dots, each dot two pixels wide, from 40 letters.
fn text(glyphs: &[f64], x: f64, y: f64) -> f64 {
    let (column, line) = ((x / 14.0) as usize, (y / 22.0) as usize);
    let (dot, row) = ((x % 14.0 / 2.0) as usize, (y % 22.0 / 2.0) as usize);
    let letter = (column * 7 + line * 13 + column * line % 11) % 40;
    let ink = dot < 5 && row < 7 && letter % 7 != 0 && glyphs[(letter * 35 + row * 5 + dot) % glyphs.len()] > 0.5;
    if ink { 0.13 } else { 1.0 }
}

/// A plain sky over hills with grain and detail: something between flat and rough. `lines`: numbers from 0 to 1 that shape it.
fn scene(grain: &[f64], lines: &[f64; 6], x: f64, y: f64, px: f64, py: f64) -> f64 {
    let [level, slope, wide, long, light, rough] = *lines;
    let hill = 0.3 + 0.4 * level + 0.2 * (slope - 0.5) * x + 0.08 * (TAU * (x * (1.0 + wide) + level)).sin();
    let speck = grain[py as usize % 512 * 512 + px as usize % 512] - 0.5;
    let (a, b) = (5.0 + 6.0 * wide, 4.0 + 5.0 * long);
    let wave = (px / a + 3.0 * (py / 23.0).sin()).sin() * (py / b + 2.0 * (px / 31.0).cos()).sin();
    let sky = 0.45 + 0.4 * light - 0.3 * y + 0.02 * speck;
    if y < hill { sky } else { 0.3 + 0.2 * light + (0.04 + 0.12 * rough) * wave + 0.10 * speck - 0.1 * (y - hill) }
}
