//! The pictures themselves, by the crate `heifer`: linked into a program of its own and native builds only.

use std::borrow::Cow;

use heifer::{Error, Image, Options};
use heifer_isobmff::HeifFile;

use super::{Report, is_deep};
use crate::codecs::boxes::first;
use crate::codecs::decoders::{Product, Trouble};
use crate::codecs::{MAX_PIXELS, heif};

/// Decodes the primary picture of a file, as the file says that it is shown.
pub fn decode(file: &[u8]) -> Product {
    Product::of(read(file))
}

fn read(bytes: &[u8]) -> Result<(Report, Vec<u8>), Trouble> {
    let options = Options { max_threads: 1, max_pixels: MAX_PIXELS };
    let file = HeifFile::parse(bytes).map_err(|_| Trouble::Damaged)?;
    let bytes = &*without_gain_map(bytes, &file);
    if is_deep(&file) {
        let image = heifer::decode_with_options(bytes, &options).map_err(trouble)?;
        let report = Report { width: image.width, height: image.height, most: Some(image.max_value()) };
        return Ok((report, image.data.into_iter().flat_map(u16::to_le_bytes).collect()));
    }
    let Image { width, height, data, .. } = heifer::decode_rgba8(bytes, &options).map_err(trouble)?;
    Ok((Report { width, height, most: None }, data))
}

/// A file for a decoder that knows nothing of gain maps: the picture that the primary one is made of by one is the primary picture.
fn without_gain_map<'a>(bytes: &'a [u8], file: &HeifFile<'_>) -> Cow<'a, [u8]> {
    let id = || {
        let base = heif::base(file)?;
        let primary = first(first(bytes, b"meta")?.get(4..)?, b"pitm")?;
        let (&version, place) = (primary.first()?, primary.as_ptr() as usize - bytes.as_ptr() as usize + 4);
        let mut changed = bytes.to_vec();
        match version {
            0 => changed.get_mut(place..place + 2)?.copy_from_slice(&u16::try_from(base).ok()?.to_be_bytes()),
            _ => changed.get_mut(place..place + 4)?.copy_from_slice(&base.to_be_bytes()),
        }
        Some(changed)
    };
    id().map_or(Cow::Borrowed(bytes), Cow::Owned)
}

fn trouble(error: Error) -> Trouble {
    match error {
        Error::Container(heifer_isobmff::Error::UnexpectedEof) => Trouble::Truncated,
        Error::Unsupported(_) => Trouble::Unsupported,
        Error::Container(_) | Error::Hevc(_) | Error::Encode(_) | Error::Invalid(_) => Trouble::Damaged,
    }
}
