//! `text`: writes a text on the picture, which may name the file.

use std::cell::Cell;

use super::checks::{Condition, Rule};
use super::parameters::{Color, Gravity, Kind, Spatial};
use super::placeholders::{self, Placeholder};
use super::round_corners::Unit;
use super::{Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Port, PortType, Role, Stop, only, unaccepted};
use crate::error::{Failure, Warning};
use crate::image::depth::{Sample, by_depth};
use crate::image::recolor::{color_for, receptive, recolor};
use crate::image::{Image, Pixels, Representations, Size};
use crate::lettering::{self, FONT, Lettering, Request, listed, named};
use crate::user_file::FileKind;

crate::choices! {
    /// Where the lines of a text lie, relative to each other.
    pub enum Align {
        /// At the left.
        Left = "left",
        /// In the middle.
        Center = "center",
        /// At the right.
        Right = "right",
    }
}

crate::parameters! {
    /// Parameters of `text`.
    pub struct Text {
        /// What is written, in one line or several. It may contain `{name}` (the file's name, without extension), `{ext}` (its extension), `{folder}` (the
        /// one that it came from), `{path}` (both), `{index}` or, with zeros in front, `{index:04}`, `{count}` (of the batch's pictures), `{piece}` (of a picture that was split), `{width}` and `{height}` of the picture, `{hash:8}` (of the file's content),
        /// `{date:%Y-%m-%d}` (when the batch was started; also `%y`, `%j`, `%H`, `%M`, `%S`), and
        /// what the file says: `{exif.date}`, such as 2026-03-14, and `{exif.camera}`. Where a table is run, `{row.price}` is
        /// the value in the column of this name. `{param.quality}` is the value of a parameter of the workflow; if several actions have it, say which: `{param.save.quality}`.
        text: String = "{name}".to_owned(), kind Kind::Caption;
        /// Name of the font: `Roboto`, or that of a font of your own, for other scripts or another look. What it lacks is taken
        /// from Roboto, and emoji from Noto Color Emoji.
        font: String = FONT.name.to_owned(), kind Kind::File(FileKind::Font);
        /// Font size, as `unit` says.
        size: f64 = 0.06, range 0.001..=65500.0, soft 0.01..=0.3;
        /// Unit of the size: pixels (`px`), or a share of the picture's shorter side (`share`, up to 1).
        unit: Unit = Unit::Share;
        /// Colour of the letters, in sRGB. Emoji, and other glyphs that their font colours, keep their own; the opacity is for them too.
        color: Color = Color::WHITE, label "Colour";
        /// Opacity of everything: letters, outline and background.
        opacity: f64 = 1.0, range 0.0..=1.0;
        /// Place of the text on the picture.
        gravity: Gravity = Gravity::SOUTH, place Spatial::Anchor;
        /// Distance from the edges as a share of the picture's shorter side.
        margin: f64 = 0.03, range 0.0..=1.0, place Spatial::Margin;
        /// Greatest width as a share of the picture's; lines that are longer are wrapped. The margin is kept in any case.
        max_width: f64 = 1.0, as "box", range 0.01..=1.0, label "Maximum width";
        /// Greatest height of the lines as a share of the picture's, for `shrinkToFit`.
        max_height: f64 = 1.0, as "boxHeight", range 0.01..=1.0, label "Maximum height";
        /// Makes a text smaller whose words or lines do not fit into this width, or into the height of `boxHeight`. Otherwise words
        /// that are too long are broken, and lines that have no room are cut off.
        shrink_to_fit: bool = false, as "shrinkToFit";
        /// Where lines lie, relative to the longest one.
        align: Align = Align::Center;
        /// Distance between lines, in font sizes.
        line_height: f64 = 1.2, as "lineHeight", range 0.5..=5.0;
        /// Width of an outline around letters and emoji, as a share of the font size. 0 for none.
        stroke: f64 = 0.0, range 0.0..=0.5, label "Outline";
        /// Colour of the outline, in sRGB.
        stroke_color: Color = Color::BLACK, as "strokeColor", label "Outline colour", shown if Condition::Above("stroke", 0.0);
        /// Colour of a box behind the text, in sRGB. Leave empty for no box.
        background: Option<Color>;
        /// Distance between the text and the edges of the box, in font sizes.
        padding: f64 = 0.3, range 0.0..=5.0, shown if Condition::Given("background");
    }
}

/// The port of a text from elsewhere.
const TEXT_IN: Port = Port {
    name: "text",
    kind: PortType::Text,
    required: false,
    description: "A text that takes the place of the step's own: an \"input-text\" action, or a column of \"parse-data\".",
};

/// The entry of `text`.
pub const ACTION: Action = Action {
    action_type: "text",
    version: "1.2.0",
    name: "Text",
    description: "Writes a text, such as a caption with the file's name, on each picture, in Roboto or a font of your own, with emoji in colour. Warns of characters that no font has (`missing_glyphs`), of text that is cut off (`text_cut_off`), and hints at what a file does not say (`text_incomplete`).",
    category: Category::Compose,
    role: Role::Transform,
    inputs: &[IMAGE_IN, TEXT_IN],
    outputs: &[IMAGE_OUT],
    fields: Text::FIELDS,
    rules: &[Rule {
        broken: Condition::All(&[Condition::Is("unit", &["share"]), Condition::Above("size", 1.0)]),
        field: "size",
        code: "out_of_range",
        message: "\"size\" is {value}, but a share is 1 at most.",
        hint: "Give a share from 0.001 to 1, or set \"unit\" to \"px\".",
    }],
    adds_alpha: Condition::Never,
    related: &["input-text", "watermark", "resize", "border"],
    usage: "Put a caption under a picture: pad at the bottom, then text with gravity \"south\". Resize first, so that letters are sharp.",
    icon: "M5 7.5v-3h14v3M12 4.5v15M9 19.5h6",
};

impl Text {
    /// The text with the values of its placeholders.
    fn filled(&self, size: Size, context: &Context<'_>) -> Result<String, Failure> {
        let input = context.input();
        let missing = Cell::new(None);
        let filled = placeholders::fill(&self.text, |placeholder| match placeholder {
            Placeholder::Width => size.width.to_string(),
            Placeholder::Height => size.height.to_string(),
            other => input.value(other).unwrap_or_else(|| {
                missing.set(Some(other.noun()));
                String::new()
            }),
        });
        if let Some(missing) = missing.get() {
            let message = format!("\"{}\" does not say {missing}, so that part of the text is empty.", input.name);
            context.warn(Warning::hint("text_incomplete", message, "Use {name} or plain text for such pictures."));
        }
        filled.map_err(|unknown| Failure::execute(format!("\"{{{unknown}}}\" is not a placeholder."), "Fix the text."))
    }

    /// The name of the user's own font, if it is to be set in one.
    fn own_font(&self) -> Option<&str> {
        let name = self.font.as_str();
        (!name.trim().is_empty() && !FileKind::Font.is_built_in(name)).then_some(name)
    }

    /// What is set on a picture of this size, and the margin in pixels.
    fn request(&self, text: String, canvas: Size) -> (Request, u32) {
        let shorter = f64::from(canvas.width.min(canvas.height));
        let size = match self.unit {
            Unit::Pixels => self.size,
            Unit::Share => self.size * shorter,
        };
        let margin = (self.margin * shorter + 0.5).floor();
        let [width, height] =
            [canvas.width, canvas.height].map(|side| (f64::from(side) - 2.0 * margin).max(1.0) as f32);
        let room = [width, height.min((self.max_height * f64::from(canvas.height)).max(1.0) as f32)];
        let padding = if self.background.is_some() { self.padding * size } else { 0.0 };
        let request = Request {
            text,
            font: self.own_font().unwrap_or_default().to_owned(),
            color: self.color.rgb(),
            size: size as f32,
            line_height: self.line_height as f32,
            alignment: match self.align {
                Align::Left => lettering::Alignment::Left,
                Align::Center => lettering::Alignment::Center,
                Align::Right => lettering::Alignment::Right,
            },
            stroke: (self.stroke * size) as f32,
            max_width: (self.max_width * f64::from(canvas.width)) as f32,
            room,
            padding: padding as f32,
            shrinks: self.shrink_to_fit,
            seen: [canvas.width, canvas.height],
        };
        (request, margin as u32)
    }

    /// Warns of what is wrong with a text that was set.
    fn judge(&self, set: &Lettering, canvas: Size, context: &Context<'_>) {
        let report = &set.report;
        if !report.missing.is_empty() {
            let missing = listed(report.missing.chars().map(named));
            let message = format!("The font does not have these characters, which were left out: {missing}.");
            let hint = match self.own_font() {
                None => {
                    "Roboto has Latin, Greek and Cyrillic letters, and emoji are there: add a font that has the others, and choose it."
                }
                Some(_) => "Choose a font that has them, or use other characters.",
            };
            context.warn(Warning::new("missing_glyphs", message, hint));
        }
        if report.width > canvas.width || report.height > canvas.height {
            let message = "The text is larger than the picture, so part of it is cut off.";
            let hint = "Choose a smaller \"size\", or turn \"shrinkToFit\" on.";
            context.warn(Warning::new("text_cut_off", message, hint));
        }
    }

    /// Where the text with its padding lies, how large it is with it, and the padding in pixels.
    fn frame(&self, set: &Lettering, canvas: Size, margin: u32, padding: f32) -> ((i64, i64), Size, u32) {
        let report = &set.report;
        let padding = (padding * report.scale + 0.5).floor() as u32;
        let frame = Size::new(report.width + 2 * padding, report.height + 2 * padding);
        let left = Gravity::start(self.gravity.column, canvas.width, frame.width, margin);
        let top = Gravity::start(self.gravity.row, canvas.height, frame.height, margin);
        ((left, top), frame, padding)
    }

    /// What lies on the picture, from the lowest layer to the uppermost.
    fn layers<'a>(&self, set: &'a mut Lettering, image: &Image, margin: u32, padding: f32) -> Vec<Layer<'a>> {
        let ((left, top), frame, padding) = self.frame(set, image.size, margin, padding);
        let Lettering { report, letters, outline, colors } = set;
        let [x, y] = report.start.map(i64::from);
        let (x, y) = (left + i64::from(padding) + x, top + i64::from(padding) + y);
        let painted = Size::new(report.painted[0], report.painted[1]);
        let layer = |color: Color, (left, top): (i64, i64), size: Size, content: Content<'a>| Layer {
            color: color_for(image, color.rgb()).map(f32::from),
            alpha: f32::from(color.rgba[3]) / 255.0,
            left,
            top,
            size,
            content,
        };
        let mut layers = Vec::new();
        if let Some(background) = self.background {
            layers.push(layer(background, (left, top), frame, Content::Full));
        }
        if !outline.is_empty() {
            layers.push(layer(self.stroke_color, (x, y), painted, Content::Coverage(outline)));
        }
        layers.push(layer(self.color, (x, y), painted, Content::Coverage(letters)));
        if !colors.is_empty() {
            let colors = Image::new(painted, Pixels::Rgba(std::mem::take(colors)));
            if let Pixels::Rgba(colors) = recolor(colors, &image.space).pixels {
                layers.push(layer(self.color, (x, y), painted, Content::Colors(colors)));
            }
        }
        layers
    }
}

/// A colour, or several, within a rectangle.
struct Layer<'a> {
    color: [f32; 3],
    alpha: f32,
    left: i64,
    top: i64,
    size: Size,
    content: Content<'a>,
}

/// What a layer has in its pixels.
enum Content<'a> {
    /// Its colour everywhere.
    Full,
    /// Its colour, and how much of each pixel it covers.
    Coverage(&'a [u8]),
    /// Colours of their own with straight alpha, four bytes each.
    Colors(Vec<u8>),
}

impl Layer<'_> {
    /// Columns or rows that it has on a picture whose side is this long.
    fn span(start: i64, length: u32, side: u32) -> std::ops::Range<usize> {
        let end = (start + i64::from(length)).clamp(0, i64::from(side));
        start.clamp(0, i64::from(side)) as usize..end as usize
    }

    /// Its colour and opacity at a column and row of the picture, which must lie in it.
    fn at(&self, x: usize, y: usize) -> ([f32; 3], f32) {
        let (x, y) = ((x as i64 - self.left) as usize, (y as i64 - self.top) as usize);
        let at = y * self.size.width as usize + x;
        match &self.content {
            Content::Full => (self.color, self.alpha),
            Content::Coverage(coverage) => (self.color, self.alpha * f32::from(coverage[at]) / 255.0),
            Content::Colors(colors) => {
                let [r, g, b, alpha] = [0, 1, 2, 3].map(|channel| f32::from(colors[4 * at + channel]));
                ([r, g, b], self.alpha * alpha / 255.0)
            }
        }
    }
}

/// Layers over each other, with their colours multiplied by their opacity; the rows that they touch, one after the other.
fn each_row(layers: &[Layer<'_>], canvas: Size, mut paint: impl FnMut(usize, &[[f32; 4]])) {
    let rows = layers.iter().map(|layer| Layer::span(layer.top, layer.size.height, canvas.height));
    let (first, end) = rows
        .filter(|rows| !rows.is_empty())
        .fold((usize::MAX, 0), |(first, end), rows| (first.min(rows.start), end.max(rows.end)));
    let mut row = vec![[0.0; 4]; canvas.width as usize];
    for y in first..end {
        row.fill([0.0; 4]);
        for layer in layers {
            if !Layer::span(layer.top, layer.size.height, canvas.height).contains(&y) {
                continue;
            }
            for x in Layer::span(layer.left, layer.size.width, canvas.width) {
                let ([r, g, b], alpha) = layer.at(x, y);
                let over = [r, g, b, 1.0];
                row[x] = std::array::from_fn(|i| row[x][i] * (1.0 - alpha) + over[i] * alpha);
            }
        }
        paint(y, &row);
    }
}

/// Paints layers on RGB or RGBA pixels; `None` for others.
fn paint<S: Sample>(pixels: &mut Pixels, layers: &[Layer<'_>], canvas: Size, opacity: f32) -> Option<()> {
    let width = canvas.width as usize;
    match S::interleaved_mut(pixels)? {
        (data, 3) => {
            let pixels = data.as_chunks_mut::<3>().0;
            each_row(layers, canvas, |y, over| {
                let under = &mut pixels[y * width..][..width];
                under.iter_mut().zip(over).filter(|(_, over)| over[3] > 0.0).for_each(|(under, over)| {
                    onto_opaque(under, *over, opacity);
                });
            });
        }
        (data, 4) => {
            let pixels = data.as_chunks_mut::<4>().0;
            each_row(layers, canvas, |y, over| {
                let under = &mut pixels[y * width..][..width];
                under.iter_mut().zip(over).for_each(|(under, over)| onto_transparent(under, *over, opacity));
            });
        }
        _ => return None,
    }
    Some(())
}

fn onto_opaque<S: Sample>(under: &mut [S; 3], over: [f32; 4], opacity: f32) {
    let rest = 1.0 - over[3] * opacity;
    *under = std::array::from_fn(|i| S::of_level(under[i].level() * rest + over[i] * opacity));
}

fn onto_transparent<S: Sample>(under: &mut [S; 4], over: [f32; 4], opacity: f32) {
    let alpha = over[3] * opacity;
    let rest = under[3].share() * (1.0 - alpha);
    let sum = alpha + rest;
    if alpha == 0.0 || sum == 0.0 {
        return;
    }
    let mix = |i: usize| S::of_level((over[i] * opacity + under[i].level() * rest) / sum);
    *under = [mix(0), mix(1), mix(2), S::of_level(sum * 255.0)];
}

impl Operation for Text {
    fn accepts(&self) -> Representations {
        Representations::INTERLEAVED.and_deep()
    }

    fn scales_with_picture(&self) -> bool {
        // It may name the size.
        self.unit == Unit::Share && !["{width}", "{height}"].iter().any(|size| self.text.contains(size))
    }

    fn needs_typesetter(&self) -> bool {
        true
    }

    fn user_file(&self) -> Option<(FileKind, &str)> {
        self.own_font().map(|name| (FileKind::Font, name))
    }

    /// Layers are blended by source over (Porter and Duff 1984) with straight alpha, in the picture's encoded colours, and
    /// each pixel is rounded once.
    fn run(&self, inputs: Vec<Option<Image>>, context: &Context<'_>) -> Result<Vec<Image>, Stop> {
        let mut image = receptive(only(inputs)?);
        let text = self.filled(image.size, context)?;
        if text.trim().is_empty() {
            return Ok(vec![image]);
        }
        let (request, margin) = self.request(text, image.size);
        let typesetter = context.typesetter()?;
        let mut set = typesetter.set(&request)?;
        if set.report.lacks_emoji && typesetter.can_load_emoji() {
            return Err(Stop::NeedsEmoji);
        }
        self.judge(&set, image.size, context);
        let (start, frame, _) = self.frame(&set, image.size, margin, request.padding);
        context.lies(start, frame, image.size);
        let layers = self.layers(&mut set, &image, margin, request.padding);
        let (canvas, opacity) = (image.size, self.opacity as f32);
        by_depth!(image, paint(&mut image.pixels, &layers, canvas, opacity)).ok_or_else(|| unaccepted(&ACTION))?;
        Ok(vec![image])
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::actions::context::{About, RunFacts};
    use crate::image::Representation;
    use crate::image::testing::flat;
    use crate::lettering::{Report, Typesetter};

    /// Sets every text as a full block of a fixed size, and remembers what was asked.
    #[derive(Default)]
    struct Block {
        report: Report,
        asked: std::cell::RefCell<Vec<Request>>,
    }

    impl Block {
        fn of(width: u32, height: u32) -> Self {
            let report = Report { width, height, scale: 1.0, painted: [width, height], ..Report::default() };
            Self { report, ..Self::default() }
        }
    }

    impl Typesetter for Block {
        fn set(&self, request: &Request) -> Result<Lettering, Failure> {
            self.asked.borrow_mut().push(request.clone());
            let letters = vec![255; (self.report.painted[0] * self.report.painted[1]) as usize];
            let outline = if request.stroke > 0.0 { letters.clone() } else { Vec::new() };
            Ok(Lettering { report: self.report.clone(), letters, outline, ..Lettering::default() })
        }
    }

    fn run(raw: Value, size: (u32, u32), block: &Block, about: About<'_>) -> (Image, Vec<Warning>) {
        let raw = raw.as_object().unwrap();
        assert_eq!(ACTION.check(raw), []);
        let context = Context::default().with_typesetter(Some(block)).about(about);
        let picture = flat(Size::new(size.0, size.1), Representation::Rgb, 0);
        let image = Text::read(raw).unwrap().run(vec![Some(picture)], &context).unwrap().remove(0);
        (image, context.into_warnings())
    }

    /// The box of pixels that are not black: left, top, right, bottom (exclusive).
    fn lit(image: &Image) -> (u32, u32, u32, u32) {
        let Pixels::Rgb(data) = &image.pixels else { panic!("an RGB picture stays RGB") };
        let mut found = (u32::MAX, u32::MAX, 0, 0);
        for (i, pixel) in data.chunks(3).enumerate().filter(|(_, pixel)| **pixel != [0; 3]) {
            let (x, y) = (i as u32 % image.size.width, i as u32 / image.size.width);
            assert!(pixel.iter().any(|value| *value > 0));
            found = (found.0.min(x), found.1.min(y), found.2.max(x + 1), found.3.max(y + 1));
        }
        found
    }

    #[test]
    fn the_block_keeps_the_margin_in_each_of_the_nine_places() {
        let place = |gravity: &str| {
            lit(&run(json!({ "gravity": gravity, "margin": 0.05 }), (200, 100), &Block::of(40, 20), About::default()).0)
        };
        assert_eq!(place("northwest"), (5, 5, 45, 25));
        assert_eq!(place("south"), (80, 75, 120, 95));
        assert_eq!(place("center"), (80, 40, 120, 60));
        assert_eq!(place("east"), (155, 40, 195, 60));
    }

    #[test]
    fn the_box_lies_behind_the_text_with_its_padding() {
        let raw = json!({ "unit": "px", "size": 10, "padding": 0.5, "margin": 0, "gravity": "northwest", "background": "#0000ff" });
        let (image, _) = run(raw, (100, 60), &Block::of(40, 20), About::default());
        assert_eq!(lit(&image), (0, 0, 50, 30));
        let Pixels::Rgb(data) = &image.pixels else { panic!("RGB") };
        assert_eq!((&data[..3], &data[(5 * 100 + 5) * 3..][..3]), ([0, 0, 255].as_slice(), [255, 255, 255].as_slice()));
    }

    #[test]
    fn lengths_are_shares_of_the_shorter_side_or_pixels() {
        let asked = |raw: Value| {
            let block = Block::of(4, 2);
            run(raw, (200, 100), &block, About::default());
            let asked = block.asked.borrow()[0].clone();
            (asked.size, asked.stroke, asked.padding, asked.max_width, asked.room)
        };
        let raw = json!({ "size": 0.2, "stroke": 0.1, "box": 0.5, "margin": 0.1 });
        assert_eq!(asked(raw), (20.0, 2.0, 0.0, 100.0, [180.0, 80.0]));
        let raw = json!({ "size": 12, "unit": "px", "background": "#000000", "padding": 0.5, "margin": 0 });
        assert_eq!(asked(raw), (12.0, 0.0, 6.0, 200.0, [200.0, 100.0]));
        let issue = &ACTION.check(json!({ "size": 12 }).as_object().unwrap())[0];
        assert_eq!((issue.field, issue.code), ("size", "out_of_range"));
    }

    #[test]
    fn a_font_of_the_user_is_asked_for_by_its_name() {
        for (raw, expected) in [
            (json!({}), None),
            (json!({ "font": "" }), None),
            (json!({ "font": "Roboto" }), None),
            (json!({ "font": "Frank" }), Some("Frank")),
        ] {
            let block = Block::of(4, 2);
            run(raw.clone(), (20, 10), &block, About::default());
            assert_eq!(block.asked.borrow()[0].font, expected.unwrap_or_default(), "{raw}");
            let operation = Text::read(raw.as_object().unwrap()).unwrap();
            assert_eq!(operation.user_file(), expected.map(|name| (FileKind::Font, name)), "{raw}");
        }
    }

    #[test]
    fn placeholders_have_the_values_of_the_file() {
        let text = |text: &str, about: About<'_>| {
            let block = Block::of(4, 2);
            let (_, warnings) = run(json!({ "text": text }), (20, 10), &block, about);
            let asked = block.asked.borrow().first().map(|asked| asked.text.clone());
            (asked.unwrap_or_default(), warnings)
        };
        let day = || Some("2026-03-14".to_owned());
        let about = About { name: "Oak.jpg", folder: "trees", index: 7, day: &day, ..About::default() };
        let (filled, warnings) = text("{name} {folder} {index:03}\n{width} × {height}, {exif.date}", about);
        assert_eq!((filled.as_str(), warnings.len()), ("Oak trees 007\n20 × 10, 2026-03-14", 0));
        let params = [("save.quality".to_owned(), "80".to_owned())].into_iter().collect();
        let run = RunFacts { clock: 1_735_686_309_999.0, count: 12 };
        let whole = About { run, params: Some(&params), hash: &|| "00ff11".to_owned(), ..about };
        let (filled, warnings) = text("{path}.{ext} {count} {hash:4} {date:%d.%m.%Y} {param.save.quality}", whole);
        assert_eq!((filled.as_str(), warnings.len()), ("trees/Oak.jpg 12 00ff 31.12.2024 80", 0));
        let (filled, warnings) = text("by {exif.camera}", about);
        assert_eq!(filled, "by ");
        assert_eq!((warnings[0].code.as_str(), warnings[0].is_doubt()), ("text_incomplete", false));
        assert!(warnings[0].message.contains("Oak.jpg"));
        assert_eq!(text("{exif.camera}", about).0, "", "an empty text is not set");
        for (unknown, code) in [("{nme}", "{nme}"), ("{date:now}", "{date:now}"), ("{name", "{name}")] {
            let issue = ACTION.check(json!({ "text": unknown }).as_object().unwrap()).remove(0);
            assert_eq!((issue.code, issue.field), ("unknown_placeholder", "text"));
            assert!(issue.message.contains(code), "{}", issue.message);
        }
    }

    #[test]
    fn missing_characters_and_lost_lines_are_doubts() {
        let mut block = Block::of(40, 20);
        block.report.missing = "字\u{200d}".to_owned();
        let (_, warnings) = run(json!({}), (30, 30), &block, About::default());
        let codes: Vec<_> = warnings.iter().map(|warning| (warning.code.as_str(), warning.is_doubt())).collect();
        assert_eq!(codes, [("missing_glyphs", true), ("text_cut_off", true)]);
        assert!(warnings[0].message.contains("字 (U+5B57)"), "{}", warnings[0].message);
    }

    #[test]
    fn the_opacity_is_that_of_all_layers_together() {
        let raw = json!({ "opacity": 0.5, "color": "#c86400", "stroke": 0.1, "strokeColor": "#ffffff", "margin": 0 });
        let (image, _) = run(raw, (4, 4), &Block::of(4, 4), About::default());
        assert_eq!(image.pixels, Pixels::Rgb([100, 50, 0].repeat(16)));
    }

    /// Sets every text as one pixel of its own colour, which covers half.
    struct Emoji {
        lacks: bool,
        loads: bool,
    }

    impl Typesetter for Emoji {
        fn set(&self, _: &Request) -> Result<Lettering, Failure> {
            let report = Report { lacks_emoji: self.lacks, ..Block::of(1, 1).report };
            Ok(Lettering { report, letters: vec![0], outline: Vec::new(), colors: vec![200, 100, 0, 102] })
        }

        fn can_load_emoji(&self) -> bool {
            self.loads
        }
    }

    #[test]
    fn emoji_keep_their_colours_and_take_the_opacity() {
        let paint = |raw: Value, picture: Image| {
            let emoji = Emoji { lacks: false, loads: false };
            let context = Context::default().with_typesetter(Some(&emoji));
            let operation = Text::read(raw.as_object().unwrap()).unwrap();
            operation.run(vec![Some(picture)], &context).unwrap().remove(0)
        };
        let black = || Image::new(Size::new(1, 1), Pixels::Rgb(vec![0; 3]));
        // 102 of 255 are two fifths.
        assert_eq!(paint(json!({ "margin": 0 }), black()).pixels, Pixels::Rgb(vec![80, 40, 0]));
        assert_eq!(paint(json!({ "margin": 0, "color": "#00ff0080" }), black()).pixels, Pixels::Rgb(vec![40, 20, 0]));
        assert_eq!(paint(json!({ "margin": 0, "opacity": 0.25 }), black()).pixels, Pixels::Rgb(vec![20, 10, 0]));
        let clear = Image::new(Size::new(1, 1), Pixels::Rgba(vec![0; 4]));
        assert_eq!(paint(json!({ "margin": 0 }), clear).pixels, Pixels::Rgba(vec![200, 100, 0, 102]));
        let deep = Image::new(Size::new(1, 1), Pixels::Deep(crate::image::Deep::Rgb(vec![0; 3])));
        let deep = paint(json!({ "margin": 0 }), deep).pixels;
        assert_eq!(deep, Pixels::Deep(crate::image::Deep::Rgb(vec![80 * 257, 40 * 257, 0])));
        // In a wider space, the same colour has other numbers.
        let mut wide = black();
        wide.space = crate::color::ColorSpace::display_p3();
        let Pixels::Rgb(found) = paint(json!({ "margin": 0, "opacity": 1 }), wide.clone()).pixels else {
            panic!("RGB")
        };
        let own = color_for(&wide, [200, 100, 0]).map(|value| (f32::from(value) * 0.4 + 0.5) as u8);
        assert_ne!(own, [80, 40, 0]);
        assert_eq!(found, own);
    }

    #[test]
    fn the_font_for_emoji_is_asked_for_once() {
        let run = |lacks, loads| {
            let emoji = Emoji { lacks, loads };
            let context = Context::default().with_typesetter(Some(&emoji));
            let picture = flat(Size::new(9, 9), Representation::Rgb, 0);
            Text::read(json!({}).as_object().unwrap()).unwrap().run(vec![Some(picture)], &context)
        };
        assert_eq!(run(true, true), Err(Stop::NeedsEmoji));
        assert!(run(true, false).is_ok() && run(false, true).is_ok());
        assert!(Stop::NeedsEmoji.into_failure().message.contains("emoji"));
    }

    /// By hand, for one pixel on one pixel.
    #[test]
    fn a_transparent_picture_is_painted_by_source_over() {
        let paint = |under: [u8; 4], color: &str| {
            let raw = json!({ "color": color, "margin": 0, "gravity": "northwest" });
            let block = Block::of(1, 1);
            let context = Context::default().with_typesetter(Some(&block));
            let picture = Image::new(Size::new(1, 1), Pixels::Rgba(under.to_vec()));
            let operation = Text::read(raw.as_object().unwrap()).unwrap();
            let Pixels::Rgba(data) = operation.run(vec![Some(picture)], &context).unwrap().remove(0).pixels else {
                panic!("alpha stays")
            };
            data
        };
        assert_eq!(paint([9, 9, 9, 0], "#c8006433"), [200, 0, 100, 51]);
        assert_eq!(paint([100, 100, 100, 102], "#c8006433"), [138, 62, 100, 133]);
        assert_eq!(paint([100, 100, 100, 102], "#c80064"), [200, 0, 100, 255]);
        assert_eq!(paint([1, 2, 3, 4], "#ffffff00"), [1, 2, 3, 4]);
    }

    #[test]
    fn without_a_typesetter_it_fails_and_says_so() {
        let picture = flat(Size::new(9, 9), Representation::Rgb, 0);
        let stop = Text::read(json!({}).as_object().unwrap()).unwrap().run(vec![Some(picture)], &Context::default());
        assert!(stop.unwrap_err().into_failure().hint.contains("Reload"));
    }
}
