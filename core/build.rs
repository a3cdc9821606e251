//! Says what to do when the label font, which is made and not committed, is missing.

use std::path::Path;

fn main() {
    println!("cargo:rerun-if-changed=assets/label.ttf");
    println!("cargo:rerun-if-changed=build.rs");
    let root = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    if !Path::new(&root).join("assets/label.ttf").is_file() {
        println!(
            "cargo::error=core/assets/label.ttf is missing: run `npm run setup`, which makes the label font from an npm package."
        );
    }
}
