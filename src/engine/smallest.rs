//! Finding the format and the quality of the smallest file that still looks like its picture.

use super::fit::shown_bytes;
use crate::codecs::{self, DecodeRequest, Decoders, EncodeRequest, Encoded, Format};
use crate::error::{Failure, Warning};
use crate::image::similarity::{Luma, similarity};

/// The lowest quality that is chosen.
const LOWEST_QUALITY: u8 = 30;
/// How often a picture is written in one format at most.
const ATTEMPTS: u32 = 6;

/// A file that was written to be compared.
#[derive(Debug)]
pub(super) struct Tried {
    pub(super) encoded: Encoded,
    pub(super) quality: u8,
    /// To the picture, 0…1.
    pub(super) similarity: f64,
}

/// The file of the lowest quality, up to the wanted one, whose similarity is at least `least`; the one of the wanted quality if
/// none is. `write` writes one.
///
/// # Errors
/// Those of `write`.
pub(super) fn at_least(
    least: f64,
    request: &EncodeRequest,
    mut write: impl FnMut(u8) -> Result<Tried, Failure>,
) -> Result<Tried, Failure> {
    let mut best = write(request.quality)?;
    if !request.is_lossy() || best.similarity < least {
        return Ok(best);
    }
    // Below it none is known to be similar enough, from `best` on all are.
    let mut low = LOWEST_QUALITY.min(request.quality);
    for _ in 1..ATTEMPTS {
        if low >= best.quality {
            break;
        }
        let tried = write(low.midpoint(best.quality))?;
        if tried.similarity >= least {
            best = tried;
        } else {
            low = tried.quality + 1;
        }
    }
    Ok(best)
}

/// How similar a file is to the picture with this brightness. What is written without loss is not read again.
///
/// # Errors
/// When the file cannot be read, which would be our own fault, or the host's ([`Plan::comparing`](super::Plan::comparing)).
pub(super) fn similarity_of(
    picture: &Luma,
    file: &Encoded,
    request: &EncodeRequest,
    decoders: Option<&dyn Decoders>,
) -> Result<f64, Failure> {
    if !request.is_lossy() && request.palette.is_none_or(|_| request.format != Format::Png) {
        return Ok(1.0);
    }
    let header = codecs::probe(&file.bytes, "the result")?;
    let whole = DecodeRequest::whole(&header);
    let decoded = codecs::decode_by(&file.bytes, &header, &whole, decoders, "the result")?;
    Ok(similarity(picture, &Luma::of(&decoded.image)))
}

/// Which of the files is kept: the smallest of those that are similar enough, or else the most similar.
pub(super) fn choice<'a>(least: f64, tried: impl Iterator<Item = &'a Tried>) -> Option<usize> {
    let rank = |one: &Tried| match one.similarity >= least {
        true => (false, one.encoded.bytes.len() as f64),
        false => (true, -one.similarity),
    };
    let ranked = tried.map(rank).enumerate();
    let first = ranked.reduce(|one, other| {
        let is_before = (other.1.0, one.1.0) == (false, true) || other.1.0 == one.1.0 && other.1.1 < one.1.1;
        if is_before { other } else { one }
    });
    first.map(|(at, _)| at)
}

/// What the files had, the chosen one first.
pub(super) fn note(least: f64, tried: &[(EncodeRequest, Tried)], chosen: usize) -> Warning {
    let about = |(request, one): &(EncodeRequest, Tried)| {
        let format = request.format.name();
        let quality = if request.is_lossy() { format!(" of quality {}", one.quality) } else { String::new() };
        let bytes = shown_bytes(one.encoded.bytes.len() as u64);
        format!("{format}{quality} has {bytes} (similarity {:.3})", one.similarity)
    };
    let others = tried.iter().enumerate().filter(|(at, _)| *at != chosen).map(|(_, one)| about(one));
    let all: Vec<String> = tried.get(chosen).map(about).into_iter().chain(others).collect();
    let is_enough = tried.get(chosen).is_some_and(|(_, one)| one.similarity >= least);
    let message = format!("{}.", all.join("; "));
    if is_enough {
        return Warning::hint(
            "smallest_of",
            message,
            "Raise \"similarity\" for better pictures, or lower it for smaller files.",
        );
    }
    let message = format!("No file is similar enough ({least}), so the most similar one was kept. {message}");
    Warning::hint(
        "smallest_of",
        message,
        "Raise \"quality\", lower \"similarity\", or add a format without loss, such as PNG.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tried(quality: u8, similarity: f64, bytes: usize) -> Tried {
        Tried { encoded: Encoded { bytes: vec![0; bytes], format: Format::Jpeg, encoder: "test" }, quality, similarity }
    }

    fn jpeg(quality: u8) -> EncodeRequest {
        EncodeRequest { quality, ..EncodeRequest::new(Format::Jpeg) }
    }

    #[test]
    fn the_lowest_quality_that_is_similar_enough_is_found_in_six_attempts() {
        for wanted in [1, 30, 31, 60, 80, 100] {
            for exact in 1..=100_u8 {
                let mut count = 0;
                let found = at_least(0.99, &jpeg(wanted), |quality| {
                    count += 1;
                    Ok(tried(quality, if quality >= exact { 0.995 } else { 0.9 }, 1))
                })
                .unwrap();
                assert!(count <= 6);
                if exact > wanted {
                    assert_eq!((found.quality, count), (wanted, 1), "none is");
                } else {
                    let lowest = exact.max(LOWEST_QUALITY.min(wanted));
                    assert!(found.quality >= lowest && found.quality <= lowest + 2, "{wanted} {exact}: {found:?}");
                }
            }
        }
        let png = EncodeRequest::new(Format::Png);
        let mut count = 0;
        at_least(0.99, &png, |quality| {
            count += 1;
            Ok(tried(quality, 1.0, 1))
        })
        .unwrap();
        assert_eq!(count, 1, "there is one way to write it without loss");
    }

    #[test]
    fn the_smallest_that_is_similar_enough_is_kept_or_the_most_similar() {
        let choose = |all: &[(f64, usize)]| {
            let all: Vec<Tried> = all.iter().map(|(similarity, bytes)| tried(80, *similarity, *bytes)).collect();
            choice(0.99, all.iter())
        };
        assert_eq!(choose(&[(0.995, 500), (0.98, 100), (1.0, 400)]), Some(2));
        assert_eq!(choose(&[(0.95, 500), (0.98, 900)]), Some(1));
        assert_eq!(choose(&[(1.0, 500), (1.0, 500)]), Some(0), "the first of equals");
        assert_eq!(choose(&[]), None);
    }
}
