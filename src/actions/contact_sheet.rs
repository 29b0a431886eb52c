//! `contact-sheet`: small copies of all pictures of a batch in rows and columns.

use serde_json::{Map, Value, json};

use super::checks::Condition;
use super::gather::{Canvas, Gather, Gathering, Staging, file_of};
use super::parameters::{Color, Kind, Parameter};
use super::{Action, Category, IMAGE_IN, IMAGE_OUT, Role};
use crate::codecs::{Encoded, MAX_PIXELS, MAX_SIDE};
use crate::error::Failure;
use crate::image::{Image, Size};
use crate::lettering::FONT;
use crate::user_file::FileKind;

crate::choices! {
    /// The paper that a sheet is made for.
    pub enum Paper {
        /// None: a sheet is as large as its pictures need.
        None = "none",
        /// 210 × 297 mm.
        A4 = "a4",
        /// 297 × 210 mm.
        A4Landscape = "a4-landscape",
        /// 297 × 420 mm.
        A3 = "a3",
        /// 420 × 297 mm.
        A3Landscape = "a3-landscape",
        /// 8½ × 11 inches.
        Letter = "letter",
        /// 11 × 8½ inches.
        LetterLandscape = "letter-landscape",
    }
}

impl Paper {
    /// Width and height in tenths of a millimetre.
    const fn size(self) -> Option<(u32, u32)> {
        match self {
            Self::None => None,
            Self::A4 => Some((2100, 2970)),
            Self::A4Landscape => Some((2970, 2100)),
            Self::A3 => Some((2970, 4200)),
            Self::A3Landscape => Some((4200, 2970)),
            Self::Letter => Some((2159, 2794)),
            Self::LetterLandscape => Some((2794, 2159)),
        }
    }
}

crate::parameters! {
    /// Parameters of `contact-sheet`.
    pub struct ContactSheet {
        /// Pictures in a row.
        columns: u32 = 4, range 1.0..=50.0, soft 1.0..=12.0;
        /// Most rows on a sheet; what is left goes on another one. Leave empty for all pictures on one sheet, or as many as
        /// the paper has room for.
        rows: Option<u32>, range 1.0..=50.0;
        /// Paper to print on. Pictures are then as wide as the columns allow.
        page_size: Paper = Paper::None, as "pageSize";
        /// Pixels per inch of paper.
        resolution: u32 = 300, range 36.0..=600.0, unit "ppi", shown if Condition::Is("pageSize", &["a4", "a4-landscape", "a3", "a3-landscape", "letter", "letter-landscape"]);
        /// Longest side of the small pictures.
        cell: u32 = 320, range 16.0..=4096.0, soft 100.0..=800.0, unit "px", label "Picture size", shown if Condition::Is("pageSize", &["none"]);
        /// Distance between pictures, and from the edges.
        gap: u32 = 24, range 0.0..=1000.0, soft 0.0..=100.0, unit "px";
        /// Colour of the sheet, in sRGB.
        background: Color = Color::WHITE;
        /// What is written under each picture, with the placeholders of a text. Leave empty for none.
        caption: String = "{name}".to_owned(), kind Kind::Caption;
        /// Size of the letters. A caption that is too long for one line is set in smaller ones.
        caption_size: u32 = 16, as "captionSize", range 4.0..=400.0, soft 8.0..=60.0, unit "px";
        /// Colour of the letters, in sRGB.
        caption_color: Color = Color::BLACK, as "captionColor", label "Caption colour";
        /// Name of the font: `Roboto`, or that of a font of your own.
        font: String = FONT.name.to_owned(), kind Kind::File(FileKind::Font);
    }
}

/// The entry of `contact-sheet`.
pub const ACTION: Action = Action {
    action_type: "contact-sheet",
    version: "1.0.0",
    name: "Contact sheet",
    description: "Lays small copies of all pictures of a batch on one sheet, in rows and columns, with captions; or on several, if there is no room on one. A sheet is made when all pictures have been processed, of those that did not fail.",
    category: Category::Compose,
    role: Role::Gather,
    inputs: &[IMAGE_IN],
    outputs: &[IMAGE_OUT],
    fields: ContactSheet::FIELDS,
    rules: &[],
    adds_alpha: Condition::Translucent("background"),
    related: &["animate", "resize", "text"],
    usage: "Give a client an overview of a shoot: choose a4 as page size, and write the sheets as JPEG. The preview shows a sheet with up to 12 pictures.",
    icon: "M4 4h4.3v5H4zM9.9 4h4.3v5H9.9zM15.7 4H20v5h-4.3zM4 12h4.3v5H4zM9.9 12h4.3v5H9.9zM15.7 12H20v5h-4.3zM4 20.5h16",
};

/// Height of the line under a picture, and of the letters' box in it, in sizes of the letters.
const LINE: f64 = 1.5;
const BOX: f64 = 1.3;

/// What is wrong with a sheet that cannot be, and how to fix it.
const NO_ROOM: (&str, &str) =
    ("The paper has no room for a picture.", "Use fewer columns, a smaller gap, or a higher resolution.");

/// Where things lie on a sheet, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Layout {
    columns: u32,
    /// Most rows, if there is a limit.
    rows: Option<u32>,
    /// The sides of the square that a picture lies in.
    cell: u32,
    /// The height of the line under it.
    line: u32,
    gap: u32,
    /// The size of the sheet, if the pictures do not decide it.
    page: Option<Size>,
}

impl Layout {
    /// Distance between the beginnings of two cells.
    const fn pitch(&self) -> (u32, u32) {
        (self.cell + self.gap, self.cell + self.line + self.gap)
    }

    /// The size of a sheet with so many pictures.
    fn size(&self, count: u32) -> Size {
        let (across, down) = self.pitch();
        let used = count.clamp(1, self.columns);
        let rows = count.div_ceil(self.columns).max(1);
        self.page.unwrap_or(Size::new(used * across + self.gap, rows * down + self.gap))
    }

    /// The upper left corner of a cell.
    const fn corner(&self, index: u32) -> (u32, u32) {
        let (across, down) = self.pitch();
        (self.gap + index % self.columns * across, self.gap + index / self.columns * down)
    }
}

impl ContactSheet {
    fn has_captions(&self) -> bool {
        !self.caption.trim().is_empty()
    }

    /// `None` if the paper has no room for a picture.
    fn layout(&self) -> Option<Layout> {
        let line = if self.has_captions() { (LINE * f64::from(self.caption_size)).ceil() as u32 } else { 0 };
        let Self { columns, gap, .. } = *self;
        let Some((width, height)) = self.page_size.size() else {
            return Some(Layout { columns, rows: self.rows, cell: self.cell, line, gap, page: None });
        };
        let pixels = |tenths: u32| (tenths * self.resolution + 127) / 254;
        let page = Size::new(pixels(width), pixels(height));
        let cell = page.width.checked_sub((columns + 1) * gap)? / columns;
        let cell = cell.min(page.height.checked_sub(2 * gap + line)?);
        let fitting = page.height.checked_sub(gap)?.checked_div(cell + line + gap)?;
        let rows = self.rows.unwrap_or(fitting).min(fitting);
        (cell > 0 && rows > 0).then_some(Layout { columns, rows: Some(rows), cell, line, gap, page: Some(page) })
    }

    fn fitting(&self) -> Result<Layout, Failure> {
        self.layout().ok_or_else(|| Failure::execute(NO_ROOM.0, NO_ROOM.1))
    }
}

impl Gather for ContactSheet {
    fn staging(&self) -> Staging {
        let Some(Layout { columns, rows, cell, line, .. }) = self.layout() else {
            return Staging { problem: Some(NO_ROOM), ..Staging::default() };
        };
        let map = |value: Value| if let Value::Object(map) = value { map } else { Map::new() };
        let most = rows.map(|rows| rows * columns);
        let mut steps = vec![("resize", map(json!({ "width": cell, "height": cell })))];
        if self.has_captions() {
            let paper = Color { rgba: [0; 4] }.json();
            let tall = f64::from(cell + line);
            let size = f64::from(self.caption_size);
            steps.push(("pad", map(json!({ "width": cell, "height": cell, "color": paper }))));
            steps.push(("pad", map(json!({ "height": cell + line, "gravity": "north", "color": paper }))));
            let text = json!({
                "text": self.caption, "font": self.font, "unit": "px", "size": size, "color": self.caption_color.json(),
                "gravity": "south", "margin": 0, "shrinkToFit": true, "boxHeight": (BOX * size / tall).clamp(0.01, 1.0)
            });
            steps.push(("text", map(text)));
        }
        Staging { steps, most, problem: None }
    }

    fn size(&self, count: u32, _: Size) -> Result<Size, Failure> {
        let size = self.fitting()?.size(count);
        if size.pixels() > MAX_PIXELS || size.width.max(size.height) > MAX_SIDE {
            return Err(Failure::execute(
                format!("A sheet of {count} pictures would have {} × {} pixels.", size.width, size.height),
                "Set \"rows\", so that there are several sheets, or make the pictures smaller.",
            ));
        }
        Ok(size)
    }

    fn begin(&self, count: u32, first: Size) -> Result<Box<dyn Gathering + '_>, Failure> {
        let size = self.size(count, first)?;
        Ok(Box::new(Sheet { layout: self.fitting()?, canvas: Canvas::new(size, self.background), next: 0 }))
    }
}

/// A sheet with the pictures so far.
struct Sheet {
    layout: Layout,
    canvas: Canvas,
    next: u32,
}

impl Gathering for Sheet {
    fn add(&mut self, picture: Image) -> Result<(), Failure> {
        let Layout { cell, line, .. } = self.layout;
        let (left, top) = self.layout.corner(self.next);
        self.next += 1;
        // In the middle of its cell; with its caption it fills it.
        let room = |side: u32, picture: u32| (i64::from(side) - i64::from(picture)) / 2;
        let height = if picture.size.height > cell { cell + line } else { cell };
        let left = i64::from(left) + room(cell, picture.size.width);
        self.canvas.lay(&picture, left, i64::from(top) + room(height, picture.size.height))
    }

    fn finish(self: Box<Self>) -> Result<Encoded, Failure> {
        file_of(self.canvas.into_image())
    }
}
