//! Writing: RGB or RGBA, in sRGB, because there is no place for a profile.

use super::{MARK, hash};
use crate::codecs::{EncodeRequest, Encoded, Encoders, Format, lossless};
use crate::color::ColorSpace;
use crate::error::Failure;
use crate::image::convert::convert;
use crate::image::recolor::recolor;
use crate::image::{Image, Pixels, Representation};

/// Most pixels of one instruction.
const LONGEST: u8 = 62;

pub(super) fn encode(image: Image, _: &EncodeRequest, _: Option<&dyn Encoders>) -> Result<Encoded, Failure> {
    let image = lossless(recolor(image, &ColorSpace::SRGB));
    let image = match image.representation() {
        Representation::Gray => convert(image, Representation::Rgb),
        _ => image,
    };
    let mut bytes = MARK.to_vec();
    bytes.extend_from_slice(&image.size.width.to_be_bytes());
    bytes.extend_from_slice(&image.size.height.to_be_bytes());
    let mut coder = Coder { bytes, last: [0, 0, 0, 255], repeats: 0, seen: [[0; 4]; 64] };
    match &image.pixels {
        Pixels::Rgba(samples) => {
            coder.bytes.extend_from_slice(&[4, 0]);
            samples.as_chunks().0.iter().for_each(|pixel| coder.push(*pixel));
        }
        Pixels::Rgb(samples) => {
            coder.bytes.extend_from_slice(&[3, 0]);
            samples.as_chunks().0.iter().for_each(|[red, green, blue]| coder.push([*red, *green, *blue, 255]));
        }
        Pixels::Gray(_) | Pixels::Ycc(_) | Pixels::Deep(_) => unreachable!("it became RGB"),
    }
    coder.end_run();
    coder.bytes.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 1]);
    Ok(Encoded { bytes: coder.bytes, format: Format::Qoi, encoder: "pixelmill-qoi 1.0.0" })
}

struct Coder {
    bytes: Vec<u8>,
    last: [u8; 4],
    /// How often the last pixel came again.
    repeats: u8,
    /// Pixels by the hash of their colour.
    seen: [[u8; 4]; 64],
}

impl Coder {
    fn end_run(&mut self) {
        if self.repeats > 0 {
            self.bytes.push(0xc0 | (self.repeats - 1));
            self.repeats = 0;
        }
    }

    fn push(&mut self, pixel: [u8; 4]) {
        if pixel == self.last {
            self.repeats += 1;
            if self.repeats == LONGEST {
                self.end_run();
            }
            return;
        }
        self.end_run();
        let place = hash(pixel);
        let [red, green, blue, alpha] = pixel;
        if self.seen[place] == pixel {
            self.bytes.push(place as u8);
        } else if alpha != self.last[3] {
            self.bytes.extend_from_slice(&[0xff, red, green, blue, alpha]);
        } else {
            let [dr, dg, db] = [0, 1, 2].map(|index| pixel[index].wrapping_sub(self.last[index]));
            let small = [dr, dg, db].map(|step| step.wrapping_add(2));
            let (step, others) = (dg.wrapping_add(32), [dr, db].map(|other| other.wrapping_sub(dg).wrapping_add(8)));
            if small.iter().all(|step| *step < 4) {
                self.bytes.push(0x40 | small[0] << 4 | small[1] << 2 | small[2]);
            } else if step < 64 && others.iter().all(|other| *other < 16) {
                self.bytes.extend_from_slice(&[0x80 | step, others[0] << 4 | others[1]]);
            } else {
                self.bytes.extend_from_slice(&[0xfe, red, green, blue]);
            }
        }
        self.seen[place] = pixel;
        self.last = pixel;
    }
}
