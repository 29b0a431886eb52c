//! What runs documents in tests over the whole catalog: files by their names, the programs that a browser would load, and
//! what holds for whatever comes of a document.

#[path = "blot.rs"]
mod blot;

use std::collections::BTreeMap;
use std::path::Path;

use pixelmill::actions::RunFacts;
use pixelmill::actions::Stop;
use pixelmill::actions::gather::staged_picture;
use pixelmill::codecs;
use pixelmill::engine::{Gathered, InputAsset, Produced, Services, Source, StagedPlan, Stages};
use pixelmill::error::Failure;
use pixelmill::lettering::typesetting::FontTypesetter;
use pixelmill::lut::{Lut, LutSource};
use pixelmill::workflow::{Diagnostic, check};
use serde_json::Value;

use self::blot::Blot;

/// The limits of a picture (contract, section 4).
const MOST_PIXELS: u64 = 120_000_000;
const LONGEST_SIDE: u32 = 65_500;
/// Executions of one document that are run.
const MOST_RUN: usize = 3;

// ---- Pictures and files -------------------------------------------------------------------------------------------------

pub(crate) fn data(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A PNG of these samples, whose pixels differ from their neighbours.
fn png(width: u32, height: u32, color: png::ColorType, depth: png::BitDepth, sample: impl Fn(usize) -> u16) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(color);
    encoder.set_depth(depth);
    let count = width as usize * height as usize * color.samples();
    let samples: Vec<u8> = match depth {
        png::BitDepth::Sixteen => (0..count).flat_map(|at| sample(at).to_be_bytes()).collect(),
        _ => (0..count).map(|at| sample(at) as u8).collect(),
    };
    encoder.write_header().and_then(|mut writer| writer.write_image_data(&samples)).expect("written");
    file
}

/// Unusual pictures by their names.
pub(crate) fn pictures() -> Vec<(&'static str, Vec<u8>)> {
    use png::BitDepth::{Eight, Sixteen};
    use png::ColorType::{Grayscale, GrayscaleAlpha, Rgb, Rgba};
    let some = |at: usize| (at * 37 % 251) as u16;
    let deep = |at: usize| (at * 12_371 % 65_536) as u16;
    vec![
        ("one.png", png(1, 1, Rgb, Eight, some)),
        ("tall.png", png(1, 173, Rgb, Eight, some)),
        ("wide.png", png(190, 1, Rgba, Eight, some)),
        ("transparent.png", png(23, 17, Rgba, Eight, |at| if at % 4 == 3 { 0 } else { some(at) })),
        ("translucent.png", png(31, 22, Rgba, Eight, some)),
        ("gray.png", png(29, 33, Grayscale, Eight, some)),
        ("gray-one.png", png(1, 1, Grayscale, Eight, |_| 7)),
        ("deep.png", png(37, 29, Rgb, Sixteen, deep)),
        ("deep-alpha.png", png(11, 19, Rgba, Sixteen, deep)),
        ("deep-gray.png", png(21, 13, GrayscaleAlpha, Sixteen, deep)),
        ("photo.jpg", data("planar/labels.jpg")),
        ("turned.jpg", data("codecs/orientation-6.jpg")),
        ("camera.jpg", data("metadata/camera.jpg")),
        ("inks.jpg", data("codecs/cmyk.jpg")),
        ("profile.webp", data("codecs/profile.webp")),
        ("tables.png", data("color/tables.png")),
        ("profile-gray.png", data("color/gray-gamma.png")),
        ("hdr.png", data("color/hdr-pq.png")),
        ("animated.gif", data("animation/previous.gif")),
        ("animated.webp", data("animation/opaque.webp")),
        ("animated.png", data("animation/rgba.png")),
        ("animated-gray.png", data("animation/gray-alpha.png")),
        ("drawing.svg", br##"<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"><circle cx="20" cy="15" r="11" fill="#c42"/></svg>"##.to_vec()),
        ("broken.png", png(40, 40, Rgb, Eight, some)[..70].to_vec()),
    ]
}

/// Files that are no pictures.
fn others() -> Vec<(&'static str, Vec<u8>)> {
    let template = br#"<svg xmlns="http://www.w3.org/2000/svg" width="60" height="40"><text y="20">{{title}}</text><image href="{{photo}}" width="9" height="9"/></svg>"#;
    vec![
        ("table.csv", b"title,price,@photo\nOak,9.50,one.png\nElm & Ash,,gray.png\n".to_vec()),
        ("short.csv", b"title\nOnly\n".to_vec()),
        ("template.svg", template.to_vec()),
    ]
}

// ---- What a host provides -----------------------------------------------------------------------------------------------

/// Has one LUT, by every name.
struct Film(Lut);

impl LutSource for Film {
    fn get(&self, _: &str) -> Result<&Lut, Failure> {
        Ok(&self.0)
    }
}

pub(crate) struct Host {
    typesetter: FontTypesetter,
    film: Film,
    files: BTreeMap<&'static str, Vec<u8>>,
}

impl Host {
    pub(crate) fn new() -> Self {
        let font = include_bytes!("../../src/lettering/roboto/Roboto-Regular.ttf").to_vec();
        Self {
            typesetter: FontTypesetter::new(font).expect("a font"),
            film: Film(Lut::read(b"LUT_1D_SIZE 2\n0.1 0 0\n1 0.9 1\n").expect("a LUT")),
            files: pictures().into_iter().chain(others()).collect(),
        }
    }

    fn services(&self) -> Services<'_> {
        Services {
            networks: Some(&Blot),
            typesetter: Some(&self.typesetter),
            luts: Some(&self.film),
            ..Services::default()
        }
    }

    fn content(&self, url: &str) -> Vec<u8> {
        if let Some((_, text)) = url.strip_prefix("data:").and_then(|rest| rest.split_once(',')) {
            return unescaped(text);
        }
        self.files.get(url.trim_start_matches("asset:")).cloned().unwrap_or_default()
    }
}

/// Text with `%41` for letters.
fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend(before.bytes());
        let (digits, tail) = after.split_at(2);
        bytes.push(u8::from_str_radix(digits, 16).expect("two digits"));
        rest = tail;
    }
    bytes.extend(rest.bytes());
    bytes
}

// ---- Running a document and judging what came of it ---------------------------------------------------------------------

fn judge_diagnostics(found: &[Diagnostic]) -> Result<(), String> {
    match found.iter().find(|one| one.message.is_empty() || one.hint.is_empty() || one.code.is_empty()) {
        Some(vague) => Err(format!("a vague diagnostic: {vague:?}")),
        None => Ok(()),
    }
}

fn judge_failure(failure: &Failure) -> Result<(), String> {
    let is_clear = failure.action_id.is_some() && !failure.message.is_empty() && !failure.hint.is_empty();
    // What only a mistake in the program can cause.
    let is_bug = failure.hint.contains("bug");
    if is_clear && !is_bug { Ok(()) } else { Err(format!("a failure that helps nobody: {failure:?}")) }
}

fn judge(produced: &Produced) -> Result<(), String> {
    for warning in &produced.warnings {
        if warning.action_id.is_none() || warning.message.is_empty() || warning.hint.is_empty() {
            return Err(format!("a vague warning: {warning:?}"));
        }
    }
    for output in &produced.outputs {
        let header =
            codecs::probe(&output.encoded.bytes, &output.name).map_err(|why| format!("unreadable: {why:?}"))?;
        let size = header.size;
        if size.pixels() > MOST_PIXELS || size.width.max(size.height) > LONGEST_SIDE {
            return Err(format!("beyond the limits: {size:?}"));
        }
        if (size, header.format) != (output.size, output.encoded.format) {
            return Err(format!("not what was said: {size:?} for {:?}", output.size));
        }
        if output.name.is_empty() && !output.is_staged {
            return Err("a result without a name".to_owned());
        }
    }
    Ok(())
}

fn of_stop(stop: Stop) -> Result<Failure, String> {
    if let Stop::Failed(failure) = stop { Ok(failure) } else { Err(format!("{stop:?}")) }
}

/// What became of a document.
#[derive(Debug)]
pub(crate) enum Ran {
    /// It was refused, and why.
    #[allow(dead_code, reason = "shown where a test fails")]
    Refused(Vec<Diagnostic>),
    /// It was run: what became of each execution, or `None` for those after the first few.
    Executions(Vec<Option<Result<Produced, Failure>>>),
}

/// Runs what a document says on the files that it names.
///
/// # Errors
/// What must not happen, whatever the document is.
pub(crate) fn run(document: &Value, host: &Host) -> Result<Ran, String> {
    let (workflow, found) = check(document);
    judge_diagnostics(&found)?;
    let is_valid = !found.iter().any(Diagnostic::is_error);
    let plan = StagedPlan::build(&workflow);
    if plan.is_ok() != is_valid {
        return Err(format!("validation and the plan disagree: {:?}, {found:?}", plan.err()));
    }
    let Ok(mut plan) = plan else { return Ok(Ran::Refused(found)) };
    let of_rows = plan.each.graph().rows.is_some();
    let refused = |found: Vec<Diagnostic>| judge_diagnostics(&found).map(|()| Ran::Refused(found));
    let wanted = match plan.each.graph().wanted() {
        Ok(wanted) => wanted,
        Err(found) => return refused(found),
    };
    let contents: Vec<_> = wanted.iter().map(|one| host.content(&one.file.source_url)).collect();
    if let Err(found) = plan.each.bind_files(&contents) {
        return refused(found);
    }
    let rows = of_rows.then(|| plan.each.graph().input_assets());
    let assets = Stages::resolve(&workflow).map_err(|found| format!("{found:?}"))?.input_assets(rows);
    let count = assets.iter().filter(|asset| asset.gathered.is_none()).count() as u32;
    let plan = plan.for_run(RunFacts { clock: 1_735_686_309_999.0, count });
    let mut made: Vec<Option<Result<Produced, Failure>>> = Vec::new();
    for asset in assets {
        let is_run = asset.gathered.is_some() || made.len() < MOST_RUN;
        let produced = is_run.then(|| execute(&plan, &asset, &made, host)).transpose()?;
        match &produced {
            Some(Ok(produced)) => judge(produced)?,
            Some(Err(failure)) => judge_failure(failure)?,
            None => {}
        }
        made.push(produced);
    }
    Ok(Ran::Executions(made))
}

/// Runs one execution; the outer result is for what must not happen.
fn execute(
    plan: &StagedPlan,
    asset: &InputAsset,
    made: &[Option<Result<Produced, Failure>>],
    host: &Host,
) -> Result<Result<Produced, Failure>, String> {
    if let Some(gathered) = &asset.gathered {
        return gather(plan, gathered, asset, made, host);
    }
    let mut contents: Vec<_> = asset.inputs.iter().map(|input| host.content(&input.source_url)).collect();
    if let Err(failure) = plan.each.fill_templates(asset, &mut contents, None) {
        return Ok(Err(failure));
    }
    let plan = plan.each.for_execution(asset.index, asset.row.as_ref());
    let inputs = asset.inputs.iter().zip(&contents);
    let sources: Vec<_> = inputs
        .map(|(input, bytes)| Source { name: &input.name, folder: input.folder(), bytes: bytes.into() })
        .collect();
    match plan.run(asset.index, &sources, host.services()) {
        Ok(produced) => {
            let has_conditions = plan.graph().nodes.iter().any(|node| node.action.is_condition());
            let (reached, all) = (produced.outputs.len(), plan.graph().outputs.len());
            if !(reached == all || has_conditions && reached < all) {
                return Err(format!("{reached} results of {all}"));
            }
            if produced.warnings.iter().any(|warning| warning.code == "no_output") != (reached == 0) {
                return Err(format!("{reached} results, and it does not say so"));
            }
            Ok(Ok(produced))
        }
        Err(stop) => of_stop(stop).map(Err),
    }
}

fn gather(
    plan: &StagedPlan,
    gathered: &Gathered,
    asset: &InputAsset,
    made: &[Option<Result<Produced, Failure>>],
    host: &Host,
) -> Result<Result<Produced, Failure>, String> {
    let plan = plan.gathering(&gathered.action_id).ok_or("nothing gathers")?;
    let range = gathered.from as usize..(gathered.from + gathered.count) as usize;
    let produced = made[range].iter().flatten().flatten().flat_map(|produced| &produced.outputs);
    let staged: Vec<_> = produced.filter(|output| output.is_staged && output.action_id == gathered.action_id).collect();
    let made = plan.begin(staged.len() as u32, staged.first().map(|first| first.size)).and_then(|mut gathering| {
        for output in staged {
            staged_picture(&output.encoded.bytes, "").and_then(|picture| gathering.add(picture))?;
        }
        gathering.finish()
    });
    let file = match made {
        Ok(file) => file.bytes,
        Err(failure) => return Ok(Err(failure.at(&plan.action_id))),
    };
    let mut contents: Vec<_> = asset.inputs.iter().map(|input| host.content(&input.source_url)).collect();
    contents.insert(plan.place.min(contents.len()), file);
    let names: Vec<_> = asset.inputs.iter().map(|input| input.name.as_str()).collect();
    let name = |at: usize| if at == plan.place { plan.name } else { names.get(at).copied().unwrap_or("other.png") };
    let sources: Vec<_> = contents
        .iter()
        .enumerate()
        .map(|(at, bytes)| Source { name: name(at), folder: "", bytes: bytes.into() })
        .collect();
    match plan.after.run(gathered.part, &sources, host.services()) {
        Ok(produced) => Ok(Ok(produced)),
        Err(stop) => of_stop(stop).map(Err),
    }
}
