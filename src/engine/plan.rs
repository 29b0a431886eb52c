//! A plan: the graph with its kernels, and for one set of headers the representations and decoding sizes.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::graph::{Graph, GraphOutput};
use super::limits;
use super::run::Source;
use super::thumbnail::thumbnail_size;
use crate::actions::context::About;
use crate::actions::output::ColorProfile;
use crate::actions::sequence::Sequence;
use crate::actions::{self, Operation, Role, RunFacts};
use crate::codecs::{Format, Header};
use crate::data::Row;
use crate::error::Failure;
use crate::image::resample::{ChromaUse, Scaling};
use crate::image::{Representation, Representations, Size, Subsampling};
use crate::network::Need;
use crate::user_file::FileKind;
use crate::workflow::{Diagnostic, Workflow};

/// A workflow that can run.
#[derive(Clone)]
pub struct Plan {
    pub(super) graph: Arc<Graph>,
    /// For each node that transforms: its kernel.
    pub(super) operations: Vec<Option<Arc<dyn Operation>>>,
    /// Whether it is one for reduced copies of the pictures.
    pub(super) is_sample: bool,
    /// The row of the execution that it is for, if a table is run.
    pub(super) row: Option<Arc<Row>>,
    /// The position of that execution.
    pub(super) index: u32,
    /// What is known of its batch.
    pub(super) run: RunFacts,
}

impl std::fmt::Debug for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plan").field("graph", &self.graph).finish_non_exhaustive()
    }
}

impl Plan {
    /// Validates a workflow and makes it runnable on a single picture, as [`Graph::resolve`] does.
    ///
    /// # Errors
    /// Every diagnostic, when one of them is an error.
    pub fn build(workflow: &Workflow) -> Result<Self, Vec<Diagnostic>> {
        Self::of(Graph::resolve(workflow)?)
    }

    /// Makes a graph runnable.
    ///
    /// # Errors
    /// When the parameters of an action are not valid, which validation reports earlier.
    pub(super) fn of(graph: Graph) -> Result<Self, Vec<Diagnostic>> {
        let graph = graph.with_conditions_first();
        let mut operations = Vec::with_capacity(graph.nodes.len());
        for node in &graph.nodes {
            operations.push(match node.action.role {
                Role::Transform | Role::Gather => {
                    let operation = actions::prepare(node.action.action_type, &node.parameters);
                    Some(Arc::from(operation.map_err(|failure| {
                        vec![
                            Diagnostic::error("unusable_parameters", failure.message, failure.hint).at(&node.action_id),
                        ]
                    })?))
                }
                Role::Source | Role::Sink | Role::Data | Role::Note => None,
            });
        }
        Ok(Self { graph: Arc::new(graph), operations, is_sample: false, row: None, index: 0, run: RunFacts::default() })
    }

    /// The same for an execution of a batch, at this position and of this row, if a table is run.
    pub fn for_execution(&self, index: u32, row: Option<&Row>) -> Self {
        Self { index, row: row.map(|row| Arc::new(row.clone())), ..self.clone() }
    }

    /// The same for a batch.
    pub fn for_run(self, run: RunFacts) -> Self {
        Self { run, ..self }
    }

    /// What is known of the primary input, whose file this is, without what only the file says.
    pub(super) fn about<'a>(&'a self, file: Option<Source<'a>>) -> About<'a> {
        let (name, folder) = file.map_or(("", ""), |file| (file.name, file.folder));
        let params = Some(&self.graph.params);
        About { name, folder, index: self.index, row: self.row.as_deref(), run: self.run, params, ..About::default() }
    }

    /// The graph it runs.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The names of the salient-object models that its kernels may request, and whether every picture needs them.
    pub fn networks(&self) -> BTreeMap<&str, Need> {
        let mut networks = BTreeMap::new();
        for (name, need) in self.operations.iter().flatten().filter_map(|operation| operation.network()) {
            let known = networks.entry(name).or_insert(need);
            *known = need.max(*known);
        }
        networks
    }

    /// The names of the files of a kind that its kernels request for every picture; models are in
    /// [`networks`](Self::networks).
    pub fn user_files(&self, kind: FileKind) -> BTreeSet<&str> {
        let requested = self.operations.iter().flatten().filter_map(|operation| operation.user_file());
        requested.filter(|(of, _)| *of == kind).map(|(_, name)| name).collect()
    }

    /// The names of those that have a part in the picture of a node.
    pub(super) fn user_files_of(&self, node: usize, kind: FileKind) -> BTreeSet<&str> {
        let nodes = &self.graph.nodes;
        let mut has_part = vec![false; nodes.len()];
        has_part[node] = true;
        // Every node comes after those that it needs.
        for index in (0..=node).rev() {
            if has_part[index] {
                nodes[index].inputs.iter().flatten().for_each(|(before, _)| has_part[*before] = true);
            }
        }
        let used = self.operations.iter().zip(has_part).filter(|(_, has_part)| *has_part);
        let requested = used.filter_map(|(operation, _)| operation.as_ref()?.user_file());
        requested.filter(|(of, _)| *of == kind).map(|(_, name)| name).collect()
    }

    /// The id of the first action that needs a typesetter, if one does.
    pub fn needs_typesetter(&self) -> Option<&str> {
        let needs =
            |operation: &Option<Arc<dyn Operation>>| operation.as_ref().is_some_and(|one| one.needs_typesetter());
        let first = self.operations.iter().position(needs)?;
        Some(&self.graph.nodes[first].action_id)
    }
}

/// What a picture of one image's way is chosen to be.
pub(super) struct Choice {
    /// For each node: the size of its result, at full scale.
    pub sizes: Vec<Size>,
    /// For each source node: what its decoder should give.
    pub decode: HashMap<usize, DecodeChoice>,
    /// For each node and connected input port: what the kernel should get.
    pub inputs: Vec<Vec<Option<Representation>>>,
    /// For each node: what the colour of its planar results is for.
    pub chroma: Vec<ChromaUse>,
    /// For each node: whether a condition that the run decides is before it.
    pub waits: Vec<bool>,
}

/// What a source's decoder should give.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct DecodeChoice {
    pub representation: Representation,
    /// The smallest size that will do, upright.
    pub at_least: Size,
    /// The smallest chroma planes that will do, upright.
    pub chroma_at_least: Size,
    /// How the picture is scaled, upright, if nothing else is done with it.
    pub scaling: Option<Scaling>,
}

/// A cost for each representation.
type Costs = [f64; Representation::ALL.len()];

/// A picture of fewer pixels is always decoded at full size: less would save little, and small pictures are often
/// drawings and screenshots, whose edges a reduced transform does not keep.
const REDUCED_FROM_PIXELS: u64 = 1 << 20;

/// The reduced sizes of decoding (1/8, 1/4, 1/2), each with the smallest factor of shrinking at which it is used.
///
/// Measured by `examples/reduced_decoding.rs`: PSNR of luma in dB, after shrinking by Lanczos3, between reduced and full
/// decoding. The pictures are two photographs of 12 megapixels, as sharp as a camera's, and the worst two of all that were
/// measured, which are small and sharp to the pixel.
///
/// | shrink | 2 | 2.5 | 3 | 4 | 6 | 8 | 12 | 14 | 16 | 32 |
/// | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
/// | at 1/2: photographs | 45, 46 | 50, 51 | 54, 54 | 56, 56 | 59, 59 | 60, 60 | | | | |
/// | at 1/2: worst two | 35, 41 | 41, 45 | 47, 50 | 51, 53 | 55, 57 | 57, 58 | | | | |
/// | at 1/4: photographs | | | | 45, 48 | 49, 52 | 53, 54 | 56, 57 | | 58, 59 | |
/// | at 1/4: worst two | | | | 35, 37 | 40, 41 | 45, 45 | 50, 51 | | 53, 54 | |
/// | at 1/8: photographs | | | | | | 46, 50 | 50, 53 | 52, 54 | 53, 55 | 57, 58 |
/// | at 1/8: worst two | | | | | | 34, 35 | 38, 40 | 40, 43 | 43, 45 | 51, 52 |
///
/// If chroma is halved, the result is a JPEG below quality 90. At quality 80 its own error is about 39 dB, so 40 dB are
/// enough. Otherwise 50 dB are required, an error of less than one level (root mean square).
const fn reductions(chroma: ChromaUse) -> [(u32, f64); 3] {
    match chroma {
        ChromaUse::Whole => [(8, 32.0), (4, 12.0), (2, 4.0)],
        ChromaUse::Halved => [(8, 14.0), (4, 6.0), (2, 2.5)],
    }
}

/// Relative cost per pixel of a conversion, from measurements on 12 MP: upsampling chroma and the matrix dominate.
fn conversion_cost(from: Representation, to: Representation) -> f64 {
    use Representation::{Gray, Rgb, Rgba, Ycc};
    match (from.narrow(), to.narrow()) {
        _ if from == to => 0.0,
        // A picture of 8 bits gains nothing by 16.
        _ if to.is_deep() && !from.is_deep() => f64::INFINITY,
        _ if from.is_deep() && !to.is_deep() => DITHERING_COST + conversion_cost(from.narrow(), to),
        (from, to) if from == to => 0.0,
        (Gray, Ycc) => 1.0,
        (Gray, Rgb | Rgba) => 2.0,
        (Rgb, Rgba) => 2.0,
        (Ycc, Rgb | Rgba) => 5.0,
        // Exact both ways only within rounding: a last resort.
        (_, Ycc) => 12.0,
        (_, Gray) | (Rgba, _) => f64::INFINITY,
        _ => 0.0,
    }
}

/// Relative cost per pixel of going from 16 bits a sample to 8.
const DITHERING_COST: f64 = 3.0;

/// Relative cost per pixel of a kernel in a representation: its samples per pixel.
fn kernel_cost(representation: Representation) -> f64 {
    match representation {
        Representation::Gray => 1.0,
        Representation::Ycc => 1.5,
        Representation::Rgb => 3.0,
        Representation::Rgba => 4.0,
        Representation::Gray16 | Representation::Rgb16 | Representation::Rgba16 => {
            2.0 * kernel_cost(representation.narrow())
        }
    }
}

/// Relative cost per pixel of converting colours to another space.
const RECOLOR_COST: f64 = 4.0;

/// Relative cost per pixel of converting colours to another space before writing, which is done in RGB.
fn recolor_and_encode_cost(format: Option<Format>, deep: bool, from: Representation) -> f64 {
    let in_rgb = if from == Representation::Ycc { Representation::Rgb } else { from };
    conversion_cost(from, in_rgb) + RECOLOR_COST + encode_cost(format, deep, in_rgb)
}

/// Relative cost per pixel of writing a picture: conversions that the encoder does itself. `deep` says whether it may write 16
/// bits a sample.
fn encode_cost(format: Option<Format>, deep: bool, from: Representation) -> f64 {
    let encoder_takes = match format {
        Some(format) if deep && format.has_deep_samples() => Representations::PIXELS.and_deep(),
        Some(Format::Jpeg) => Representations::of(&[Representation::Gray, Representation::Ycc]),
        Some(Format::Png | Format::Tiff | Format::Bmp | Format::Jxl) => Representations::PIXELS,
        Some(Format::Qoi) => Representations::of(&[Representation::Rgb, Representation::Rgba]),
        _ => Representations::of(&[Representation::Rgba]),
    };
    encoder_takes.iter().map(|to| conversion_cost(from, to)).fold(12.0, f64::min)
}

/// Whether the colours of a picture with this header are converted when an output writes it.
fn recolors(output: &GraphOutput, header: Option<&Header>) -> bool {
    output.parameters.color_profile != ColorProfile::Keep && header.is_some_and(|header| !header.space.is_srgb())
}

impl Plan {
    /// See [`Graph::version`].
    pub fn version(&self) -> String {
        self.graph.version()
    }

    /// Chooses for the pictures with these headers, one per source of the graph.
    ///
    /// The choice is the cheapest by [`conversion_cost`] and [`kernel_cost`], found from the outputs upwards: what a
    /// node's result costs downstream, for each representation it may have. Where a picture is used twice, its
    /// conversions count for each use.
    ///
    /// # Errors
    /// When an action leaves no picture, or a limit would be passed.
    pub(super) fn choose(&self, headers: &[Option<Header>]) -> Result<Choice, Failure> {
        let nodes = &self.graph.nodes;
        let sizes = self.sizes(headers)?;
        // For each node: who consumes it, through which of its ports, and which output port.
        let mut consumers: Vec<Vec<(usize, usize, usize)>> = vec![Vec::new(); nodes.len()];
        for (index, node) in nodes.iter().enumerate() {
            for (port, input) in node.inputs.iter().enumerate() {
                if let Some((before, output)) = input {
                    consumers[*before].push((index, port, *output));
                }
            }
        }

        // Cost of everything behind each output port of a node, for each representation of its picture; infinite where
        // impossible.
        let mut behind: Vec<Vec<Costs>> =
            nodes.iter().map(|node| vec![Costs::default(); node.action.outputs.len()]).collect();
        // For each output port of a node: whether a planar picture stays planar all the way to encoders that halve its
        // chroma. At qualities that keep it whole, what mixing does on planes to saturated colours would show.
        let mut stays_planar: Vec<Vec<bool>> =
            nodes.iter().map(|node| vec![false; node.action.outputs.len()]).collect();
        let through =
            |behind: &[Vec<Costs>], stays_planar: &[Vec<bool>], node: usize, port: usize, from: Representation| {
                let operation = self.operations[node].as_ref()?;
                let input = nodes[node].inputs[port]?.0;
                let pixels = sizes[input].pixels() as f64;
                let rest = |to: Representation| -> f64 {
                    let outputs = behind[node].iter().enumerate();
                    outputs.map(|(output, costs)| costs[operation.produces(output, to) as usize]).sum()
                };
                // A picture stays deep as long as it can.
                let accepted = operation.accepts();
                let stays_deep = from.is_deep() && accepted.iter().any(|to| to.is_deep() && from.converts_to(to));
                accepted
                    .iter()
                    .filter(|to| from.converts_to(*to) && to.is_deep() == stays_deep)
                    .filter(|to| {
                        *to != Representation::Ycc
                            || !operation.mixes()
                            || stays_planar[node].iter().all(|stays| *stays)
                    })
                    .map(|to| {
                        let rest = if port == 0 { rest(to) } else { 0.0 };
                        let kernel = kernel_cost(to) * (pixels + sizes[node].pixels() as f64);
                        (conversion_cost(from, to) * pixels + kernel + rest, to)
                    })
                    .filter(|(cost, _)| cost.is_finite())
                    .min_by(|a, b| a.0.total_cmp(&b.0))
            };
        for index in (0..nodes.len()).rev() {
            for port in 0..behind[index].len() {
                stays_planar[index][port] =
                    self.outputs_of(index, port).all(|output| {
                        let format = self.written_format(output, headers[output.origin].as_ref());
                        format.is_some_and(|format| output.halves_chroma(format))
                    }) && consumers[index].iter().filter(|(.., output)| *output == port).all(|&(consumer, into, _)| {
                        let planar = Representation::Ycc;
                        through(&behind, &stays_planar, consumer, into, planar).is_some_and(|(_, to)| to == planar)
                            && stays_planar[consumer].iter().all(|stays| *stays)
                    });
                for from in Representation::ALL {
                    let mut cost = 0.0;
                    for output in self.outputs_of(index, port) {
                        let format = self.written_format(output, headers[output.origin].as_ref());
                        let write = match recolors(output, headers[output.origin].as_ref()) {
                            true => recolor_and_encode_cost,
                            false => encode_cost,
                        };
                        let deep = output.parameters.keeps_depth()
                            && (format != Some(Format::Jxl) || output.parameters.lossless);
                        cost += write(format, deep, from) * sizes[index].pixels() as f64;
                    }
                    for &(consumer, into, _) in consumers[index].iter().filter(|(.., output)| *output == port) {
                        cost += through(&behind, &stays_planar, consumer, into, from)
                            .map_or(f64::INFINITY, |(cost, _)| cost);
                    }
                    behind[index][port][from as usize] = cost;
                }
            }
        }

        let mut decode = HashMap::new();
        let mut results: Vec<Vec<Representation>> = Vec::with_capacity(nodes.len());
        let mut inputs: Vec<Vec<Option<Representation>>> = Vec::with_capacity(nodes.len());
        for (index, node) in nodes.iter().enumerate() {
            if let Some(header) = node.source.and_then(|source| headers[source].as_ref()) {
                let native = header.native;
                let best = native
                    .iter()
                    .map(|one| (behind[index][0][one as usize] + kernel_cost(one) * sizes[index].pixels() as f64, one))
                    .min_by(|a, b| a.0.total_cmp(&b.0))
                    .map_or(Representation::Rgba, |(_, one)| one);
                decode.insert(index, best);
                results.push(vec![best]);
                inputs.push(Vec::new());
                continue;
            }
            let mut chosen = Vec::with_capacity(node.inputs.len());
            for (port, input) in node.inputs.iter().enumerate() {
                chosen.push(match input {
                    None => None,
                    Some((before, output)) => {
                        let from = results[*before][*output];
                        let (_, to) = through(&behind, &stays_planar, index, port, from).ok_or_else(|| {
                            Failure::execute(
                                format!("\"{}\" cannot work on this picture's {from:?} pixels.", node.action.name),
                                "Leave the action out for pictures with transparency.",
                            )
                            .at(&node.action_id)
                        })?;
                        Some(to)
                    }
                });
            }
            let first = chosen.first().copied().flatten().unwrap_or(Representation::Rgba);
            let given = |output| self.operations[index].as_ref().map_or(first, |one| one.produces(output, first));
            results.push((0..node.action.outputs.len()).map(given).collect());
            inputs.push(chosen);
        }

        let chroma = self.chroma_uses(&consumers, &inputs, headers);
        let decode = decode
            .into_iter()
            .map(|(index, representation)| {
                let (at_least, chroma_at_least) = self.needed(index, sizes[index], &consumers[index], &chroma);
                let scaling = self.scaling(index, sizes[index], &consumers[index], &chroma).filter(|_| {
                    let (consumer, ..) = consumers[index][0];
                    Representations::LUMA.contains(representation) && inputs[consumer][0] == Some(representation)
                });
                (index, DecodeChoice { representation, at_least, chroma_at_least, scaling })
            })
            .collect();
        Ok(Choice { sizes, decode, inputs, chroma, waits: self.waits() })
    }

    /// The outputs that write the picture of one output port.
    fn outputs_of(&self, node: usize, port: usize) -> impl Iterator<Item = &GraphOutput> {
        self.graph.outputs.iter().filter(move |output| (output.node, output.port) == (node, port))
    }

    /// What the colour of each node's planar results is for: to be halved, where all that comes behind writes it at
    /// half size as it stands.
    fn chroma_uses(
        &self,
        consumers: &[Vec<(usize, usize, usize)>],
        inputs: &[Vec<Option<Representation>>],
        headers: &[Option<Header>],
    ) -> Vec<ChromaUse> {
        let mut uses = vec![ChromaUse::Whole; consumers.len()];
        for index in (0..consumers.len()).rev() {
            let halved = |output: &GraphOutput| {
                let format = self.written_format(output, headers[output.origin].as_ref());
                format.is_some_and(|format| output.halves_chroma(format))
                    && !recolors(output, headers[output.origin].as_ref())
            };
            let halves = |&(consumer, port, _): &(usize, usize, usize)| {
                port == 0
                    && uses[consumer] == ChromaUse::Halved
                    && inputs[consumer][0] == Some(Representation::Ycc)
                    && self.operations[consumer].as_ref().is_some_and(|operation| operation.keeps_chroma_grid())
            };
            if self.graph.outputs.iter().filter(|output| output.node == index).all(halved)
                && consumers[index].iter().all(halves)
            {
                uses[index] = ChromaUse::Halved;
            }
        }
        uses
    }

    /// For each node: whether it works on what a condition leads on that the run decides.
    fn waits(&self) -> Vec<bool> {
        let mut waits: Vec<bool> = Vec::with_capacity(self.graph.nodes.len());
        for node in &self.graph.nodes {
            let mut inputs = node.inputs.iter().flatten();
            waits.push(inputs.any(|(before, _)| waits[*before] || self.condition(*before).is_some()));
        }
        waits
    }

    /// Size of every node's results, upright, each within the limits; where pixels decide, the largest there can be. What
    /// may not run at all fails only if it does, and until then counts as large as its picture.
    pub(super) fn sizes(&self, headers: &[Option<Header>]) -> Result<Vec<Size>, Failure> {
        let waits = self.waits();
        let mut sizes: Vec<Size> = Vec::with_capacity(self.graph.nodes.len());
        for (index, node) in self.graph.nodes.iter().enumerate() {
            let size = match (&self.operations[index], node.source) {
                (Some(operation), _) => {
                    let input = node.inputs.first().copied().flatten().map_or(Size::new(1, 1), |(node, _)| sizes[node]);
                    let size = operation.output_size(input).and_then(|size| limits::check(size).map(|()| size));
                    match size {
                        Err(_) if waits[index] => input,
                        size => size.map_err(|failure| failure.at(&node.action_id))?,
                    }
                }
                (None, Some(source)) => headers[source]
                    .as_ref()
                    .map_or(Size::new(1, 1), |header| header.upright(self.graph.sources[source].auto_orient)),
                (None, None) => Size::new(1, 1),
            };
            sizes.push(size);
        }
        Ok(sizes)
    }

    /// The smallest size of a source's picture, and of its chroma planes, that serves all who consume it.
    fn needed(
        &self,
        source: usize,
        full: Size,
        consumers: &[(usize, usize, usize)],
        chroma: &[ChromaUse],
    ) -> (Size, Size) {
        let written = self.graph.outputs.iter().any(|output| output.node == source);
        if written || consumers.is_empty() || full.pixels() < REDUCED_FROM_PIXELS {
            return (full, full);
        }
        let larger = |one: Size, other: Size| Size::new(one.width.max(other.width), one.height.max(other.height));
        let (mut luma_needed, mut chroma_needed) = (Size::new(1, 1), Size::new(1, 1));
        for &(consumer, port, _) in consumers {
            let scaled = match &self.operations[consumer] {
                Some(operation) if port == 0 => operation.scales_to(full),
                _ => None,
            };
            let Some((scaled, _)) = scaled else { return (full, full) };
            let shrinks = |by: f64| {
                let side = |from: u32, to: u32| f64::from(from) >= by * f64::from(to);
                side(full.width, scaled.width) && side(full.height, scaled.height)
            };
            let Some((step, shrink)) = reductions(chroma[consumer]).into_iter().find(|(_, by)| shrinks(*by)) else {
                return (full, full);
            };
            luma_needed = larger(luma_needed, Size::new(full.width.div_ceil(step), full.height.div_ceil(step)));
            // The oversampling that luma has at least.
            let result = match chroma[consumer] {
                ChromaUse::Whole => scaled,
                ChromaUse::Halved => Subsampling::S420.chroma_size(scaled),
            };
            let times = |side: u32| (f64::from(side) * shrink / f64::from(step)) as u32;
            chroma_needed = larger(chroma_needed, Size::new(times(result.width), times(result.height)));
        }
        (luma_needed, chroma_needed)
    }

    /// How a source's picture is scaled down, if nothing else is done with it.
    fn scaling(
        &self,
        source: usize,
        full: Size,
        consumers: &[(usize, usize, usize)],
        chroma: &[ChromaUse],
    ) -> Option<Scaling> {
        let &[(consumer, 0, _)] = consumers else { return None };
        if self.graph.outputs.iter().any(|output| output.node == source) {
            return None;
        }
        let operation = self.operations[consumer].as_ref()?;
        let (size, filter) = operation.scales_to(full)?;
        let is_all = size != full && operation.output_size(full).is_ok_and(|kept| kept == size);
        // The picture's thumbnail is made from the decoded picture.
        let thumbnail = thumbnail_size(full);
        let serves = size.width >= thumbnail.width && size.height >= thumbnail.height;
        (is_all && serves).then_some(Scaling { size, filter, chroma: chroma[consumer] })
    }

    /// The format that an output is written in, as far as the input's header tells; `None` when alpha or the sizes of files
    /// may decide.
    fn written_format(&self, output: &GraphOutput, header: Option<&Header>) -> Option<Format> {
        if !output.parameters.smallest_of.is_empty() {
            return None;
        }
        let wanted = output.parameters.format;
        match wanted.depends_on_input() {
            true => header.map(|header| wanted.written(header.format, false, self.moves(output, Some(header)))),
            false => Some(wanted.written(Format::Png, false, false)),
        }
    }

    /// Whether the picture that an output writes may have alpha although its input, such as a JPEG, has none.
    pub(super) fn gains_alpha(&self, output: &GraphOutput) -> bool {
        // From the output up to its input, and down again.
        let (mut path, mut place) = (Vec::new(), Some((output.node, output.port)));
        while let Some((node, port)) = place {
            path.push((node, port));
            place = self.graph.nodes[node].inputs.first().copied().flatten();
        }
        let mut picture = Representation::Rgb;
        for (node, port) in path.into_iter().rev() {
            if let Some(operation) = &self.operations[node] {
                let taken = [picture, Representation::Rgb].into_iter().find(|one| operation.accepts().contains(*one));
                picture = operation.produces(port, taken.unwrap_or(Representation::Rgba));
            }
        }
        picture.has_alpha()
    }

    /// The input that an output shows, if all actions in between leave its size and content; `sizes` are those of
    /// [`Choice`].
    pub(super) fn shows(&self, output: &GraphOutput, sizes: &[Size]) -> Option<usize> {
        let (mut node, mut port) = (output.node, output.port);
        loop {
            if port != 0 && self.condition(node).is_none() {
                return None;
            }
            let Some(operation) = &self.operations[node] else { return self.graph.nodes[node].source };
            let before = self.graph.nodes[node].inputs.first().copied().flatten()?;
            if !operation.keeps_content() || sizes[before.0] != sizes[node] {
                return None;
            }
            (node, port) = before;
        }
    }

    /// The format that an output is written in, given the header of its input.
    pub(super) fn final_format(&self, output: &GraphOutput, header: Option<&Header>, alpha: bool) -> Format {
        let input = header.map_or(Format::Png, |header| header.format);
        output.parameters.format.written(input, alpha, self.moves(output, header))
    }

    /// Whether an output shows more than one frame of its input, given its header, as far as that is known before it runs.
    pub(super) fn moves(&self, output: &GraphOutput, header: Option<&Header>) -> bool {
        if output.origin != self.graph.primary || header.is_none_or(|header| header.animation.is_none()) {
            return false;
        }
        let mut node = output.node;
        loop {
            let sequence = self.operations[node].as_ref().and_then(|operation| operation.sequence());
            if sequence.is_some_and(Sequence::is_still) {
                return false;
            }
            match self.graph.nodes[node].inputs.first().copied().flatten() {
                Some((before, _)) => node = before,
                None => return true,
            }
        }
    }
}
