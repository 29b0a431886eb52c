//! Glyphs without contours that have bytes behind them. read-fonts 0.41 takes such bytes for points, and ends the program
//! (<https://github.com/googlefonts/fontations/issues/1962>). Fonts that people use have them, as padding.

use skrifa::FontRef;
use skrifa::raw::{FileRef, TableProvider};

/// What a glyph without contours consists of: their number, its bounds, and the length of its instructions.
const HEADER: usize = 12;

/// Where such glyphs are in a font file, with their lengths.
fn found(file: &[u8]) -> Vec<(usize, usize)> {
    let fonts = FileRef::new(file).map(|file| file.fonts().flatten().collect::<Vec<_>>()).unwrap_or_default();
    fonts.iter().flat_map(|font| within(font, file)).collect()
}

fn within(font: &FontRef<'_>, file: &[u8]) -> Vec<(usize, usize)> {
    let (Ok(places), Ok(glyphs)) = (font.loca(None), font.glyf()) else { return Vec::new() };
    let glyphs = glyphs.offset_data().as_bytes();
    let start = glyphs.as_ptr() as usize - file.as_ptr() as usize;
    let of = |glyph: usize| {
        let place = |glyph| places.get_raw(glyph).map(|place| place as usize);
        let (first, end) = (place(glyph)?, place(glyph + 1)?);
        let glyph = glyphs.get(first..end)?;
        let has_more = glyph.starts_with(&[0, 0]) && glyph.len() > HEADER + instructions(glyph);
        has_more.then_some((start + first, glyph.len()))
    };
    (0..places.len()).filter_map(of).collect()
}

/// How many bytes of a glyph without contours are instructions.
fn instructions(glyph: &[u8]) -> usize {
    glyph.get(HEADER - 2..HEADER).map_or(0, |length| usize::from(u16::from_be_bytes([length[0], length[1]])))
}

/// Makes what is behind such glyphs part of their instructions, which nobody follows.
///
/// # Errors
/// Why the font cannot be used.
pub(super) fn repair(file: &mut [u8]) -> Result<(), &'static str> {
    for (place, length) in found(file) {
        let instructions = u16::try_from(length - HEADER).unwrap_or(u16::MAX);
        file[place + HEADER - 2..place + HEADER].copy_from_slice(&instructions.to_be_bytes());
    }
    // Glyphs that overlap are damage.
    if found(file).is_empty() { Ok(()) } else { Err("its glyphs are damaged") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use skrifa::instance::{LocationRef, Size};
    use skrifa::outline::{DrawSettings, OutlinePen};
    use skrifa::{GlyphId, MetadataProvider};

    struct Nothing;

    impl OutlinePen for Nothing {
        fn move_to(&mut self, _: f32, _: f32) {}
        fn line_to(&mut self, _: f32, _: f32) {}
        fn quad_to(&mut self, _: f32, _: f32, _: f32, _: f32) {}
        fn curve_to(&mut self, _: f32, _: f32, _: f32, _: f32, _: f32, _: f32) {}
        fn close(&mut self) {}
    }

    /// Draws all glyphs.
    fn draw(file: &[u8]) {
        let font = FontRef::new(file).unwrap();
        let outlines = font.outline_glyphs();
        for glyph in (0..=u16::MAX).map_while(|glyph| outlines.get(GlyphId::from(glyph))) {
            glyph.draw(DrawSettings::unhinted(Size::unscaled(), LocationRef::default()), &mut Nothing).unwrap();
        }
    }

    #[test]
    fn a_glyph_without_contours_may_have_bytes_behind_it() {
        let mut file = include_bytes!("../../../tests/data/fonts/hebrew.ttf").to_vec();
        let font = FontRef::new(&file).unwrap();
        let (places, glyphs) = (font.loca(None).unwrap(), font.glyf().unwrap());
        let start = glyphs.offset_data().as_bytes().as_ptr() as usize - file.as_ptr() as usize;
        let place = |glyph| places.get_raw(glyph).unwrap() as usize;
        let glyph = (0..places.len()).find(|glyph| place(glyph + 1) - place(*glyph) > HEADER).unwrap();
        let at = start + place(glyph);
        // No contours, no instructions.
        file[at..at + HEADER].fill(0);
        let mut padded = file.clone();
        assert_eq!(found(&padded).len(), 1);
        repair(&mut padded).unwrap();
        draw(&padded);
        // Nothing else is touched.
        let changed: Vec<usize> = (0..file.len()).filter(|byte| file[*byte] != padded[*byte]).collect();
        assert!(changed.iter().all(|byte| (at + HEADER - 2..at + HEADER).contains(byte)), "{changed:?}");
    }
}
