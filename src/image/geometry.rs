//! Cropping a picture without changing sample values. The actions decide which part is kept.

use super::convert::full_chroma;
use super::{Deep, Image, Pixels, Plane, Size, Ycc};

/// The part of `size` at (`x`, `y`), which must be inside the picture.
///
/// A planar picture keeps its subsampling if the part starts on a boundary between chroma samples; otherwise its chroma
/// is brought to full size first (4:4:4), so that no colour moves.
///
/// # Panics
/// When the part extends beyond the picture.
pub fn crop(image: Image, x: u32, y: u32, size: Size) -> Image {
    if size == image.size {
        return image;
    }
    let width = image.size.width;
    let Image { pixels, space, .. } = image;
    let pixels = match pixels {
        Pixels::Gray(data) => Pixels::Gray(cut::<_, 1>(&data, width, x, y, size)),
        Pixels::Rgb(data) => Pixels::Rgb(cut::<_, 3>(&data, width, x, y, size)),
        Pixels::Rgba(data) => Pixels::Rgba(cut::<_, 4>(&data, width, x, y, size)),
        Pixels::Deep(deep) => Pixels::Deep(match deep {
            Deep::Gray(data) => Deep::Gray(cut::<_, 1>(&data, width, x, y, size)),
            Deep::Rgb(data) => Deep::Rgb(cut::<_, 3>(&data, width, x, y, size)),
            Deep::Rgba(data) => Deep::Rgba(cut::<_, 4>(&data, width, x, y, size)),
        }),
        Pixels::Ycc(ycc) => {
            let fits = x.is_multiple_of(ycc.subsampling.h.into()) && y.is_multiple_of(ycc.subsampling.v.into());
            let ycc = if fits { ycc } else { full_chroma(ycc) };
            let (h, v) = (u32::from(ycc.subsampling.h), u32::from(ycc.subsampling.v));
            let plane = |plane: &Plane, x, y, size| Plane {
                size,
                data: cut::<_, 1>(&plane.data, plane.size.width, x, y, size),
            };
            let chroma = ycc.subsampling.chroma_size(size);
            Pixels::Ycc(Ycc {
                y: plane(&ycc.y, x, y, size),
                cb: plane(&ycc.cb, x / h, y / v, chroma),
                cr: plane(&ycc.cr, x / h, y / v, chroma),
                subsampling: ycc.subsampling,
            })
        }
    };
    Image { space, ..Image::new(size, pixels) }
}

fn cut<S: Copy, const N: usize>(data: &[S], width: u32, x: u32, y: u32, size: Size) -> Vec<S> {
    let mut part = Vec::with_capacity(size.pixels() as usize * N);
    for row in data.chunks_exact(width as usize * N).skip(y as usize).take(size.height as usize) {
        part.extend_from_slice(&row[x as usize * N..][..size.width as usize * N]);
    }
    part
}

#[cfg(test)]
mod tests {
    use super::super::Subsampling;
    use super::*;

    fn planar(size: Size) -> Image {
        let plane = |size: Size, from: u32| Plane {
            size,
            data: (0..size.pixels() as u32).map(|i| (from + i * 3 % 120) as u8).collect(),
        };
        let chroma = Subsampling::S420.chroma_size(size);
        let ycc =
            Ycc { y: plane(size, 20), cb: plane(chroma, 60), cr: plane(chroma, 90), subsampling: Subsampling::S420 };
        Image::new(size, Pixels::Ycc(ycc))
    }

    #[test]
    fn a_cut_between_chroma_samples_keeps_the_subsampling() {
        let Pixels::Ycc(whole) = planar(Size::new(9, 7)).pixels else { panic!("planar") };
        let part = crop(planar(Size::new(9, 7)), 2, 4, Size::new(5, 3));
        assert!(part.is_consistent());
        let Pixels::Ycc(part) = part.pixels else { panic!("planar stays planar") };
        assert_eq!(part.subsampling, Subsampling::S420);
        assert_eq!(part.y.row(1), &whole.y.row(5)[2..7]);
        assert_eq!(part.cb.row(1), &whole.cb.row(3)[1..4]);
        assert_eq!(part.cr.row(0), &whole.cr.row(2)[1..4]);
    }

    #[test]
    fn a_cut_through_chroma_samples_goes_to_full_chroma() {
        let Pixels::Ycc(whole) = planar(Size::new(9, 7)).pixels else { panic!("planar") };
        let whole = full_chroma(whole);
        for (x, y) in [(1, 2), (2, 1), (3, 3)] {
            let part = crop(planar(Size::new(9, 7)), x, y, Size::new(4, 3));
            assert!(part.is_consistent());
            let Pixels::Ycc(part) = part.pixels else { panic!("planar stays planar") };
            assert_eq!(part.subsampling, Subsampling::S444);
            assert_eq!(part.cb.row(1), &whole.cb.row(y + 1)[x as usize..][..4]);
        }
    }

    #[test]
    fn all_of_a_picture_is_the_picture() {
        let image = planar(Size::new(5, 5));
        assert_eq!(crop(image.clone(), 0, 0, Size::new(5, 5)), image);
    }
}
