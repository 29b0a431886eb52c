//! The calls into a module: what it says of itself, and a picture for a picture. Whatever it returns is checked before it is used.

use serde_json::{Map, Value};

use super::spec::{MAX_TEXT, Wrong};
use super::{ABI, CustomAction, Spec};
use crate::image::{Deep, Image, Pixels, Size};
use crate::number;

crate::words! {
    /// The functions that a module exports.
    pub enum Function {
        /// `() → version`
        Abi = "pixelmill_abi",
        /// `() → description`
        Describe = "pixelmill_describe",
        /// `(bytes) → address`
        Allocate = "pixelmill_allocate",
        /// `(width, height, depth, pixels, settings, settings length) → result`
        Run = "pixelmill_run",
    }
}

impl Function {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Abi, Self::Describe, Self::Allocate, Self::Run];

    /// How many numbers it takes.
    pub const fn parameters(self) -> usize {
        match self {
            Self::Abi | Self::Describe => 0,
            Self::Allocate => 1,
            Self::Run => 6,
        }
    }
}

/// A module that has been started.
pub trait Guest {
    /// Calls one of its functions with as many numbers as it takes.
    ///
    /// # Errors
    /// The engine's message if it trapped.
    fn call(&mut self, function: Function, arguments: &[u32]) -> Result<u32, String>;

    /// Bytes of its memory, which a call may have changed.
    fn memory(&self) -> u64;

    /// Copies bytes that are within its memory.
    fn read(&self, place: u32, bytes: &mut [u8]);

    /// Copies bytes to a place within its memory.
    fn write(&mut self, place: u32, bytes: &[u8]);
}

/// Why a module gave no picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// It does not accept its settings.
    Settings(Wrong),
    /// It says so itself.
    Refused(String),
    /// It broke down, or did not keep to the interface: a sentence.
    Broken(String),
}

impl From<String> for Problem {
    fn from(sentence: String) -> Self {
        Self::Broken(sentence)
    }
}

/// The longest description in bytes.
const MAX_DESCRIPTION: u32 = 1 << 16;
/// The longest message in bytes.
const MAX_MESSAGE: u32 = 2000;

/// What a module says of itself, as JSON and as it was read.
///
/// # Errors
/// Why it cannot be used, as a sentence.
pub fn describe(guest: &mut dyn Guest) -> Result<(Value, Spec), String> {
    let version = called(guest, Function::Abi, &[])?;
    if version != ABI {
        return Err(format!("It is made for version {version} of the interface; this is version {ABI}."));
    }
    let place = called(guest, Function::Describe, &[])?;
    let [length] = words(guest, place)?;
    if length > MAX_DESCRIPTION {
        return Err(format!("Its description has {length} bytes; at most {MAX_DESCRIPTION} are read."));
    }
    let text = bytes(guest, place.wrapping_add(4), length.into())?;
    let mut json: Value =
        serde_json::from_slice(&text).map_err(|error| format!("Its description is not valid JSON: {error}."))?;
    number::round(&mut json);
    let spec = Spec::read(&json)?;
    Ok((json, spec))
}

/// What a module makes of a picture in RGBA, in the same depth and colours.
///
/// # Errors
/// Why there is none.
pub fn run(action: &dyn CustomAction, image: Image, settings: &Map<String, Value>) -> Result<Image, Problem> {
    let spec = action.spec();
    let settings = spec.settings(settings).map_err(Problem::Settings)?;
    let mut guest = action.start().map_err(|error| format!("It could not be started: {error}."))?;
    let guest = &mut *guest;
    let Image { size, pixels, space } = image;
    let depth = if matches!(pixels, Pixels::Deep(_)) { 16 } else { 8 };
    let place = match &pixels {
        Pixels::Rgba(samples) => given(guest, samples.len(), |guest, place| guest.write(place, samples)),
        Pixels::Deep(Deep::Rgba(samples)) => {
            given(guest, samples.len() * 2, |guest, place| write_deep(guest, place, samples))
        }
        _ => Err("A picture reached it that is not RGBA.".to_owned()),
    }?;
    drop(pixels);
    let length = settings.len() as u32;
    let settings = given(guest, settings.len(), |guest, place| guest.write(place, settings.as_bytes()))?;
    let result = called(guest, Function::Run, &[size.width, size.height, depth, place, settings, length])?;
    let (size, place) = picture(guest, result, size, spec)?;
    // Whatever it says.
    let length = size.pixels().saturating_mul(u64::from(depth / 2));
    let samples = bytes(guest, place, length)?;
    let pixels = match depth {
        8 => Pixels::Rgba(samples),
        _ => Pixels::Deep(Deep::Rgba(
            samples.as_chunks().0.iter().map(|sample| u16::from_le_bytes(*sample)).collect::<Vec<_>>(),
        )),
    };
    Ok(Image { space, ..Image::new(size, pixels) })
}

/// The size of a result and the address of its pixels, or the module's own message.
fn picture(guest: &dyn Guest, result: u32, before: Size, spec: &Spec) -> Result<(Size, u32), Problem> {
    match words(guest, result)? {
        [0, width, height, place] => {
            let size = Size::new(width, height);
            if width == 0 || height == 0 {
                return Err(format!("It returned a picture of {width} × {height} pixels.").into());
            }
            if size != before && !spec.resizes {
                return Err(format!(
                    "It returned {width} × {height} pixels instead of {} × {}, although its description does not say that it resizes.",
                    before.width, before.height
                )
                .into());
            }
            Ok((size, place))
        }
        [1, place, length, _] => {
            let text = bytes(guest, place, length.min(MAX_MESSAGE).into())?;
            let text = String::from_utf8_lossy(&text).replace(char::is_control, " ");
            Err(Problem::Refused(text.chars().take(MAX_TEXT).collect()))
        }
        [status, ..] => Err(format!("It returned the status {status}, which is neither 0 nor 1.").into()),
    }
}

/// The address of bytes that were written into memory of the module's own choice.
fn given(guest: &mut dyn Guest, length: usize, write: impl FnOnce(&mut dyn Guest, u32)) -> Result<u32, String> {
    let place = called(guest, Function::Allocate, &[length as u32])?;
    if place == 0 {
        return Err(format!("It has no memory for {length} bytes."));
    }
    check(guest, place, length as u64)?;
    write(guest, place);
    Ok(place)
}

fn write_deep(guest: &mut dyn Guest, place: u32, samples: &[u16]) {
    const BLOCK: usize = 1 << 15;
    for (block, samples) in samples.chunks(BLOCK).enumerate() {
        let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        guest.write(place + (block * BLOCK * 2) as u32, &bytes);
    }
}

fn called(guest: &mut dyn Guest, function: Function, arguments: &[u32]) -> Result<u32, String> {
    guest.call(function, arguments).map_err(|error| format!("It broke down in \"{}\": {error}.", function.word()))
}

/// Numbers in its memory, in its order of bytes.
fn words<const COUNT: usize>(guest: &dyn Guest, place: u32) -> Result<[u32; COUNT], String> {
    let found = bytes(guest, place, 4 * COUNT as u64)?;
    let mut words = [0; COUNT];
    for (word, bytes) in words.iter_mut().zip(found.as_chunks().0) {
        *word = u32::from_le_bytes(*bytes);
    }
    Ok(words)
}

/// A copy of bytes in its memory.
fn bytes(guest: &dyn Guest, place: u32, length: u64) -> Result<Vec<u8>, String> {
    check(guest, place, length)?;
    // No more than its memory, which is limited.
    let mut bytes = vec![0; length as usize];
    guest.read(place, &mut bytes);
    Ok(bytes)
}

/// Whether bytes are within its memory.
fn check(guest: &dyn Guest, place: u32, length: u64) -> Result<(), String> {
    let memory = guest.memory();
    if length <= memory && u64::from(place) + length <= memory {
        return Ok(());
    }
    Err(format!("It named {length} bytes at {place}, which are not all within its memory of {memory} bytes."))
}
