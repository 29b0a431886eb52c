//! Compares pictures that were decoded at 1/2, 1/4 and 1/8 with those that were decoded at full size, after both are shrunk
//! by Lanczos3: for each file, scale and factor of shrinking, the PSNR of luma and chroma in dB. The rule in
//! `engine/plan.rs` is based on it.
//!
//!     cargo run --release --example reduced_decoding -- FILE.jpg …

#![allow(clippy::print_stdout, reason = "this is the program's purpose")]

use pixelmill::codecs::{self, DecodeRequest};
use pixelmill::image::resample::{ChromaUse, Filter, Window, resample_for};
use pixelmill::image::{Image, Pixels, Plane, Representation, Size};

/// Every scale with the factors of shrinking at which it may be used.
const PARTS: [(u32, &[f64]); 3] = [
    (2, &[2.0, 2.25, 2.5, 2.75, 3.0, 3.5, 4.0, 5.0, 6.0, 8.0]),
    (4, &[4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 12.0, 16.0]),
    (8, &[8.0, 10.0, 12.0, 14.0, 16.0, 20.0, 24.0, 32.0]),
];

fn planes(image: &Image) -> Vec<&[u8]> {
    match &image.pixels {
        Pixels::Gray(data) => vec![data],
        Pixels::Ycc(ycc) => [&ycc.y, &ycc.cb, &ycc.cr].map(|plane: &Plane| plane.data.as_slice()).into(),
        Pixels::Rgb(_) | Pixels::Rgba(_) | Pixels::Deep(_) => Vec::new(),
    }
}

fn decibels(one: &[u8], other: &[u8]) -> f64 {
    let squares: u64 = one.iter().zip(other).map(|(a, b)| u64::from(a.abs_diff(*b)).pow(2)).sum();
    10.0 * (255.0 * 255.0 * one.len() as f64 / squares.max(1) as f64).log10()
}

fn run(name: &str) -> Result<(), Box<dyn std::error::Error>> {
    let bytes = std::fs::read(name)?;
    let header = codecs::probe(&bytes, name).map_err(|failure| failure.message)?;
    let representation = header.native.iter().next().unwrap_or(Representation::Gray);
    let full = header.size;
    let decoded = |at_least: Size| {
        let chroma_at_least = if at_least == full { full } else { Size::new(1, 1) };
        let request = DecodeRequest { representation, at_least, chroma_at_least, scaling: None, auto_orient: false };
        codecs::decode(&bytes, &header, &request, name).map_err(|failure| failure.message)
    };
    let whole = decoded(full)?.image;
    println!("{name}: {} × {}", full.width, full.height);
    for (part, shrinks) in PARTS {
        let reduced = decoded(Size::new(full.width.div_ceil(part), full.height.div_ceil(part)))?;
        let window = reduced.reduced.map_or(Window::all(reduced.image.size), |reduced| reduced.window);
        let mut line = format!("  1/{part}:");
        for shrink in shrinks {
            let side = |side: u32| (f64::from(side) / shrink).round().max(1.0) as u32;
            let to = Size::new(side(full.width), side(full.height));
            let smaller = |image: &Image, window: Window| {
                resample_for(image, window, to, Filter::Lanczos3, ChromaUse::Halved).map_err(|failure| failure.message)
            };
            let (expected, got) = (smaller(&whole, Window::all(full))?, smaller(&reduced.image, window)?);
            let each = planes(&expected).into_iter().zip(planes(&got)).map(|(one, other)| decibels(one, other));
            let each: Vec<String> = each.map(|one| format!("{one:.1}")).collect();
            line += &format!(" {shrink}: {};", each.join(" "));
        }
        println!("{line}");
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    std::env::args().skip(1).try_for_each(|name| run(&name))
}
