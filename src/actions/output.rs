//! `output`: writes a result of the graph, in a format and under a name. Codes of its
//! hints: `fitted`, `original_kept`; code of its doubt: `over_max_bytes`.

use serde_json::Value;

use super::checks::Condition;
use super::parameters::{Color, Kind};
use super::{Action, Category, IMAGE_IN, Role, create_rendition};
use crate::codecs::{Chroma, Format, Kept, Palette, Policy};
use crate::compact::SortedSet;

crate::choices! {
    /// Format of the file that is written.
    pub enum OutputFormat {
        /// JPEG, PNG, WebP, GIF and AVIF stay, HEIC, JPEG XL and camera raw files become JPEG, all else PNG; a JPEG that got alpha becomes PNG.
        Auto = "auto",
        /// JPEG.
        Jpeg = "jpeg",
        /// PNG.
        Png = "png",
        /// WebP.
        Webp = "webp",
        /// AVIF.
        Avif = "avif",
        /// GIF, of at most 256 colours a frame.
        Gif = "gif",
        /// TIFF, packed without loss.
        Tiff = "tiff",
        /// Windows bitmap.
        Bmp = "bmp",
        /// QOI, in sRGB.
        Qoi = "qoi",
        /// JPEG XL, lossy unless `lossless` is on, in sRGB.
        Jxl = "jxl",
        /// A Windows icon of up to 256 pixels a side with smaller copies, in sRGB.
        Ico = "ico",
        /// Small files for web pages: JPEG stays, everything else becomes WebP; a JPEG that got alpha becomes WebP too.
        Web = "web",
    }
}

crate::choices! {
    /// At which size the colour of a JPEG or a lossy AVIF is stored, compared to its brightness.
    pub enum Subsampling {
        /// As the quality requires, or as it was.
        Auto = "auto",
        /// Full size.
        Full = "444",
        /// Half the size in both directions.
        Halved = "420",
    }
}

crate::choices! {
    /// A format that may make the smallest file.
    pub enum Candidate {
        /// JPEG, for opaque pictures.
        Jpeg = "jpeg",
        /// WebP, lossy unless `lossless` is on.
        Webp = "webp",
        /// AVIF, lossy unless `lossless` is on.
        Avif = "avif",
        /// PNG.
        Png = "png",
        /// JPEG XL, lossy unless `lossless` is on, in sRGB.
        Jxl = "jxl",
    }
}

impl Candidate {
    /// The format.
    pub const fn format(self) -> Format {
        match self {
            Self::Jpeg => Format::Jpeg,
            Self::Webp => Format::Webp,
            Self::Avif => Format::Avif,
            Self::Png => Format::Png,
            Self::Jxl => Format::Jxl,
        }
    }
}

impl Subsampling {
    /// For the encoder.
    pub const fn chroma(self) -> Chroma {
        match self {
            Self::Auto => Chroma::Auto,
            Self::Full => Chroma::Full,
            Self::Halved => Chroma::Halved,
        }
    }
}

crate::choices! {
    /// How many bits a sample of a file has.
    pub enum BitDepth {
        /// More than 8 for pictures that have them, in formats that have them.
        Auto = "auto",
        /// 8.
        Eight = "8",
    }
}

crate::choices! {
    /// What becomes of a picture's colour space when it is written.
    pub enum ColorProfile {
        /// The picture keeps its colours and its profile.
        Keep = "keep",
        /// The colours are converted to sRGB, and the file says so by a profile.
        Srgb = "srgb",
        /// The colours are converted to sRGB, and the file has no profile.
        None = "none",
    }
}

crate::choices! {
    /// What a result keeps of the metadata of its picture's file.
    pub enum MetadataKept {
        /// Nothing.
        Strip = "strip",
        /// Who made the picture and who may use it.
        Rights = "rights",
        /// Everything that is worth keeping, except the location.
        Keep = "keep",
    }
}

/// For one of these formats, and where the smallest of several is kept.
macro_rules! any_or_smallest {
    ($words:expr) => {
        Condition::Any(&[Condition::Is("format", $words), Condition::Given("smallestOf")])
    };
}

crate::parameters! {
    /// Parameters of `output`.
    pub struct Output {
        /// File format. `auto` keeps JPEG, PNG, WebP, GIF and AVIF and writes all else as PNG; a JPEG that got transparency
        /// becomes PNG. `web` makes small files: it keeps JPEG and writes everything else as WebP; a JPEG that
        /// got transparency becomes WebP. With both, HEIC and camera raw files become JPEG, and with `auto` JPEG XL too. Animations stay animated as PNG, WebP
        /// and GIF; the other formats get their first frame. An animated AVIF or JPEG XL file becomes WebP with `auto`. `avif` makes the smallest files, and takes longest to write. `gif` has at most 256 colours a frame, and its pixels are either
        /// opaque or transparent. `ico` has the picture of at most 256 pixels a side, and smaller
        /// copies. `jxl` is JPEG XL. Browsers do not show `tiff` and `qoi`, and not all show `jxl`;
        /// `qoi`, `jxl` and `ico` have no colour profile: colours are converted to sRGB.
        format: OutputFormat = OutputFormat::Auto;
        /// Quality of JPEG, lossy WebP, lossy AVIF and lossy JPEG XL. AVIF looks at about 60 as JPEG does at 80; JPEG XL keeps every pixel at 100.
        quality: u32 = 80, range 1.0..=100.0, shown if any_or_smallest!(&["auto", "web", "jpeg", "webp", "avif", "jxl"]);
        /// Writes every picture in each of these formats, and keeps the smallest file, instead of `format`. JPEG, lossy WebP, lossy AVIF and lossy JPEG XL get the
        /// lowest quality up to `quality` that is similar enough; a hint says what the others would have had. JPEG is left out for
        /// pictures with transparency. Animations are written in `format`.
        smallest_of: Vec<Candidate> = Vec::new(), as "smallestOf", label "Smallest of";
        /// How similar a file must be to the picture, as MS-SSIM of its brightness: 1 is equal, 0.995 is what JPEG has at a quality
        /// of about 60, and below 0.98 differences are plain to see.
        similarity: f64 = 0.995, range 0.9..=1.0, shown if Condition::Given("smallestOf");
        /// Keep every pixel exactly (WebP, AVIF and JPEG XL only).
        lossless: bool = false, shown if any_or_smallest!(&["auto", "web", "webp", "avif", "jxl"]);
        /// Writes JPEG so that browsers show a coarse picture early, while it is being downloaded. Such files are a few per
        /// cent smaller, and slower to write and to open. Pictures of more than 50 megapixels are not written so.
        progressive: bool = false, shown if any_or_smallest!(&["auto", "web", "jpeg"]);
        /// At which size JPEG and lossy AVIF store colour. `420`: half of the width and height, for small files. `444`: full size, for sharp
        /// edges of coloured text and drawings. `auto`: half below a `quality` of 90, full from there on; a photograph whose
        /// colour is stored at a smaller size already stays as it is in JPEG.
        subsampling: Subsampling = Subsampling::Auto, shown if any_or_smallest!(&["auto", "web", "jpeg", "avif"]);
        /// How hard PNG, TIFF, AVIF and JPEG XL files are packed: 1 is quick, 9 is slow and makes the smallest files, or with AVIF and lossy JPEG XL the best
        /// pictures of a size. Leave empty for a quick compromise.
        effort: Option<u32>, range 1.0..=9.0, shown if any_or_smallest!(&["auto", "png", "tiff", "avif", "jxl"]);
        /// Bits of each colour. `auto`: 16 in PNG, TIFF and JPEG XL without loss and 10 in AVIF, for pictures that have more than 8 and keep them in
        /// all that is done with them. `8`: always 8, for smaller files; what lies in between is dithered, as in all other formats.
        bit_depth: BitDepth = BitDepth::Auto, as "bitDepth", label "Bits per colour", shown if any_or_smallest!(&["auto", "png", "tiff", "jxl", "avif"]);
        /// Number of colours in a PNG file, for drawings and screenshots: pictures that have more are reduced to so many, and
        /// their pixels become opaque or transparent. Leave empty to keep all colours. Animations keep all colours.
        palette: Option<u32>, range 2.0..=256.0, unit "colours", shown if any_or_smallest!(&["auto", "png"]);
        /// With `palette`: imitates colours in between by dots. Without, there are bands of colour, and smaller files.
        dither: bool = true, shown if Condition::Given("palette");
        /// Size that the file should not exceed. JPEG, lossy WebP, lossy AVIF and lossy JPEG XL get the highest quality up to `quality`, but no lower than 30,
        /// with which the file fits, metadata included; if that is not enough, and for other formats, see `shrinkToFit`.
        /// A hint says what was done, and a warning if the file is too large nevertheless. Animations are
        /// written as they are. Leave empty for no limit.
        max_bytes: Option<u32>, as "maxBytes", range 200.0..=100000000.0, unit "bytes", label "Maximum file size";
        /// Makes a picture smaller, down to a tenth of its sides, if its file would exceed `maxBytes` otherwise.
        shrink_to_fit: bool = false, as "shrinkToFit", shown if Condition::Given("maxBytes");
        /// File name, from `{name}` (the input's, without extension), `{ext}`, `{folder}` (the one that the input came
        /// from), `{path}` (folder and name), `{index}` or, with zeros in front, `{index:04}`, `{count}` (of the batch's pictures), `{piece}` (of a picture that was split), `{width}`, `{height}`, `{hash:8}` (of the result's content),
        /// `{date:%Y-%m-%d}` (when the batch was started; also `%y`, `%j`, `%H`, `%M`, `%S`), and
        /// what the input's file says: `{exif.date}`, such as 2026-03-14, and `{exif.camera}`. Where a table is run, `{row.price}` is the value in
        /// the column of this name. `{param.quality}` is the value of a parameter of the workflow; if several actions have it, say which: `{param.save.quality}`.
        name: String = "{name}.{ext}".to_owned(), kind Kind::NamePattern;
        /// Colour under transparent pixels where the format has no transparency, and under translucent ones in GIF, in sRGB.
        background: Color = Color::WHITE;
        /// Colour space of the file: `keep` leaves colours and profile as they are, `srgb` converts the colours to sRGB
        /// and writes a profile that says so, `none` converts them to sRGB and writes no profile, for the smallest files:
        /// browsers take pictures without one for sRGB.
        color_profile: ColorProfile = ColorProfile::Keep, as "colorProfile", label "Colour profile";
        /// What the file says about the picture, as its original does: `rights` keeps author, copyright, credit line, terms
        /// of use and contact, `keep` also description, title, keywords, dates, camera, lens and exposure, `strip`
        /// nothing. Serial numbers, owners' names, thumbnails and makers' notes are never kept. BMP and QOI have no
        /// metadata.
        metadata: MetadataKept = MetadataKept::Rights;
        /// Keep where the picture was taken too, unless `metadata` is `strip`.
        keep_location: bool = false, as "keepLocation", shown if Condition::Is("metadata", &["rights", "keep"]);
        /// Author of every picture, instead of the one that its file names; several are separated by semicolons.
        author: String = String::new();
        /// Copyright notice of every picture, instead of the one in its file, such as `© 2026 Jane Doe`.
        copyright: String = String::new();
        /// Pixels per inch that the file states, for programs that print it: JPEG, TIFF and PNG that is not animated. The pixels stay as they are.
        resolution: Option<u32>, range 1.0..=9600.0, unit "ppi", shown if any_or_smallest!(&["auto", "web", "jpeg", "png", "tiff"]);
        /// Delivers the original file, with the metadata that a result would have, if the result would be larger. Only if
        /// format and size stay the same, and the picture is only resized, cropped, padded or sharpened.
        keep_original_if_smaller: bool = false, as "keepOriginalIfSmaller";
    }
}

impl Output {
    /// Whether 16 bits a sample are written where the picture and the format have them.
    pub fn keeps_depth(&self) -> bool {
        self.bit_depth == BitDepth::Auto && self.palette.is_none()
    }

    /// How hard files are packed.
    pub fn effort(&self) -> Option<u8> {
        self.effort.map(|effort| effort.clamp(1, 9) as u8)
    }

    /// What the colours of a PNG file are reduced to.
    pub fn palette(&self) -> Option<Palette> {
        self.palette.map(|colors| Palette { colors: colors.clamp(2, 256) as u16, dithers: self.dither })
    }

    /// The resolution that files state.
    pub fn stated_resolution(&self) -> Option<u16> {
        self.resolution.map(|resolution| resolution.clamp(1, 9600) as u16)
    }

    /// What a result says about its picture.
    pub fn policy(&self) -> Policy<'_> {
        Policy {
            kept: match self.metadata {
                MetadataKept::Strip => Kept::Nothing,
                MetadataKept::Rights => Kept::Rights,
                MetadataKept::Keep => Kept::All,
            },
            keep_location: self.keep_location,
            author: &self.author,
            copyright: &self.copyright,
        }
    }
}

impl OutputFormat {
    /// Whether the format of the input decides.
    pub const fn depends_on_input(self) -> bool {
        matches!(self, Self::Auto | Self::Web)
    }

    /// The format that is written for an input of this format; `alpha` says whether the picture has alpha, `moves` whether the
    /// result shows an animation.
    pub const fn written(self, input: Format, alpha: bool, moves: bool) -> Format {
        match (self, input) {
            // Of these only still pictures are written.
            (Self::Auto, Format::Avif | Format::Jxl) if moves => Format::Webp,
            (Self::Jpeg, _) => Format::Jpeg,
            (Self::Png, _) => Format::Png,
            (Self::Webp, _) => Format::Webp,
            (Self::Avif, _) | (Self::Auto, Format::Avif) => Format::Avif,
            (Self::Gif, _) => Format::Gif,
            (Self::Tiff, _) => Format::Tiff,
            (Self::Bmp, _) => Format::Bmp,
            (Self::Qoi, _) => Format::Qoi,
            (Self::Jxl, _) => Format::Jxl,
            (Self::Ico, _) => Format::Ico,
            (Self::Auto | Self::Web, Format::Jpeg | Format::Raw | Format::Heic) if !alpha => Format::Jpeg,
            (Self::Auto, Format::Jxl) if !alpha => Format::Jpeg,
            (Self::Auto, Format::Webp) | (Self::Web, _) => Format::Webp,
            (Self::Auto, Format::Gif) => Format::Gif,
            (Self::Auto, _) => Format::Png,
        }
    }
}

/// Whether a name pattern says itself where in the folders of the input the result goes.
pub fn places_folder(pattern: &str) -> bool {
    pattern.contains("{folder}") || pattern.contains("{path}")
}

/// Ids of the actions of a document that write results and say so.
pub fn placing_outputs(document: &Value) -> SortedSet<String> {
    let actions = document.get("actions").and_then(Value::as_array).into_iter().flatten();
    let pattern = |action: &Value| action.pointer("/parameters/name").and_then(Value::as_str).map(str::to_owned);
    actions
        .filter(|action| {
            let writes = [ACTION.action_type, create_rendition::ACTION.action_type];
            action.get("actionType").and_then(Value::as_str).is_some_and(|kind| writes.contains(&kind))
        })
        .filter(|action| pattern(action).is_some_and(|pattern| places_folder(&pattern)))
        .filter_map(|action| action.get("actionId")?.as_str().map(str::to_owned))
        .collect()
}

/// The entry of `output`.
pub const ACTION: Action = Action {
    action_type: "output",
    version: "1.11.0",
    name: "Output",
    description: "Writes the result as a file, in a format and under a name. The colour profile is kept unless \"colorProfile\" says otherwise; of other metadata, author and copyright are kept unless \"metadata\" says otherwise, and the location only with \"keepLocation\".",
    category: Category::Output,
    role: Role::Sink,
    inputs: &[IMAGE_IN],
    outputs: &[],
    fields: Output::FIELDS,
    rules: &[],
    adds_alpha: Condition::Never,
    related: &["input-images", "resize", "create-rendition"],
    usage: "End each branch with one; several outputs give several files per picture.",
    icon: "M12 4v10M8 10.5l4 4 4-4M4.5 15v4.5h15V15",
};

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::actions::parameters::Parameter;

    #[test]
    fn outputs_that_place_their_results_are_known() {
        let output =
            |id: &str, name: &str| json!({ "actionId": id, "actionType": "output", "parameters": { "name": name } });
        let document = json!({ "actions": [
            output("a", "{folder}/{name}.{ext}"),
            output("b", "{name}.{ext}"),
            { "actionId": "c", "actionType": "output" },
            { "actionId": "e", "actionType": "create-rendition", "parameters": { "name": "{folder}/{name}" } },
            { "actionId": "d", "actionType": "resize", "parameters": { "name": "{folder}" } },
            7,
        ] });
        assert_eq!(placing_outputs(&document), SortedSet::from(["a".to_owned(), "e".to_owned()]));
        assert!(placing_outputs(&Value::Null).is_empty());
    }

    #[test]
    fn the_format_is_the_one_that_is_named_or_follows_from_the_input() {
        for (wanted, input, alpha, written) in [
            ("auto", Format::Jpeg, false, Format::Jpeg),
            ("auto", Format::Jpeg, true, Format::Png),
            ("auto", Format::Raw, false, Format::Jpeg),
            ("auto", Format::Tiff, false, Format::Png),
            ("auto", Format::Heic, false, Format::Jpeg),
            ("web", Format::Heic, true, Format::Webp),
            ("auto", Format::Webp, true, Format::Webp),
            ("auto", Format::Gif, true, Format::Gif),
            ("gif", Format::Jpeg, false, Format::Gif),
            ("web", Format::Gif, true, Format::Webp),
            ("web", Format::Raw, false, Format::Jpeg),
            ("web", Format::Raw, true, Format::Webp),
            ("web", Format::Psd, false, Format::Webp),
            ("tiff", Format::Jpeg, false, Format::Tiff),
            ("bmp", Format::Png, true, Format::Bmp),
            ("qoi", Format::Gif, true, Format::Qoi),
            ("jxl", Format::Jpeg, true, Format::Jxl),
            ("auto", Format::Jxl, false, Format::Jpeg),
            ("auto", Format::Jxl, true, Format::Png),
            ("auto", Format::Avif, false, Format::Avif),
            ("auto", Format::Avif, true, Format::Avif),
            ("web", Format::Avif, false, Format::Webp),
            ("avif", Format::Jpeg, true, Format::Avif),
            ("web", Format::Jxl, false, Format::Webp),
            ("auto", Format::Svg, true, Format::Png),
            ("web", Format::Svg, true, Format::Webp),
            ("ico", Format::Png, true, Format::Ico),
            ("auto", Format::Ico, true, Format::Png),
        ] {
            let format = OutputFormat::read(&json!(wanted)).expect("a format");
            assert_eq!(format.written(input, alpha, false), written, "{wanted} {input:?}");
            let moving = match input {
                Format::Avif | Format::Jxl if wanted == "auto" => Format::Webp,
                _ => written,
            };
            assert_eq!(format.written(input, alpha, true), moving, "{wanted} {input:?}, animated");
            assert_eq!(format.depends_on_input(), matches!(wanted, "auto" | "web"));
        }
    }

    #[test]
    fn a_pattern_may_place_its_result_in_a_folder() {
        assert!(
            places_folder("web/{folder}/{name}") && places_folder("{path}.{ext}") && !places_folder("{name}.{ext}")
        );
    }
}
