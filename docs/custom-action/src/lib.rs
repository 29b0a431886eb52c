//! A custom action for Pixelmill: dark lines across a picture, as on an old screen. `../custom-actions.md` describes what a
//! module must export; nothing else is needed.
//!
//! ```sh
//! cargo build --release --target wasm32-unknown-unknown
//! ```
//!
//! Every picture gets an instance of its own, which is thrown away afterwards, so nothing here is ever freed.

use std::slice;

/// What the action is called, and what can be set.
const DESCRIPTION: &str = r#"{
  "name": "Scan lines",
  "description": "Darkens every n-th line of a picture, as on an old screen.",
  "version": "1.0.0",
  "depths": [8, 16],
  "parameters": [
    { "name": "period", "type": "integer", "default": 4, "range": [2, 64], "unit": "px",
      "description": "How many lines lie from one dark line to the next." },
    { "name": "strength", "type": "number", "default": 0.5, "range": [0, 1],
      "description": "How much darker a dark line is: 1 is black." }
  ]
}"#;

/// The version of the interface.
#[unsafe(no_mangle)]
pub extern "C" fn pixelmill_abi() -> u32 {
    1
}

/// The description after its length.
#[unsafe(no_mangle)]
pub extern "C" fn pixelmill_describe() -> *const u8 {
    let mut described = (DESCRIPTION.len() as u32).to_le_bytes().to_vec();
    described.extend(DESCRIPTION.as_bytes());
    described.leak().as_ptr()
}

/// Room for a picture or for settings, at an address that suits any number.
#[unsafe(no_mangle)]
pub extern "C" fn pixelmill_allocate(bytes: usize) -> *mut u64 {
    vec![0; bytes.div_ceil(8)].leak().as_mut_ptr()
}

/// Darkens the lines where the picture is, and returns it.
///
/// # Safety
/// `pixels` and `settings` must have been allocated as above, `pixels` with room for the picture.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pixelmill_run(
    width: usize,
    height: usize,
    depth: u32,
    pixels: *mut u8,
    settings: *const u8,
    length: usize,
) -> *const [u32; 4] {
    // Safety: that is what the caller promises.
    let settings = unsafe { slice::from_raw_parts(settings, length) };
    let settings = str::from_utf8(settings).unwrap_or_default();
    let (Some(period), Some(strength)) = (number(settings, "period"), number(settings, "strength")) else {
        return failed("a setting is missing");
    };
    let (samples, period) = (width * height * 4, period as usize);
    // Safety: as above, and `pixelmill_allocate` returns addresses that suit numbers of 16 bits.
    match depth {
        8 => darken(unsafe { slice::from_raw_parts_mut(pixels, samples) }, width, period, |sample| {
            (f64::from(sample) * (1.0 - strength) + 0.5) as u8
        }),
        _ => darken(unsafe { slice::from_raw_parts_mut(pixels.cast::<u16>(), samples) }, width, period, |sample| {
            (f64::from(sample) * (1.0 - strength) + 0.5) as u16
        }),
    }
    result([0, width as u32, height as u32, pixels as u32])
}

/// Changes the colours of the last of every `period` lines of RGBA; their opacity stays.
fn darken<S: Copy>(samples: &mut [S], width: usize, period: usize, dark: impl Fn(S) -> S) {
    for line in samples.chunks_mut(width * 4).skip(period - 1).step_by(period) {
        for pixel in line.chunks_mut(4) {
            pixel[..3].iter_mut().for_each(|sample| *sample = dark(*sample));
        }
    }
}

/// A number in the settings, which are `{"name":value,…}` without spaces. An action with texts needs a JSON library.
fn number(settings: &str, name: &str) -> Option<f64> {
    let (_, rest) = settings.split_once(&format!("\"{name}\":"))?;
    rest.split([',', '}']).next()?.parse().ok()
}

/// The result of a picture that cannot be worked on.
fn failed(message: &str) -> *const [u32; 4] {
    let message = message.to_owned().leak();
    result([1, message.as_ptr() as u32, message.len() as u32, 0])
}

fn result(words: [u32; 4]) -> *const [u32; 4] {
    Box::leak(Box::new(words))
}
