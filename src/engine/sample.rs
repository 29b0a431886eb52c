//! A preview's first look: a workflow on reduced copies of its pictures. A copy is decoded once and kept; parameters in
//! pixels are reduced with it, so that the result is the same picture with fewer pixels. Where that cannot be had, there
//! is no sample: with an action that does not scale ([`scales_with_picture`](actions::Operation::scales_with_picture)), a
//! length that would be rounded too much, colours that are counted, or an animation. Conditions are decided for the files
//! themselves; where the run has to decide one, there is no sample.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::graph::GraphOutput;
use super::plan::Plan;
use super::run::Source;
use crate::actions::parameters::{Field, Kind, Spatial};
use crate::actions::{self, Role};
use crate::codecs::{self, Format, Header};
use crate::error::Failure;
use crate::image::Size;

/// The longest side of a sample.
const SIDE: u32 = 1200;
/// A picture that is larger by less is its own sample.
const WORTH_IT: f64 = 1.2;
/// How much a whole number of pixels may differ from what it should be, as a part of it.
const ROUNDED: f64 = 0.06;

/// A plan for reduced copies.
#[derive(Debug)]
pub struct Sample {
    /// The same graph with reduced parameters.
    pub(super) plan: Plan,
    /// The headers of the files.
    pub(super) files: Vec<Option<Header>>,
    /// The headers of the copies.
    pub(super) copies: Vec<Option<Header>>,
    /// For each node: the size of its result, at full scale.
    pub(super) sizes: Vec<Size>,
}

/// By how much a picture of this size is reduced; 1 if it is not.
fn reduction(size: Size) -> f64 {
    let longest = f64::from(size.width.max(size.height));
    if longest < WORTH_IT * f64::from(SIDE) { 1.0 } else { f64::from(SIDE) / longest }
}

fn scaled(size: Size, by: f64) -> Size {
    let side = |side: u32| ((f64::from(side) * by).round() as u32).max(1);
    Size::new(side(size.width), side(size.height))
}

impl Plan {
    /// The plan for reduced copies of these pictures; `None` if they are small, or if the result would look different.
    ///
    /// # Errors
    /// When the plan cannot run at all on these pictures.
    pub fn sample(&self, sources: &[Source<'_>]) -> Result<Option<Sample>, Failure> {
        self.decided(sources).reduced(sources)
    }

    fn reduced(&self, sources: &[Source<'_>]) -> Result<Option<Sample>, Failure> {
        let files = self.headers(&self.files(sources)?)?;
        if files.iter().flatten().any(|header| header.animation.is_some()) || !self.can_be_sampled(&files) {
            return Ok(None);
        }
        let sizes = self.sizes(&files)?;
        let copies: Vec<Option<Header>> = (files.iter().enumerate())
            .map(|(source, header)| {
                let auto_orient = self.graph.sources[source].auto_orient;
                header.as_ref().map(|header| {
                    let by = reduction(header.upright(auto_orient));
                    // Eight bits are enough to look at.
                    header.narrow().with_size(scaled(header.size, by))
                })
            })
            .collect();
        if files
            .iter()
            .zip(&copies)
            .all(|(file, copy)| file.as_ref().map(|one| one.size) == copy.as_ref().map(|one| one.size))
        {
            return Ok(None);
        }
        Ok(self.operations_at(&sizes).map(|operations| Sample {
            plan: Self { operations, is_sample: true, ..self.clone() },
            files,
            copies,
            sizes,
        }))
    }

    /// Whether all actions scale, and no result has its colours counted.
    fn can_be_sampled(&self, headers: &[Option<Header>]) -> bool {
        let counts = |output: &GraphOutput| {
            let header = headers[output.origin].as_ref();
            output.parameters.palette().is_some() || self.final_format(output, header, false) == Format::Gif
        };
        self.operations.iter().flatten().all(|operation| operation.scales_with_picture())
            && !self.graph.outputs.iter().any(counts)
    }

    /// The kernels for reduced copies, given the full size of every node's result.
    fn operations_at(&self, sizes: &[Size]) -> Option<Vec<Option<Arc<dyn actions::Operation>>>> {
        // By how much each node's result is reduced.
        let mut reductions: Vec<f64> = Vec::with_capacity(sizes.len());
        let mut operations = Vec::with_capacity(sizes.len());
        for ((node, size), operation) in self.graph.nodes.iter().zip(sizes).zip(&self.operations) {
            let before = node.inputs.first().copied().flatten().map(|(before, _)| (reductions[before], sizes[before]));
            let by = match before {
                // As large as it is wanted, but no larger than what was reduced before allows.
                Some((before, from)) if operation.as_ref().is_some_and(|one| one.sets_size()) => {
                    let shrinks = |from: u32, to: u32| f64::from(from) / f64::from(to);
                    let least = shrinks(from.width, size.width).min(shrinks(from.height, size.height));
                    reduction(*size).min(before * least)
                }
                Some((before, _)) => before,
                None => reduction(*size),
            };
            reductions.push(by);
            operations.push(match node.action.role {
                Role::Transform | Role::Gather => {
                    let raw = reduced(node.action.fields, &node.parameters, by)?;
                    Some(Arc::from(actions::prepare(node.action.action_type, &raw).ok()?))
                }
                Role::Source | Role::Sink | Role::Data | Role::Note => None,
            });
        }
        Some(operations)
    }
}

/// Raw parameters with all lengths in pixels reduced; `None` if one would have to be rounded too much.
fn reduced(fields: &[Field], raw: &Map<String, Value>, by: f64) -> Option<Map<String, Value>> {
    let mut raw = raw.clone();
    if by == 1.0 {
        return Some(raw);
    }
    for field in fields.iter().filter(|field| field.unit == Some("px")) {
        let given = raw.get(field.name).filter(|value| !value.is_null()).cloned();
        let value = given.unwrap_or_else(|| field.default.value());
        let Some(length) = value.as_f64() else { continue };
        let exact = length * by;
        let length = match field.kind {
            Kind::Integer => {
                let whole = exact.round().max(field.range.map_or(f64::MIN, |(low, _)| low));
                // An edge or a side is off by half a pixel at most, which cannot be seen; a line could be twice as wide.
                if !is_side(field) && (whole - exact).abs() > ROUNDED * exact.abs() {
                    return None;
                }
                Value::from(whole as i64)
            }
            _ => Value::from(exact),
        };
        raw.insert(field.name.to_owned(), length);
    }
    Some(raw)
}

/// Whether a length is a side or an edge of a picture, rather than that of something small in it.
fn is_side(field: &Field) -> bool {
    let is_edge = matches!(field.spatial, Some(Spatial::Left | Spatial::Top | Spatial::Width | Spatial::Height));
    // Sizes of a picture may be left out, so that they follow from each other.
    is_edge || field.default.value().is_null()
}

impl Plan {
    /// The header of each file that is used.
    pub(super) fn headers(&self, files: &[Option<Source<'_>>]) -> Result<Vec<Option<Header>>, Failure> {
        let mut headers = Vec::with_capacity(files.len());
        for (source, file) in files.iter().enumerate() {
            let used = self.graph.reads(source) || source == self.graph.primary;
            headers.push(match file {
                Some(file) if used => Some(
                    codecs::probe(file.bytes, file.name)
                        .map_err(|failure| failure.at(&self.graph.sources[source].action_id))?,
                ),
                _ => None,
            });
        }
        Ok(headers)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use serde_json::json;

    use super::*;
    use crate::actions::{Action, PortType, catalog};
    use crate::codecs::{DecodeRequest, EncodeRequest, Encoded};
    use crate::engine::{Services, Steps};
    use crate::image::resample::{Filter, Window, resample};
    use crate::image::{Image, Pixels, Representation};
    use crate::lettering::typesetting::FontTypesetter;
    use crate::workflow::check;

    /// Wider than a sample, and low, so that tests are fast.
    const SIZE: Size = Size::new(2000, 60);

    /// Something like a photograph: areas, edges and texture that are several pixels wide.
    fn picture(size: Size, has_alpha: bool) -> Vec<u8> {
        let mut data = Vec::new();
        for y in 0..size.height {
            for x in 0..size.width {
                let (fx, fy) = (f64::from(x) / f64::from(size.width), f64::from(y) / f64::from(size.height));
                let wave = (fx * 40.0).sin() * (fy * 9.0).cos();
                let is_inside = (fx - 0.5).hypot((fy - 0.5) * 0.5) < 0.2;
                let level =
                    |base: f64| (base + 60.0 * wave + if is_inside { 50.0 } else { 0.0 }).clamp(0.0, 255.0) as u8;
                data.extend([level(90.0 + 60.0 * fx), level(110.0), level(150.0 - 60.0 * fy)]);
                if has_alpha {
                    data.push(if is_inside { 255 } else { 0 });
                }
            }
        }
        let pixels = if has_alpha { Pixels::Rgba(data) } else { Pixels::Rgb(data) };
        codecs::encode(Image::new(size, pixels), &EncodeRequest::new(Format::Png), None).unwrap().bytes
    }

    fn pixels(file: &Encoded) -> Image {
        let header = codecs::probe(&file.bytes, "").unwrap();
        let request = DecodeRequest {
            representation: Representation::Rgba,
            at_least: header.size,
            chroma_at_least: header.size,
            scaling: None,
            auto_orient: true,
        };
        let image = codecs::decode(&file.bytes, &header, &request, "").unwrap().image;
        // Over gray, so that colours that cannot be seen do not count.
        let Pixels::Rgba(data) = &image.pixels else { panic!("asked for") };
        let over = data.as_chunks::<4>().0.iter().flat_map(|[r, g, b, a]| {
            let a = u32::from(*a);
            [*r, *g, *b].map(|value| ((u32::from(value) * a + 128 * (255 - a)) / 255) as u8)
        });
        Image::new(image.size, Pixels::Rgb(over.collect()))
    }

    fn psnr(one: &Image, other: &Image) -> f64 {
        let (Pixels::Rgb(a), Pixels::Rgb(b)) = (&one.pixels, &other.pixels) else { panic!("both are RGB") };
        assert_eq!(a.len(), b.len());
        let sum: f64 = a.iter().zip(b).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum();
        20.0 * 255.0_f64.log10() - 10.0 * (sum / a.len() as f64).max(1e-9).log10()
    }

    fn document(action: &Action, raw: &Value) -> Value {
        let image = |name: &str| json!([{ "name": name, "sourceUrl": format!("asset:{name}") }]);
        let mut connections = vec![
            json!({ "connectionSource": "it", "sourcePort": "outputs", "connectionTarget": "save", "targetPort": "input-images" }),
        ];
        for (at, port) in action.inputs.iter().filter(|port| port.kind == PortType::Image).enumerate() {
            let source = if at == 0 { "photos" } else { "others" };
            connections.push(json!({ "connectionSource": source, "sourcePort": "outputs", "connectionTarget": "it", "targetPort": port.name }));
        }
        json!({
            "metadata": {},
            "actions": [
                { "actionId": "photos", "actionType": "input-images", "parameters": { "images": image("a.png") } },
                { "actionId": "others", "actionType": "input-images", "parameters": { "images": image("b.png") } },
                { "actionId": "it", "actionType": action.action_type, "parameters": raw },
                { "actionId": "save", "actionType": "output", "parameters": { "format": "png" } },
            ],
            "connections": connections,
        })
    }

    fn plan(action: &str, raw: &Value) -> Plan {
        let action = actions::find(action).unwrap();
        Plan::build(&check(&document(action, raw)).0).unwrap()
    }

    /// Parameters with which an action does something that can be compared.
    fn telling(action: &str) -> Value {
        match action {
            "adjust" => json!({ "exposure": 0.5, "contrast": 20, "saturation": 30 }),
            "border" => json!({ "width": 20 }),
            "box-blur" => json!({ "radius": 10 }),
            "clarity" | "highlights-shadows" => json!({ "radius": 30, "amount": 60 }),
            "crop" => json!({ "ratio": "4:1", "focus": { "x": 0.3, "y": 0.5 } }),
            "drop-shadow" => json!({ "dx": 20, "dy": 10 }),
            "gaussian-blur" => json!({ "sigma": 5 }),
            "levels" => json!({ "black": 30, "white": 220 }),
            "look" => json!({ "look": "vintage" }),
            "pad" => json!({ "ratio": "4:1" }),
            "resize" => json!({ "width": 1600 }),
            "rotate" => json!({ "angle": 10 }),
            _ => json!({}),
        }
    }

    #[test]
    fn a_sample_is_the_same_picture_with_fewer_pixels() {
        let (photo, other) = (picture(SIZE, false), picture(Size::new(300, 200), true));
        let subject = picture(SIZE, true);
        let typesetter =
            FontTypesetter::new(include_bytes!("../lettering/roboto/Roboto-Regular.ttf").to_vec()).unwrap();
        let (mut seen, mut wrong) = (Vec::new(), Vec::new());
        for action in catalog().iter().filter(|action| action.role == Role::Transform) {
            let mut raw = telling(action.action_type);
            // Only known parameters.
            if let Value::Object(raw) = &mut raw {
                raw.retain(|name, _| action.fields.iter().any(|field| field.name == name));
            }
            if !action.check(raw.as_object().unwrap()).is_empty() {
                raw = json!({});
            }
            let Ok(plan) = Plan::build(&check(&document(action, &raw)).0) else { continue };
            let on_subject = ["drop-shadow", "outline", "glow", "background"].contains(&action.action_type);
            let first = if on_subject { &subject } else { &photo };
            let source = |(name, bytes)| Source { name, folder: "", bytes };
            let sources = [("a.png", first.into()), ("b.png", (&other).into())].map(source);
            let Some(sample) = plan.sample(&sources).unwrap() else { continue };
            let services = Services { typesetter: Some(&typesetter), ..Services::default() };
            let full = plan.run(0, &sources, services).unwrap();
            let small = sample.run(0, &sources, services).unwrap();
            assert_eq!(small.outputs[0].size, full.outputs[0].size, "{}", action.action_type);
            assert_eq!(small.outputs[0].format, Format::Png);
            let (full, small) = (pixels(&full.outputs[0].encoded), pixels(&small.outputs[0].encoded));
            let ratio = f64::from(small.size.width) / f64::from(full.size.width);
            if !(0.55..0.8).contains(&ratio) {
                wrong.push(format!("{}: {:?} instead of {:?}", action.action_type, small.size, full.size));
                continue;
            }
            let expected = resample(&full, Window::all(full.size), small.size, Filter::Lanczos3).unwrap();
            let psnr = psnr(&expected, &small);
            if psnr < 30.0 {
                wrong.push(format!("{}: {psnr:.1} dB", action.action_type));
            }
            seen.push(action.action_type);
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
        for expected in ["adjust", "resize", "crop", "gaussian-blur", "watermark", "text", "sharpen", "pad"] {
            assert!(seen.contains(&expected), "{expected} is not among {seen:?}");
        }
        for unfit in ["grain", "denoise", "remove-background", "trim", "halftone", "pixelate"] {
            assert!(!seen.contains(&unfit), "{unfit}");
        }
    }

    #[test]
    fn there_is_no_sample_where_it_would_look_different() {
        let (large, small) = (picture(SIZE, false), picture(Size::new(300, 200), true));
        let has = |action: &str, raw: Value| {
            let sources =
                [&large, &small].map(|bytes| Source { name: "a.png", folder: "", bytes: bytes.as_slice().into() });
            plan(action, &raw).sample(&sources).unwrap().is_some()
        };
        assert!(has("flip", json!({})));
        // 5 pixels would be 3 exactly, 4 would be 2.4.
        assert!(has("border", json!({ "width": 5 })) && !has("border", json!({ "width": 4 })));
        // Half a pixel of a side does not show.
        assert!(has("crop", json!({ "x": 3, "y": 1, "width": 999, "height": 101 })));
        assert!(!has("crop", json!({ "ratio": "1:1", "gravity": "attention" })));
        assert!(!has("resize", json!({ "width": 500, "filter": "nearest" })));
        assert!(!has("text", json!({ "text": "{width}" })) && !has("text", json!({ "size": 40, "unit": "px" })));
        // A small picture is fast as it is.
        let sources =
            [&small, &small].map(|bytes| Source { name: "a.png", folder: "", bytes: bytes.as_slice().into() });
        assert!(plan("flip", &json!({})).sample(&sources).unwrap().is_none());
    }

    #[test]
    fn thumbnails_are_made_of_every_step_and_kept() {
        let file = picture(SIZE, false);
        let sources = [Source { name: "a.png", folder: "", bytes: file.as_slice().into() }];
        let steps = RefCell::new(Steps::new(64 << 20));
        let services = Services { steps: Some(&steps), thumbnails: true, ..Services::default() };
        let ids = |raw: Value| {
            let plan = plan("resize", &raw);
            let sample = plan.sample(&sources).unwrap().unwrap();
            let produced = sample.run(0, &sources, services).unwrap();
            assert!(produced.outputs.is_empty());
            let size = |file: &Encoded| codecs::probe(&file.bytes, "").unwrap().size;
            produced.thumbnails.iter().map(|(id, file)| (id.clone(), size(file))).collect::<Vec<_>>()
        };
        let thumbnail = |id: &str, width, height| (id.to_owned(), Size::new(width, height));
        let wide = [thumbnail("photos", 256, 8), thumbnail("it", 256, 8), thumbnail("save", 256, 8)];
        assert_eq!(ids(json!({ "width": 1000 })), wide);
        assert_eq!(ids(json!({ "width": 1000 })), wide);
        // The copy is 36 pixels high.
        let square = |side: u32| ids(json!({ "width": side, "height": side, "mode": "fill" })).swap_remove(1);
        assert_eq!([square(100), square(30)], [thumbnail("it", 36, 36), thumbnail("it", 30, 30)]);
        // Afterwards results are written as before.
        let plan = plan("resize", &json!({ "width": 1000 }));
        let services = Services { thumbnails: false, ..services };
        let produced = plan.sample(&sources).unwrap().unwrap().run(0, &sources, services).unwrap();
        assert_eq!((produced.outputs.len(), produced.outputs[0].size), (1, Size::new(1000, 30)));
    }
}
