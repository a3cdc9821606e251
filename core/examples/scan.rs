use countermark_core::audible::{Layout, find::scan};
use std::io::Read;
fn main() {
    let rate: u32 = std::env::args().nth(1).unwrap().parse().unwrap();
    let channels: usize = std::env::args().nth(2).unwrap().parse().unwrap();
    let mut bytes = Vec::new();
    std::io::stdin().read_to_end(&mut bytes).unwrap();
    let samples: Vec<f32> = bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
    let t = std::time::Instant::now();
    let mut best: Vec<_> = Vec::new();
    let win = 60 * rate as usize * channels;
    for (at, part) in samples.chunks(win).enumerate() { 
        for q in scan(part, Layout { rate, channels }) { best.push((at, q)); }
    }
    best.sort_by(|a, b| a.1.off.total_cmp(&b.1.off));
    let secs = samples.len() as f64 / channels as f64 / rate as f64;
    print!("{:.0}s {:.0}x n={} ", secs, secs / t.elapsed().as_secs_f64(), best.len());
    for (at, q) in best.iter().take(2) { print!("[{at} {:.2} off {:.3} u {:.0}ms lvl {:.0} con {:.0} pur {:.0} b{}] ", q.span.0*0.008, q.off, q.unit*8.0, q.level, q.contrast, q.purity, q.band); }
    println!();
}
