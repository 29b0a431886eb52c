//! The boxes of ISO base media files (ISO/IEC 14496-12, 4.2), of which AVIF and JPEG XL are made.

/// The next box: its kind, its content, which may be cut off, and what follows.
pub(super) fn next(bytes: &[u8]) -> Option<([u8; 4], &[u8], &[u8])> {
    let (kind, length, rest) = header(bytes)?;
    let (body, after) = rest.split_at(length.min(rest.len()));
    Some((kind, body, after))
}

/// Where the last box ends that is not cut off.
pub(super) fn whole(bytes: &[u8]) -> usize {
    let mut rest = bytes;
    while let Some((_, length, body)) = header(rest)
        && let Some(after) = body.get(length..)
    {
        rest = after;
    }
    bytes.len() - rest.len()
}

/// The kind of the next box, how long its content should be, and all that follows.
fn header(bytes: &[u8]) -> Option<([u8; 4], usize, &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (kind, mut rest) = rest.split_first_chunk()?;
    let length = match u32::from_be_bytes(*length) {
        0 => rest.len(),
        1 => {
            let (length, after) = rest.split_first_chunk()?;
            rest = after;
            usize::try_from(u64::from_be_bytes(*length).checked_sub(16)?).unwrap_or(usize::MAX)
        }
        length => (length as usize).checked_sub(8)?,
    };
    Some((*kind, length, rest))
}

/// The boxes in one, one after another: kinds with contents.
pub(super) fn boxes(mut bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    std::iter::from_fn(move || {
        let (kind, body, after) = next(bytes)?;
        bytes = after;
        Some((kind, body))
    })
}

/// The first box of a kind.
pub(super) fn first<'a>(bytes: &'a [u8], wanted: &[u8; 4]) -> Option<&'a [u8]> {
    boxes(bytes).find(|(kind, _)| kind == wanted).map(|(_, body)| body)
}
