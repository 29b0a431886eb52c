//! From a file's graph to the outline of a program: what is computed, in which order, with every size known. Weights
//! are only named here, not read yet.
//!
//! Many values are not pieces of memory: constants are folded, a concatenation is a list of parts, and an upscaled part
//! stays a note until it is read by something that cannot upscale it on the fly.

use std::collections::BTreeMap;

use super::constants::{Arithmetic, Literal};
use super::onnx::{Attribute, Dimension, Graph, Kind, Node, Tensor};
use super::shape::Shape;
use super::winograd::Winograd;
use super::{Trouble, Unusable, direct, pool, resize, shortened};
use crate::network::SIDE;

/// Most channels of a value, and samples of one in each direction.
const MOST_CHANNELS: usize = 8192;
const MOST_SAMPLES: usize = 4096;
/// Most parts of a concatenation.
const MOST_PARTS: usize = 64;
/// Most floats of a value: 256 MB.
const MOST_FLOATS: usize = 1 << 26;
/// Most multiplications in total: twenty times those of the full U²-Net.
const MOST_WORK: u64 = 1 << 40;

/// A value in memory: 0 is the input, `n + 1` the result of step `n`.
pub(super) type Id = usize;

/// What a convolution reads: a value, at twice its size where `doubled`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) id: Id,
    pub(super) doubled: bool,
}

/// A convolution and the operations fused with it.
#[derive(Clone, Debug)]
pub(super) struct Convolution<'a> {
    pub(super) sources: Vec<Part>,
    pub(super) weights: &'a Tensor<'a>,
    /// By output: the factor of the weights (batch normalisation); empty for 1.
    pub(super) factors: Vec<f32>,
    pub(super) bias: Vec<f32>,
    pub(super) window: (direct::Axis, direct::Axis),
    pub(super) relu: bool,
    /// A value added at the end; with Winograd's method only.
    pub(super) added: Option<Id>,
    /// Floats of the transformed weights, if Winograd's method can be used.
    pub(super) winograd: Option<usize>,
}

/// The operation of a step.
#[derive(Clone, Debug)]
pub(super) enum Action<'a> {
    Convolve(Convolution<'a>),
    Largest(Id, (pool::Axis, pool::Axis)),
    Resize(Id, (resize::Axis, resize::Axis)),
    Add(Id, Id),
    Relu(Id),
    Sigmoid(Id),
    Concatenate(Vec<Id>),
}

impl Action<'_> {
    /// The values that it reads.
    pub(super) fn reads(&self) -> Vec<Id> {
        match self {
            Self::Convolve(one) => one.sources.iter().map(|part| part.id).chain(one.added).collect(),
            Self::Largest(id, _) | Self::Resize(id, _) | Self::Relu(id) | Self::Sigmoid(id) => vec![*id],
            Self::Add(one, other) => vec![*one, *other],
            Self::Concatenate(all) => all.clone(),
        }
    }
}

/// A program before its weights are read.
#[derive(Clone, Debug)]
pub(super) struct Outline<'a> {
    pub(super) steps: Vec<Action<'a>>,
    /// By value: that of the input, then of each step's result.
    pub(super) shapes: Vec<Shape>,
    /// The value that is the output.
    pub(super) output: Id,
}

/// A part of a value.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Piece {
    id: Id,
    /// How to resize it when it is read.
    resized: Option<(resize::Axis, resize::Axis)>,
}

/// What a name in the file refers to.
#[derive(Clone, Debug)]
enum Known<'a> {
    /// A constant in the file, such as weights.
    Constant(&'a Tensor<'a>),
    /// A value computed from constants.
    Literal(Literal),
    /// Channels of pixels.
    Pixels {
        pieces: Vec<Piece>,
        shape: Shape,
        /// Whether everything on the way here from the step that made it is read only once, by the next.
        sole: bool,
    },
}

/// Builds an outline.
struct Draft<'a> {
    outline: Outline<'a>,
    known: BTreeMap<&'a str, Known<'a>>,
    /// How often each name is read by needed nodes.
    uses: BTreeMap<&'a str, usize>,
    work: u64,
}

impl<'a> Outline<'a> {
    /// The outline of what the graph's first output needs.
    pub(super) fn of(graph: &'a Graph<'a>) -> Result<Self, Unusable> {
        let side = SIDE as usize;
        let [input] = &graph.inputs[..] else {
            return Err(Unusable::Input(format!("in {} parts", graph.inputs.len())));
        };
        if let Some(declared) = &input.shape
            && !fits(declared, [1, 3, side as i64, side as i64])
        {
            return Err(Unusable::Input(described(declared)));
        }
        let output = graph.outputs.first().ok_or_else(|| Unusable::Output("missing".to_owned()))?;
        let (needed, uses) = needed(graph, output.name);
        let shape = Shape::new(3, side, side);
        let outline = Self { steps: Vec::new(), shapes: vec![shape], output: 0 };
        let constants = graph.constants.iter().map(|(name, tensor)| (*name, Known::Constant(tensor)));
        let mut draft = Draft { outline, known: constants.collect(), uses, work: 0 };
        let pieces = vec![Piece { id: 0, resized: None }];
        draft.known.insert(input.name, Known::Pixels { pieces, shape, sole: false });
        for node in needed {
            let known = draft.node(node)?;
            if let Some(name) = node.outputs.first() {
                draft.known.insert(name, known);
            }
        }
        match draft.known.remove(output.name) {
            Some(Known::Pixels { pieces, shape, .. }) if shape == Shape::new(1, side, side) => {
                draft.outline.output = draft.plain(&pieces, shape).map_err(|_| Unusable::TooLarge)?;
                Ok(draft.outline)
            }
            Some(Known::Pixels { shape: Shape { channels, height, width }, .. }) => {
                Err(Unusable::Output(format!("1 × {channels} × {height} × {width}")))
            }
            Some(_) => Err(Unusable::Output("constant".to_owned())),
            None => Err(Unusable::Output("missing".to_owned())),
        }
    }
}

/// The nodes that an output needs, in the file's order, and how often each name is read by them.
fn needed<'a>(graph: &'a Graph<'a>, output: &'a str) -> (Vec<&'a Node<'a>>, BTreeMap<&'a str, usize>) {
    let mut uses = BTreeMap::from([(output, 1)]);
    let mut nodes = Vec::new();
    for node in graph.nodes.iter().rev() {
        if node.outputs.iter().any(|name| uses.contains_key(name)) {
            for name in &node.inputs {
                *uses.entry(*name).or_insert(0) += 1;
            }
            nodes.push(node);
        }
    }
    nodes.reverse();
    (nodes, uses)
}

impl<'a> Draft<'a> {
    fn node(&mut self, node: &'a Node<'a>) -> Result<Known<'a>, Unusable> {
        let title = || shortened(node.title());
        let standard = node.is_standard();
        let operator = || shortened(node.operator);
        if !standard {
            return Err(Unusable::Operator { operator: operator(), node: title() });
        }
        let mut inputs = Vec::new();
        for name in &node.inputs {
            match self.known.get(name) {
                Some(known) => inputs.push(Some(known.clone())),
                // An omitted optional input.
                None if name.is_empty() => inputs.push(None),
                None => return Err(Unusable::Missing { node: title(), value: shortened(name) }),
            }
        }
        let inputs = Inputs { node, known: inputs };
        match self.known_of(&inputs) {
            Ok(Some(known)) => Ok(known),
            Ok(None) => Err(Unusable::Operator { operator: operator(), node: title() }),
            Err(Trouble::Unsupported(what)) => Err(Unusable::Form { operator: operator(), node: title(), what }),
            Err(Trouble::Mismatch) => Err(Unusable::Mismatch { operator: operator(), node: title() }),
            Err(Trouble::Damaged(damage)) => Err(damage.into()),
            Err(Trouble::TooLarge) => Err(Unusable::TooLarge),
        }
    }

    /// The result of a node; `None` for an unsupported operator.
    fn known_of(&mut self, inputs: &Inputs<'a>) -> Result<Option<Known<'a>>, Trouble> {
        let first = inputs.known.first().and_then(Option::as_ref);
        let pixels = matches!(first, Some(Known::Pixels { .. }));
        Ok(Some(match inputs.node.operator {
            "Constant" => constant(inputs.node)?,
            "Identity" => self.same(inputs)?,
            "Cast" if pixels => {
                float_target(inputs)?;
                self.same(inputs)?
            }
            "Cast" => cast(inputs)?,
            "Shape" => Known::Literal(shape(inputs)?),
            "Conv" => self.convolve(inputs)?,
            "BatchNormalization" => self.normalise(inputs)?,
            "Relu" => self.relu(inputs)?,
            "MaxPool" => self.largest(inputs)?,
            "Resize" => self.resize(inputs)?,
            "Sigmoid" => {
                let (pieces, shape) = inputs.pixels(0)?;
                let id = self.plain(&pieces, shape)?;
                self.step(Action::Sigmoid(id), shape)?
            }
            "Concat" if pixels => self.concatenate(inputs)?,
            "Add" if pixels => self.add(inputs)?,
            _ if pixels => return Ok(None),
            operator => match folded(operator, inputs)? {
                Some(literal) => Known::Literal(literal),
                None => return Ok(None),
            },
        }))
    }

    /// Adds a step and returns its result.
    fn step(&mut self, action: Action<'a>, shape: Shape) -> Result<Known<'a>, Trouble> {
        bounded(shape)?;
        let per_float = match &action {
            Action::Convolve(one) => {
                let channels: usize = one.sources.iter().map(|part| self.outline.shapes[part.id].stride()).sum();
                [channels, one.window.0.kernel, one.window.1.kernel]
            }
            Action::Largest(_, (down, across)) => [1, down.kernel, across.kernel],
            _ => [1; 3],
        };
        let work = per_float.into_iter().fold(shape.floats() as u64, |work, times| work.saturating_mul(times as u64));
        self.work = self.work.saturating_add(work);
        if self.work > MOST_WORK {
            return Err(Trouble::TooLarge);
        }
        self.outline.steps.push(action);
        self.outline.shapes.push(shape);
        let pieces = vec![Piece { id: self.outline.steps.len(), resized: None }];
        Ok(Known::Pixels { pieces, shape, sole: true })
    }

    /// A value, materialised in memory.
    fn plain(&mut self, pieces: &[Piece], shape: Shape) -> Result<Id, Trouble> {
        let mut ids = Vec::new();
        for piece in pieces {
            ids.push(self.unresized(*piece)?);
        }
        match ids[..] {
            [id] => Ok(id),
            _ => {
                self.step(Action::Concatenate(ids), shape)?;
                Ok(self.outline.steps.len())
            }
        }
    }

    /// A piece in memory at its own size.
    fn unresized(&mut self, piece: Piece) -> Result<Id, Trouble> {
        let Some((down, across)) = piece.resized else { return Ok(piece.id) };
        let shape = Shape::new(self.outline.shapes[piece.id].channels, down.to, across.to);
        self.step(Action::Resize(piece.id, (down, across)), shape)?;
        Ok(self.outline.steps.len())
    }

    /// Whether only one node reads an input.
    fn is_sole(&self, inputs: &Inputs<'a>, at: usize) -> bool {
        let name = inputs.node.inputs.get(at);
        let once = name.is_some_and(|name| self.uses.get(name) == Some(&1));
        once && matches!(inputs.known.get(at), Some(Some(Known::Pixels { sole: true, .. })))
    }

    /// The convolution that produces an input, if nothing else reads its result, so that a next operation can be fused.
    fn convolution(&mut self, inputs: &Inputs<'a>, at: usize) -> Option<&mut Convolution<'a>> {
        if !self.is_sole(inputs, at) {
            return None;
        }
        let Some(Some(Known::Pixels { pieces, .. })) = inputs.known.get(at) else { return None };
        let [Piece { id, resized: None }] = pieces[..] else { return None };
        match self.outline.steps.get_mut(id.checked_sub(1)?)? {
            Action::Convolve(one) if one.added.is_none() => Some(one),
            _ => None,
        }
    }

    fn same(&self, inputs: &Inputs<'a>) -> Result<Known<'a>, Trouble> {
        let is_sole = self.is_sole(inputs, 0);
        Ok(match inputs.get(0)?.clone() {
            Known::Pixels { pieces, shape, .. } => Known::Pixels { pieces, shape, sole: is_sole },
            other => other,
        })
    }

    fn convolve(&mut self, inputs: &Inputs<'a>) -> Result<Known<'a>, Trouble> {
        let (pieces, from) = inputs.pixels(0)?;
        let weights = inputs.weights(1)?;
        let [outputs, channels, kernel_y, kernel_x] = weights.sizes[..] else { return Err(Trouble::Mismatch) };
        if inputs.integer("group", 1)? != 1 {
            return Err(Trouble::Unsupported("uses grouped convolution"));
        }
        if channels != from.channels || outputs == 0 || outputs > MOST_CHANNELS {
            return Err(Trouble::Mismatch);
        }
        inputs.no_automatic_border()?;
        let kernel = inputs.sizes("kernel_shape", &[kernel_y, kernel_x], 1)?;
        let steps = inputs.sizes("strides", &[1, 1], 1)?;
        let dilations = inputs.sizes("dilations", &[1, 1], 1)?;
        let borders = inputs.sizes("pads", &[0, 0, 0, 0], 0)?;
        if kernel != [kernel_y, kernel_x] {
            return Err(Trouble::Mismatch);
        }
        let axis = |at: usize| direct::Axis {
            kernel: kernel[at],
            step: steps[at],
            dilation: dilations[at],
            before: borders[at],
            after: borders[at + 2],
        };
        let window = (axis(0), axis(1));
        let height = window.0.windows(from.height).ok_or(Trouble::Mismatch)?;
        let width = window.1.windows(from.width).ok_or(Trouble::Mismatch)?;
        let bias = if inputs.has(2) { inputs.weights(2)?.floats()? } else { vec![0.0; outputs] };
        if bias.len() != outputs {
            return Err(Trouble::Mismatch);
        }
        let inputs = pieces.iter().map(|piece| self.outline.shapes[piece.id].stride()).sum();
        // With one output, Winograd's method would compute four.
        let plain = window == (direct::Axis::PLAIN, direct::Axis::PLAIN) && outputs > 1;
        let winograd = Winograd::expanded_size(inputs, outputs).filter(|_| plain);
        let mut sources = Vec::new();
        for piece in pieces {
            let doubled = piece.resized.is_some_and(|(down, across)| down.doubles() && across.doubles());
            let doubled = doubled && winograd.is_some();
            sources.push(Part { id: if doubled { piece.id } else { self.unresized(piece)? }, doubled });
        }
        let (factors, relu, added) = (Vec::new(), false, None);
        let one = Convolution { sources, weights, factors, bias, window, relu, added, winograd };
        self.step(Action::Convolve(one), Shape::new(outputs, height, width))
    }

    /// Batch normalisation, fused with the convolution before it: (x − mean) / √(variance + ε) · scale + shift.
    fn normalise(&mut self, inputs: &Inputs<'a>) -> Result<Known<'a>, Trouble> {
        let (pieces, shape) = inputs.pixels(0)?;
        let mut by_channel = Vec::new();
        for at in 1..5 {
            by_channel.push(inputs.weights(at)?.floats()?);
        }
        if by_channel.iter().any(|values| values.len() != shape.channels) {
            return Err(Trouble::Mismatch);
        }
        let epsilon = match inputs.node.attribute("epsilon") {
            Some(Attribute::Float(value)) => *value,
            None => 1e-5,
            Some(_) => return Err(Trouble::Mismatch),
        };
        let one = self.convolution(inputs, 0).filter(|one| !one.relu);
        let one = one.ok_or(Trouble::Unsupported("does not follow a convolution of its own"))?;
        one.factors.resize(shape.channels, 1.0);
        let [scale, shift, mean, variance] = &by_channel[..] else { return Err(Trouble::Mismatch) };
        for channel in 0..shape.channels {
            let factor = f64::from(scale[channel]) / (f64::from(variance[channel]) + f64::from(epsilon)).sqrt();
            let bias = (f64::from(one.bias[channel]) - f64::from(mean[channel])) * factor + f64::from(shift[channel]);
            one.factors[channel] = (f64::from(one.factors[channel]) * factor) as f32;
            one.bias[channel] = bias as f32;
        }
        Ok(Known::Pixels { pieces, shape, sole: true })
    }

    fn relu(&mut self, inputs: &Inputs<'a>) -> Result<Known<'a>, Trouble> {
        let (pieces, shape) = inputs.pixels(0)?;
        if let Some(one) = self.convolution(inputs, 0) {
            one.relu = true;
            return Ok(Known::Pixels { pieces, shape, sole: true });
        }
        let id = self.plain(&pieces, shape)?;
        self.step(Action::Relu(id), shape)
    }

    fn add(&mut self, inputs: &Inputs<'a>) -> Result<Known<'a>, Trouble> {
        let ((one, shape), (other, other_shape)) = (inputs.pixels(0)?, inputs.pixels(1)?);
        if shape != other_shape {
            return Err(Trouble::Unsupported("adds values of different sizes"));
        }
        for (at, pieces, added) in [(0, &one, &other), (1, &other, &one)] {
            // The added value must exist before the convolution.
            let ([piece], [Piece { id, resized: None }]) = (&pieces[..], &added[..]) else { continue };
            if *id < piece.id
                && let Some(convolution) = self.convolution(inputs, at)
                && convolution.winograd.is_some()
            {
                convolution.added = Some(*id);
                return Ok(Known::Pixels { pieces: pieces.clone(), shape, sole: true });
            }
        }
        let (one, other) = (self.plain(&one, shape)?, self.plain(&other, shape)?);
        self.step(Action::Add(one, other), shape)
    }

    fn largest(&mut self, inputs: &Inputs<'a>) -> Result<Known<'a>, Trouble> {
        let (pieces, from) = inputs.pixels(0)?;
        inputs.no_automatic_border()?;
        let kernel = inputs.sizes("kernel_shape", &[0, 0], 1)?;
        let steps = inputs.sizes("strides", &[1, 1], 1)?;
        if inputs.sizes("pads", &[0, 0, 0, 0], 0)? != [0; 4] || inputs.sizes("dilations", &[1, 1], 1)? != [1; 2] {
            return Err(Trouble::Unsupported("pools with padding or dilation"));
        }
        let partial = inputs.integer("ceil_mode", 0)? != 0;
        let axis = |at: usize| pool::Axis { kernel: kernel[at], step: steps[at], partial };
        let height = axis(0).windows(from.height).ok_or(Trouble::Mismatch)?;
        let width = axis(1).windows(from.width).ok_or(Trouble::Mismatch)?;
        let id = self.plain(&pieces, from)?;
        self.step(Action::Largest(id, (axis(0), axis(1))), Shape::new(from.channels, height, width))
    }

    /// Resizing stays a note until its reader is known.
    fn resize(&mut self, inputs: &Inputs<'a>) -> Result<Known<'a>, Trouble> {
        let (pieces, from) = inputs.pixels(0)?;
        if inputs.text("mode", "nearest")? != "linear" {
            return Err(Trouble::Unsupported("does not resize linearly"));
        }
        for (name, what) in [("antialias", "resizes with a filter"), ("axes", "resizes only some dimensions")] {
            if !matches!(inputs.node.attribute(name), None | Some(Attribute::Integer(0))) {
                return Err(Trouble::Unsupported(what));
            }
        }
        // The operator's first version has two inputs and only one coordinate transformation.
        let first_version = inputs.known.len() == 2;
        let places =
            inputs.text("coordinate_transformation_mode", if first_version { "asymmetric" } else { "half_pixel" });
        let places = match places? {
            "half_pixel" => resize::Places::HalfPixel,
            "pytorch_half_pixel" => resize::Places::PytorchHalfPixel,
            "align_corners" => resize::Places::AlignCorners,
            "asymmetric" => resize::Places::Asymmetric,
            _ => return Err(Trouble::Unsupported("resizes with an unknown coordinate transformation")),
        };
        let by_size = |from: usize, to: i64| -> Result<resize::Axis, Trouble> {
            let to = usize::try_from(to).ok().filter(|to| (1..=MOST_SAMPLES).contains(to)).ok_or(Trouble::TooLarge)?;
            Ok(resize::Axis { from, to, scale: to as f32 / from as f32, places })
        };
        let (down, across) = if inputs.has(3) {
            let sizes = inputs.literal(3)?;
            match *sizes.integers()? {
                [1, channels, height, width] if usize::try_from(channels) == Ok(from.channels) => {
                    (by_size(from.height, height)?, by_size(from.width, width)?)
                }
                _ => return Err(Trouble::Mismatch),
            }
        } else {
            let scales = inputs.literal(if first_version { 1 } else { 2 })?;
            let [1.0, 1.0, down, across] = scales.floats()[..] else { return Err(Trouble::Mismatch) };
            let by_scale = |from: usize, scale: f32| -> Result<resize::Axis, Trouble> {
                let axis = by_size(from, (from as f32 * scale).floor() as i64)?;
                Ok(resize::Axis { scale, ..axis })
            };
            (by_scale(from.height, down)?, by_scale(from.width, across)?)
        };
        let shape = Shape::new(from.channels, down.to, across.to);
        bounded(shape)?;
        let sole = self.is_sole(inputs, 0);
        if (down.to, across.to) == (from.height, from.width) && down.scale == 1.0 && across.scale == 1.0 {
            return Ok(Known::Pixels { pieces, shape, sole });
        }
        let id = self.plain(&pieces, from)?;
        Ok(Known::Pixels { pieces: vec![Piece { id, resized: Some((down, across)) }], shape, sole })
    }

    fn concatenate(&mut self, inputs: &Inputs<'a>) -> Result<Known<'a>, Trouble> {
        if !matches!(inputs.integer("axis", i64::MAX)?, 1 | -3) {
            return Err(Trouble::Unsupported("does not join by channels"));
        }
        let (mut all, mut shape, mut sole) = (Vec::new(), None, inputs.known.len() == 1);
        for at in 0..inputs.known.len() {
            let (pieces, one) = inputs.pixels(at)?;
            let sum = shape.get_or_insert(Shape { channels: 0, ..one });
            if (sum.height, sum.width) != (one.height, one.width) {
                return Err(Trouble::Mismatch);
            }
            sum.channels += one.channels;
            all.extend(pieces);
            sole &= self.is_sole(inputs, at);
            if sum.channels > MOST_CHANNELS || all.len() > MOST_PARTS {
                return Err(Trouble::TooLarge);
            }
        }
        let shape = shape.ok_or(Trouble::Mismatch)?;
        bounded(shape)?;
        Ok(Known::Pixels { pieces: all, shape, sole })
    }
}

/// A node with its resolved inputs.
struct Inputs<'a> {
    node: &'a Node<'a>,
    known: Vec<Option<Known<'a>>>,
}

impl<'a> Inputs<'a> {
    fn get(&self, at: usize) -> Result<&Known<'a>, Trouble> {
        self.known.get(at).and_then(Option::as_ref).ok_or(Trouble::Mismatch)
    }

    /// Whether an optional input is present; exporters omit it or pass an empty constant.
    fn has(&self, at: usize) -> bool {
        match self.known.get(at) {
            Some(Some(Known::Constant(tensor))) => tensor.length() > 0,
            Some(Some(_)) => true,
            _ => false,
        }
    }

    fn pixels(&self, at: usize) -> Result<(Vec<Piece>, Shape), Trouble> {
        match self.get(at)? {
            Known::Pixels { pieces, shape, .. } => Ok((pieces.clone(), *shape)),
            _ => Err(Trouble::Unsupported("computes with a constant in place of pixels")),
        }
    }

    fn weights(&self, at: usize) -> Result<&'a Tensor<'a>, Trouble> {
        match self.get(at)? {
            Known::Constant(tensor) if tensor.is_float() => Ok(tensor),
            Known::Constant(_) => Err(Trouble::Mismatch),
            _ => Err(Trouble::Unsupported("has weights that are computed")),
        }
    }

    fn literal(&self, at: usize) -> Result<Literal, Trouble> {
        match self.get(at)? {
            Known::Constant(tensor) => Literal::of(tensor),
            Known::Literal(literal) => Ok(literal.clone()),
            Known::Pixels { .. } => Err(Trouble::Unsupported("computes with the numbers of pixels")),
        }
    }

    fn literals(&self) -> Result<Vec<Literal>, Trouble> {
        (0..self.known.len()).map(|at| self.literal(at)).collect()
    }

    fn integer(&self, name: &str, default: i64) -> Result<i64, Trouble> {
        match self.node.attribute(name) {
            Some(Attribute::Integer(value)) => Ok(*value),
            None => Ok(default),
            Some(_) => Err(Trouble::Mismatch),
        }
    }

    fn text(&self, name: &str, default: &'a str) -> Result<&'a str, Trouble> {
        match self.node.attribute(name) {
            Some(Attribute::Text(value)) => Ok(value),
            None => Ok(default),
            Some(_) => Err(Trouble::Mismatch),
        }
    }

    /// A list of sizes, as long as the default, none below `least`.
    fn sizes<const N: usize>(&self, name: &str, default: &[usize; N], least: usize) -> Result<[usize; N], Trouble> {
        let sizes = match self.node.attribute(name) {
            Some(Attribute::Integers(all)) => all,
            None if default.iter().all(|size| *size >= least) => return Ok(*default),
            _ => return Err(Trouble::Mismatch),
        };
        let sizes: &[i64; N] = sizes[..].try_into().map_err(|_| Trouble::Mismatch)?;
        let mut all = [0; N];
        for (to, size) in all.iter_mut().zip(sizes) {
            *to = usize::try_from(*size).ok().filter(|size| *size >= least).ok_or(Trouble::Mismatch)?;
            if *to > MOST_SAMPLES {
                return Err(Trouble::TooLarge);
            }
        }
        Ok(all)
    }

    fn no_automatic_border(&self) -> Result<(), Trouble> {
        match self.text("auto_pad", "NOTSET")? {
            "NOTSET" => Ok(()),
            _ => Err(Trouble::Unsupported("uses automatic padding")),
        }
    }

    /// Axes from an attribute, in older versions of an operator, or else from an input.
    fn axes(&self, at: usize) -> Result<Option<Vec<i64>>, Trouble> {
        match self.node.attribute("axes") {
            Some(Attribute::Integers(axes)) => Ok(Some(axes.clone())),
            Some(_) => Err(Trouble::Mismatch),
            None if self.has(at) => Ok(Some(self.literal(at)?.integers()?.to_vec())),
            None => Ok(None),
        }
    }
}

fn bounded(shape: Shape) -> Result<(), Trouble> {
    let Shape { channels, height, width } = shape;
    let within = channels <= MOST_CHANNELS && height <= MOST_SAMPLES && width <= MOST_SAMPLES;
    // No overflow: the product has at most 13 + 12 + 12 bits and is computed in 64.
    let floats = channels.next_multiple_of(super::vector::LANES) as u64 * height as u64 * width as u64;
    if within && floats > 0 && floats <= MOST_FLOATS as u64 { Ok(()) } else { Err(Trouble::TooLarge) }
}

fn constant<'a>(node: &'a Node<'a>) -> Result<Known<'a>, Trouble> {
    match (
        node.attribute("value"),
        node.attribute("value_int"),
        node.attribute("value_ints"),
        node.attribute("value_float"),
    ) {
        (Some(Attribute::Tensor(tensor)), ..) => Ok(Known::Constant(tensor)),
        (_, Some(Attribute::Integer(value)), ..) => Ok(Known::Literal(Literal::one(*value))),
        (_, _, Some(Attribute::Integers(values)), _) => Ok(Known::Literal(Literal::row(values.clone()))),
        (.., Some(Attribute::Float(value))) => Ok(Known::Literal(Literal::fraction(*value))),
        _ => Err(Trouble::Unsupported("has an unexpected kind of constant")),
    }
}

/// Whether Cast converts to floats.
fn float_target(inputs: &Inputs<'_>) -> Result<bool, Trouble> {
    let kind = Kind::of(inputs.integer("to", 0)?);
    let kind = kind.ok_or(Trouble::Unsupported("converts to an unsupported type"))?;
    match (inputs.get(0)?, kind.is_float()) {
        (Known::Pixels { .. }, false) => Err(Trouble::Unsupported("converts pixels to integers")),
        (_, floats) => Ok(floats),
    }
}

fn cast<'a>(inputs: &Inputs<'a>) -> Result<Known<'a>, Trouble> {
    let floats = float_target(inputs)?;
    match inputs.get(0)? {
        // 16-bit weights are read as floats anyway.
        Known::Constant(tensor) if tensor.is_float() && floats => Ok(Known::Constant(tensor)),
        _ => Ok(Known::Literal(inputs.literal(0)?.cast(floats))),
    }
}

fn shape(inputs: &Inputs<'_>) -> Result<Literal, Trouble> {
    let sizes = match inputs.get(0)? {
        Known::Pixels { shape, .. } => vec![1, shape.channels, shape.height, shape.width],
        Known::Constant(tensor) => tensor.sizes.clone(),
        Known::Literal(literal) => literal.shape(),
    };
    let all = Literal::row(sizes.into_iter().map(|size| size as i64).collect());
    all.sliced(inputs.integer("start", 0)?, inputs.integer("end", i64::MAX)?, 1)
}

/// The result of an operator on constants; `None` for an unsupported one.
fn folded(operator: &str, inputs: &Inputs<'_>) -> Result<Option<Literal>, Trouble> {
    let arithmetic = |by: Arithmetic| inputs.literal(0)?.combined(&inputs.literal(1)?, by);
    let along_rows = |default: i64| match inputs.integer("axis", default)? {
        0 | -1 => Ok(()),
        _ => Err(Trouble::Unsupported("computes with constants other than rows of numbers")),
    };
    Ok(Some(match operator {
        "Gather" => {
            along_rows(0)?;
            inputs.literal(0)?.gathered(&inputs.literal(1)?)?
        }
        "Concat" => {
            along_rows(i64::MAX)?;
            Literal::concatenated(&inputs.literals()?)?
        }
        "Slice" => slice(inputs)?,
        "Unsqueeze" => inputs.literal(0)?.unsqueezed(&inputs.axes(1)?.ok_or(Trouble::Mismatch)?)?,
        "Squeeze" => inputs.literal(0)?.squeezed(inputs.axes(1)?.as_deref())?,
        "Reshape" => inputs.literal(0)?.reshaped(inputs.literal(1)?.integers()?)?,
        "Floor" => inputs.literal(0)?.floor(),
        "Add" => arithmetic(Arithmetic::Add)?,
        "Sub" => arithmetic(Arithmetic::Subtract)?,
        "Mul" => arithmetic(Arithmetic::Multiply)?,
        "Div" => arithmetic(Arithmetic::Divide)?,
        _ => return Ok(None),
    }))
}

/// Slice; in its older version, positions are attributes.
fn slice(inputs: &Inputs<'_>) -> Result<Literal, Trouble> {
    let one = |at: usize, name: &str, default: Option<i64>| {
        let numbers = match inputs.node.attribute(name) {
            Some(Attribute::Integers(all)) => all.clone(),
            Some(_) => return Err(Trouble::Mismatch),
            None if inputs.has(at) => inputs.literal(at)?.integers()?.to_vec(),
            None => return default.ok_or(Trouble::Mismatch),
        };
        match numbers[..] {
            [number] => Ok(number),
            _ => Err(Trouble::Unsupported("slices along several dimensions")),
        }
    };
    if !matches!(one(3, "axes", Some(0))?, 0 | -1) {
        return Err(Trouble::Mismatch);
    }
    inputs.literal(0)?.sliced(one(1, "starts", None)?, one(2, "ends", None)?, one(4, "steps", Some(1))?)
}

/// Whether a declared shape allows this one.
fn fits(declared: &[Dimension<'_>], wanted: [i64; 4]) -> bool {
    declared.len() == wanted.len()
        && declared.iter().zip(wanted).all(|(declared, wanted)| match declared {
            Dimension::Fixed(size) => *size == wanted,
            Dimension::Named(_) => true,
        })
}

/// A shape for display: `1 × 3 × 1024 × 1024`.
fn described(shape: &[Dimension<'_>]) -> String {
    let sizes = shape.iter().map(|dimension| match dimension {
        Dimension::Fixed(size) => size.to_string(),
        Dimension::Named(name) => shortened(name),
    });
    sizes.collect::<Vec<_>>().join(" × ")
}
