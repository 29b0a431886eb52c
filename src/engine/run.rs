//! One image's way through the graph: decode what is needed, run each node once, free each picture with its last
//! consumer, encode the results.

use super::inputs::InputSize;
use super::plan::{Choice, Plan, upright};
use super::thumbnail::thumbnail;
use crate::actions::output::{OutputFormat, fill_name};
use crate::codecs::{self, DecodeRequest, EncodeRequest, Encoded, Format, Header, WebpEncoder};
use crate::error::{Failure, Phase};
use crate::image::convert::convert;
use crate::image::{Image, Representation, Size};

/// One input file, in the order of `InputAsset::inputs`: the primary one first.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// File name, for messages and `{name}`.
    pub name: &'a str,
    /// File content.
    pub bytes: &'a [u8],
}

/// What one image gave.
#[derive(Debug)]
pub struct Produced {
    /// The results in document order.
    pub outputs: Vec<ProducedOutput>,
    /// The primary input as measured.
    pub input_size: InputSize,
    /// At most 256 × 256 pixels of the primary input.
    pub input_thumbnail: Encoded,
    /// At most 256 × 256 pixels of the first result.
    pub output_thumbnail: Option<Encoded>,
}

/// One result.
#[derive(Debug)]
pub struct ProducedOutput {
    /// The action it comes from.
    pub action_id: String,
    /// Always `outputs` for now.
    pub port: &'static str,
    /// The name pattern's raw result.
    pub name: String,
    /// Size in pixels.
    pub size: Size,
    /// The file.
    pub encoded: Encoded,
}

impl Plan {
    /// Whether running these inputs needs the WebP encoder.
    pub fn needs_webp(&self, sources: &[Source<'_>]) -> bool {
        self.graph.outputs.iter().any(|output| match output.parameters.format {
            OutputFormat::Webp => true,
            OutputFormat::Auto => {
                let position = self.graph.source_order().position(|source| source == output.origin);
                let bytes = position.and_then(|position| sources.get(position)).map(|source| source.bytes);
                bytes.is_some_and(|bytes| codecs::sniff(bytes) == Some(Format::Webp))
            }
            OutputFormat::Jpeg | OutputFormat::Png => false,
        })
    }

    /// Runs the workflow on one image.
    ///
    /// `index` is the execution's `assetIndex`; `sources` are the files of `Graph::input_asset(index)`, in its order.
    ///
    /// # Errors
    /// The first thing that fails, with the action it happened in.
    pub fn run(&self, index: u32, sources: &[Source<'_>], webp: Option<&dyn WebpEncoder>) -> Result<Produced, Failure> {
        let files = self.files(sources)?;
        let mut headers: Vec<Option<Header>> = Vec::with_capacity(files.len());
        for (source, file) in files.iter().enumerate() {
            let used = self.graph.nodes.iter().any(|node| node.source == Some(source)) || source == self.graph.primary;
            headers.push(match file {
                Some(file) if used => Some(
                    codecs::probe(file.bytes, file.name)
                        .map_err(|failure| failure.at(&self.graph.sources[source].action_id))?,
                ),
                _ => None,
            });
        }
        let choice = self.choose(&headers)?;
        Runner { plan: self, index, files, headers, choice, webp, input_thumbnail: None, output_thumbnail: None }.run()
    }

    /// The files in the order of the graph's sources.
    fn files<'a>(&self, sources: &[Source<'a>]) -> Result<Vec<Option<Source<'a>>>, Failure> {
        let mut files = vec![None; self.graph.sources.len()];
        for (position, source) in self.graph.source_order().enumerate() {
            files[source] = sources.get(position).copied();
            let used = self.graph.nodes.iter().any(|node| node.source == Some(source));
            if used && files[source].is_none() {
                let id = &self.graph.sources[source].action_id;
                return Err(Failure::input(format!("\"{id}\" has no image."), "Add an image to it.").at(id));
            }
        }
        Ok(files)
    }
}

/// A picture that waits for its consumers.
struct Held {
    image: Image,
    /// Consumers that have not taken it yet.
    left: usize,
    /// The size it stands for, when it was decoded smaller.
    full: Size,
}

struct Runner<'a> {
    plan: &'a Plan,
    index: u32,
    files: Vec<Option<Source<'a>>>,
    headers: Vec<Option<Header>>,
    choice: Choice,
    webp: Option<&'a dyn WebpEncoder>,
    input_thumbnail: Option<Encoded>,
    output_thumbnail: Option<Encoded>,
}

impl Runner<'_> {
    fn run(mut self) -> Result<Produced, Failure> {
        let graph = &self.plan.graph;
        let mut held: Vec<Vec<Option<Held>>> = graph.nodes.iter().map(|_| Vec::new()).collect();
        let mut outputs: Vec<Option<ProducedOutput>> = graph.outputs.iter().map(|_| None).collect();
        for index in 0..graph.nodes.len() {
            let node = &graph.nodes[index];
            let results = match (&self.plan.operations[index], node.source) {
                (None, Some(source)) => vec![self.decode(index, source)?],
                (Some(operation), _) => {
                    let mut inputs = Vec::with_capacity(node.inputs.len());
                    let mut reduced = None;
                    for (port, input) in node.inputs.iter().enumerate() {
                        inputs.push(match (input, self.choice.inputs[index][port]) {
                            (Some((before, output)), Some(representation)) => {
                                let (image, full) = take(&mut held[*before][*output], representation)?;
                                if port == 0 && image.size != full {
                                    reduced = Some(full);
                                }
                                Some(image)
                            }
                            _ => None,
                        });
                    }
                    match reduced {
                        Some(full) => operation.run_reduced(inputs, full),
                        None => operation.run(inputs),
                    }
                    .map_err(|failure| failure.at(&node.action_id))?
                }
                (None, None) => Vec::new(),
            };
            for (port, image) in results.into_iter().enumerate() {
                let uses = |&(node, out): &(usize, usize)| node == index && out == port;
                let consumers =
                    graph.nodes.iter().flat_map(|node| node.inputs.iter().flatten()).filter(|end| uses(end));
                let written = graph.outputs.iter().filter(|output| uses(&(output.node, output.port)));
                let left = consumers.count() + written.count();
                let full = if node.source.is_some() { self.choice.sizes[index] } else { image.size };
                held[index].push((left > 0).then_some(Held { image, left, full }));
            }
            for (position, output) in graph.outputs.iter().enumerate() {
                if output.node == index {
                    let slot = &mut held[index][output.port];
                    let representation = slot.as_ref().map_or(Representation::Rgba, |held| held.image.representation());
                    let (image, _) = take(slot, representation)?;
                    outputs[position] = Some(self.write(position, image)?);
                }
            }
        }
        let primary = graph.primary;
        let header = self.headers[primary].as_ref();
        let size = header.map_or(Size::new(0, 0), |header| upright(header, graph.sources[primary].auto_orient));
        let bytes = self.files[primary].map_or(0, |file| file.bytes.len() as u64);
        let input_thumbnail = match self.input_thumbnail.take() {
            Some(thumbnail) => thumbnail,
            // The primary picture was not needed for any result: it is still shown.
            None => self.stray_thumbnail(primary)?,
        };
        Ok(Produced {
            outputs: outputs.into_iter().flatten().collect(),
            input_size: InputSize { width: size.width, height: size.height, bytes },
            input_thumbnail,
            output_thumbnail: self.output_thumbnail,
        })
    }

    fn decode(&mut self, node: usize, source: usize) -> Result<Image, Failure> {
        let id = &self.plan.graph.sources[source].action_id;
        let missing = || Failure::input(format!("\"{id}\" has no image."), "Add an image to it.").at(id);
        let file = self.files[source].ok_or_else(missing)?;
        let header = self.headers[source].as_ref().ok_or_else(missing)?;
        let (representation, upright_size) = self.choice.decode[&node];
        let auto_orient = self.plan.graph.sources[source].auto_orient;
        let turned = auto_orient && header.orientation >= 5;
        let at_least = if turned { upright_size.transposed() } else { upright_size };
        let request = DecodeRequest { representation, at_least, auto_orient };
        let image = codecs::decode(file.bytes, header, &request, file.name).map_err(|failure| failure.at(id))?;
        if source == self.plan.graph.primary && self.input_thumbnail.is_none() {
            self.input_thumbnail = Some(thumbnail(&image)?);
        }
        Ok(image)
    }

    fn stray_thumbnail(&mut self, source: usize) -> Result<Encoded, Failure> {
        let id = &self.plan.graph.sources[source].action_id;
        let missing = || Failure::input(format!("\"{id}\" has no image."), "Add an image to it.").at(id);
        let file = self.files[source].ok_or_else(missing)?;
        let header = self.headers[source].as_ref().ok_or_else(missing)?;
        let representation = header.native.iter().next().unwrap_or(Representation::Rgba);
        let request = DecodeRequest { representation, at_least: Size::new(256, 256), auto_orient: true };
        thumbnail(&codecs::decode(file.bytes, header, &request, file.name).map_err(|failure| failure.at(id))?)
    }

    fn write(&mut self, position: usize, image: Image) -> Result<ProducedOutput, Failure> {
        let output = &self.plan.graph.outputs[position];
        let parameters = &output.parameters;
        if position == 0 {
            self.output_thumbnail = Some(thumbnail(&image)?);
        }
        let alpha = image.representation() == Representation::Rgba;
        let format = self.plan.final_format(parameters.format, self.headers[output.origin].as_ref(), alpha);
        let size = image.size;
        let request = EncodeRequest {
            format,
            quality: parameters.quality.clamp(1, 100) as u8,
            lossless: parameters.lossless,
            background: parameters.background.rgb(),
        };
        let encoded = codecs::encode(image, &request, self.webp).map_err(|mut failure| {
            failure.phase = Phase::Execute;
            failure.at(&output.action_id)
        })?;
        let stem = self.files[self.plan.graph.primary].map_or("", |file| stem(file.name));
        let name = fill_name(&parameters.name, |key| match key {
            "name" if stem.is_empty() => "image".to_owned(),
            "name" => stem.to_owned(),
            "ext" => encoded.format.extension().to_owned(),
            "index" => self.index.to_string(),
            "width" => size.width.to_string(),
            _ => size.height.to_string(),
        })
        .map_err(|unknown| {
            Failure::execute(format!("\"{{{unknown}}}\" is no placeholder."), "Mend the name pattern.")
                .at(&output.action_id)
        })?;
        Ok(ProducedOutput { action_id: output.action_id.clone(), port: "outputs", name, size, encoded })
    }
}

/// Takes a picture for one consumer, in the representation it wants: the last one gets the buffer itself.
fn take(slot: &mut Option<Held>, representation: Representation) -> Result<(Image, Size), Failure> {
    let gone = || Failure::system("A picture was freed before its last use.", "Report this as a bug.");
    let held = slot.as_mut().ok_or_else(gone)?;
    held.left -= 1;
    let full = held.full;
    let image = if held.left == 0 { slot.take().ok_or_else(gone)?.image } else { held.image.clone() };
    Ok((convert(image, representation), full))
}

/// A file name without its extension.
fn stem(name: &str) -> &str {
    match name.rfind('.') {
        Some(0) | None => name,
        Some(dot) if name[dot..].contains(['/', '\\']) => name,
        Some(dot) => &name[..dot],
    }
}
