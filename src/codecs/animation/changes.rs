//! What changes from one frame to the next.

use super::canvas::Part;
use crate::image::Size;
use crate::image::depth::Sample;

/// The smallest part that contains every pixel in which two canvases of R′G′B′A differ; `None` if they are equal.
pub(in super::super) fn changed<S: Sample>(before: &[S], after: &[S], size: Size) -> Option<Part> {
    where_any(before, after, size, |before, after| before != after)
}

/// The smallest part that contains every pixel that is opaque in `before` and transparent in `after`, canvases whose
/// pixels are either one or the other.
pub(in super::super) fn vanished(before: &[u8], after: &[u8], size: Size) -> Option<Part> {
    where_any(before, after, size, |before, after| before[3] != 0 && after[3] == 0)
}

fn where_any<S: Sample>(
    before: &[S],
    after: &[S],
    size: Size,
    differs: impl Fn(&[S; 4], &[S; 4]) -> bool,
) -> Option<Part> {
    let stride = size.width as usize * 4;
    let mut found: Option<[usize; 4]> = None;
    for (y, (before, after)) in before.chunks_exact(stride).zip(after.chunks_exact(stride)).enumerate() {
        if before == after {
            continue;
        }
        let differs = |(before, after): (&[S; 4], &[S; 4])| differs(before, after);
        let pairs = || before.as_chunks::<4>().0.iter().zip(after.as_chunks::<4>().0);
        let Some(first) = pairs().position(differs) else { continue };
        let last = pairs().rposition(differs).unwrap_or(first);
        let [left, top, right, _] = found.unwrap_or([first, y, last, y]);
        found = Some([left.min(first), top, right.max(last), y]);
    }
    let [left, top, right, bottom] = found?.map(|side| side as u32);
    Some(Part { left, top, size: Size::new(right - left + 1, bottom - top + 1) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_part_is_found() {
        let size = Size::new(4, 3);
        let before = vec![255_u8; 48];
        assert_eq!(changed(&before, &before, size), None);
        let mut after = before.clone();
        after[(4 + 1) * 4] = 0;
        after[(2 * 4 + 2) * 4 + 3] = 0;
        let part = |left, top, width, height| Some(Part { left, top, size: Size::new(width, height) });
        assert_eq!(changed(&before, &after, size), part(1, 1, 2, 2));
        assert_eq!(vanished(&before, &after, size), part(2, 2, 1, 1));
        assert_eq!(vanished(&after, &before, size), None);
    }
}
