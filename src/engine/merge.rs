//! Filling in templates before an execution runs: the result is a file that is read as any drawing is.

use super::inputs::InputAsset;
use super::plan::Plan;
use super::rows::Supply;
use crate::codecs::{self, DecodeRequest, Decoded, Decoders, EncodeRequest, Format};
use crate::color::ColorSpace;
use crate::data::{Row, slug, template, text};
use crate::error::{Failure, Warning};
use crate::image::convert::convert;
use crate::image::recolor::recolor;
use crate::image::resample::{ChromaUse, Filter, Window, resample_for};
use crate::image::{Representation, Size};

impl Plan {
    /// Whether an execution draws templates.
    pub fn has_templates(&self) -> bool {
        self.graph.sources.iter().any(|source| matches!(source.supply, Supply::Template(_)))
    }

    /// Fills in the templates among the contents of an execution's inputs, which are in the order of `InputAsset::inputs`.
    /// Returns hints about values that are missing.
    ///
    /// # Errors
    /// When a template or a picture in it cannot be used.
    pub fn fill_templates(
        &self,
        asset: &InputAsset,
        contents: &mut [Vec<u8>],
        decoders: Option<&dyn Decoders>,
    ) -> Result<Vec<Warning>, Failure> {
        let mut hints = Vec::new();
        let Some(row) = &asset.row else { return Ok(hints) };
        for (position, source) in self.graph.source_order().map(|source| &self.graph.sources[source]).enumerate() {
            let (Supply::Template(width), Some(content)) = (&source.supply, contents.get(position)) else { continue };
            let merge = Merge { row, asset, contents, decoders };
            let (filled, missing) = merge.filled(content, *width).map_err(|failure| failure.at(&source.action_id))?;
            hints.extend(missing.into_iter().map(|name| {
                let message =
                    format!("Row {} has no value for \"{name}\", so that part of the picture is empty.", row.number);
                let hint = "Fill in the table, or remove the placeholder from the template.";
                Warning::hint("row_incomplete", message, hint).at(&source.action_id)
            }));
            contents[position] = filled;
        }
        Ok(hints)
    }
}

/// What a template is filled in with.
struct Merge<'a> {
    row: &'a Row,
    asset: &'a InputAsset,
    contents: &'a [Vec<u8>],
    decoders: Option<&'a dyn Decoders>,
}

impl Merge<'_> {
    /// The drawing, and the names of values that are missing.
    fn filled(&self, file: &[u8], width: Option<u32>) -> Result<(Vec<u8>, Vec<String>), Failure> {
        let unusable =
            |why: &str| Failure::input(format!("The template cannot be used: {why}."), "Save it as plain SVG.");
        let text = text(file).map_err(|_| unusable("it is not an SVG file, or compressed"))?;
        if text.contains("<!ENTITY") {
            return Err(unusable("it declares entities"));
        }
        // What it becomes is no larger than a drawing may be, however often it repeats a long value.
        let within = |room: &mut usize, value: String| {
            *room = room.checked_sub(value.len()).ok_or_else(|| unusable("filled in, it has more than 64 MiB"))?;
            Ok::<_, Failure>(value)
        };
        let whole = template::MOST_BYTES.saturating_sub(text.len());
        // Its size may depend on the row, and how large pictures need to be depends on its size.
        let (mut missing, mut room) = (Vec::new(), whole);
        let drawing = template::fill(&text, |name| {
            let value = self.row.get(name).unwrap_or_default();
            if value.is_empty() && !missing.iter().any(|known| known == name) {
                missing.push(name.to_owned());
            }
            let value = if self.picture(name).is_some() { String::new() } else { template::escaped(value) };
            within(&mut room, value)
        })?;
        let own = codecs::probe(drawing.as_bytes(), "The template")?.size;
        let longest = match width {
            Some(width) => width.max((f64::from(width) * f64::from(own.height) / f64::from(own.width.max(1))) as u32),
            None => own.width.max(own.height),
        };
        let mut room = whole;
        let filled = template::fill(&text, |name| {
            let value = match self.picture(name) {
                None => template::escaped(self.row.get(name).unwrap_or_default()),
                Some(position) => {
                    let (media_type, bytes) = self.embedded(position, longest)?;
                    template::data_url(media_type, &bytes)
                }
            };
            within(&mut room, value)
        })?;
        let filled = match width {
            Some(width) => codecs::drawing_of_width(&filled, width).ok_or_else(|| unusable("it has no size"))?,
            None => filled,
        };
        Ok((filled.into_bytes(), missing))
    }

    /// The position of the picture that a column names.
    fn picture(&self, name: &str) -> Option<usize> {
        let name = slug(name);
        self.asset.inputs.iter().position(|input| input.column.as_deref() == Some(&name))
    }

    /// A picture as it is embedded: upright, in a format that drawings may contain, and no larger than the drawing.
    fn embedded(&self, position: usize, longest: u32) -> Result<(&'static str, Vec<u8>), Failure> {
        let (bytes, name) = (&self.contents[position], &self.asset.inputs[position].name);
        let header = codecs::probe(bytes, name)?;
        let Size { width, height } = header.upright(true);
        let by = f64::from(longest) / f64::from(width.max(height));
        let is_drawable = matches!(header.format, Format::Jpeg | Format::Png | Format::Webp | Format::Gif);
        if is_drawable && by >= 1.0 && header.orientation == 1 && header.space.is_srgb() {
            return Ok((header.format.media_type(), bytes.clone()));
        }
        let scaled = |side: u32| ((f64::from(side) * by.min(1.0)).round() as u32).max(1);
        let size = Size::new(scaled(width), scaled(height));
        let representation = Representation::interleaved(false, header.alpha);
        let request = DecodeRequest { auto_orient: true, ..DecodeRequest::whole(&header) };
        let Decoded { image, .. } = codecs::decode_by(bytes, &header, &request, self.decoders, name)?;
        let mut image = convert(image, representation);
        if image.size != size {
            image = resample_for(&image, Window::all(image.size), size, Filter::Lanczos3, ChromaUse::Whole)?;
        }
        let image = recolor(image, &ColorSpace::SRGB);
        let request = EncodeRequest { lossless: true, ..EncodeRequest::new(Format::Png) };
        Ok((Format::Png.media_type(), codecs::encode(image, &request, None)?.bytes))
    }
}
