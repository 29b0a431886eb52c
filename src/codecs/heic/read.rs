//! Headers, and pixels of what the decoder gives.

use super::{Report, is_deep};
use crate::codecs::decoders::Product;
use crate::codecs::heif;
use crate::codecs::samples::stretched;
use crate::codecs::{Finding, Format, Header, Picture, Problem, decoded_to};
use crate::color::ToneMap;
use crate::image::convert::drop_alpha;
use crate::image::depth::Sample;
use crate::image::{Image, Pixels, Size};

pub(super) fn probe(bytes: &[u8]) -> Result<Header, Problem> {
    let file = heif::parse(bytes)?;
    let size = heif::size(&file)?;
    let alpha = heif::alpha(&file)?.is_some();
    let mut findings = Vec::new();
    let space = heif::space(&file, false, &mut findings)?;
    let is_deep = is_deep(&file) && !findings.contains(&Finding::ToneMapped);
    if heif::has_gain_map(&file) {
        findings.push(Finding::GainMapLeftOut);
    }
    let native = decoded_to(false, alpha, is_deep, size, &mut findings);
    Ok(Header { format: Format::Heic, size, orientation: 1, alpha, native, space, animation: None, findings })
}

/// The picture of a file whose header was read.
pub(super) fn picture(bytes: &[u8], header: &Header, product: Product) -> Result<Picture, Problem> {
    let (Report { width, height, most }, data): (Report, _) = product.read()?;
    let each = if most.is_some() { 2 } else { 1 };
    if Size::new(width, height) != header.size || data.len() as u64 != header.size.pixels() * 4 * each {
        return Err(Problem::damaged("its picture does not have the size in its header"));
    }
    let most = most.map(u32::from);
    if most == Some(0) {
        return Err(Problem::damaged("its samples make no sense"));
    }
    let words = || data.as_chunks().0.iter().map(|bytes| u32::from(u16::from_le_bytes(*bytes)));
    let pixels = match (tone_map(bytes, header)?, most) {
        (Some(tone_map), Some(most)) => {
            let wide: Vec<u16> = words().map(|sample| stretched(sample, most)).collect();
            rgba(tone_mapped(&wide, &tone_map), header.alpha)
        }
        (Some(tone_map), None) => {
            let wide: Vec<u16> = data.iter().map(|sample| u16::of_byte(*sample)).collect();
            rgba(tone_mapped(&wide, &tone_map), header.alpha)
        }
        (None, Some(most)) if header.is_deep() => {
            rgba::<u16>(words().map(|sample| stretched(sample, most)).collect(), header.alpha)
        }
        (None, Some(most)) => rgba::<u8>(words().map(|sample| stretched(sample, most)).collect(), header.alpha),
        (None, None) => rgba(data, header.alpha),
    };
    Ok(Image::new(header.size, pixels).into())
}

/// Straight RGBA, without alpha if a picture has none.
fn rgba<S: Sample>(samples: Vec<S>, alpha: bool) -> Pixels {
    if alpha { S::pixels(samples, 4) } else { S::pixels(drop_alpha(&samples), 3) }
}

/// How a high dynamic range is brought to sRGB, if there is one.
fn tone_map(bytes: &[u8], header: &Header) -> Result<Option<ToneMap>, Problem> {
    if !header.findings.contains(&Finding::ToneMapped) {
        return Ok(None);
    }
    let description = heif::description(&heif::parse(bytes)?);
    let tone_map = description.and_then(|said| said.tone_map());
    tone_map.map(Some).ok_or(Problem::damaged("its header changed"))
}

fn tone_mapped(samples: &[u16], tone_map: &ToneMap) -> Vec<u8> {
    let pixel = |&[red, green, blue, alpha]: &[u16; 4]| {
        let [red, green, blue] = tone_map.color([red, green, blue]);
        [red, green, blue, (alpha / 257) as u8]
    };
    samples.as_chunks().0.iter().flat_map(pixel).collect()
}
