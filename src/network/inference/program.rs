//! A model ready to run: its steps, with weights in the order in which kernels read them, and memory for every value.

use super::buffers::{Life, Plan, plan};
use super::direct::Direct;
use super::graph::{Action, Convolution, Id, Outline, Part};
use super::shape::{Shape, View};
use super::winograd::{Scratch, Source, Winograd};
use super::{OUTPUT_LENGTH, Unusable, pointwise, pool, resize};

/// Floats of transformed weights that are kept: 64 MB. U²-Netp takes 18 MB. The full U²-Net would take 700 MB; the
/// weights of its large layers are transformed on each run, which costs little compared with the layer.
const EXPANDED: usize = 16 << 20;
/// Most floats of weights, values and scratch in total: 800 MB, which leaves room for the file.
const MOST: usize = 200 << 20;

/// A step with its weights.
#[derive(Debug)]
enum Step {
    Winograd { layer: Winograd, sources: Vec<Part>, added: Option<Id> },
    Direct { layer: Direct, sources: Vec<Id> },
    Largest(Id, (pool::Axis, pool::Axis)),
    Resize(Id, (resize::Axis, resize::Axis)),
    Add(Id, Id),
    Relu(Id),
    Sigmoid(Id),
    Concatenate(Vec<Id>),
}

/// A model's steps and its memory.
#[derive(Debug)]
pub(super) struct Program {
    steps: Vec<Step>,
    shapes: Vec<Shape>,
    pieces: Vec<usize>,
    output: Id,
    memory: Vec<Vec<f32>>,
    scratch: Scratch,
}

impl Program {
    /// Reads the weights and allocates the memory.
    pub(super) fn new(outline: Outline<'_>) -> Result<Self, Unusable> {
        let Outline { steps: actions, shapes, output } = outline;
        let Plan { pieces, floats } = plan(&lives(&actions, &shapes, output));
        let mut budget = Budget { taken: 0, expanded: expanded(&actions) };
        for floats in &floats {
            budget.take(*floats)?;
        }
        let (mut steps, mut scratch) = (Vec::new(), Scratch::default());
        for (at, action) in actions.into_iter().enumerate() {
            steps.push(match action {
                Action::Convolve(one) => convolution(one, at, &shapes, &mut budget, &mut scratch)?,
                Action::Largest(id, axes) => Step::Largest(id, axes),
                Action::Resize(id, axes) => Step::Resize(id, axes),
                Action::Add(one, other) => Step::Add(one, other),
                Action::Relu(id) => Step::Relu(id),
                Action::Sigmoid(id) => Step::Sigmoid(id),
                Action::Concatenate(ids) => Step::Concatenate(ids),
            });
        }
        let memory = floats.into_iter().map(|floats| vec![0.0; floats]).collect();
        Ok(Self { steps, shapes, pieces, output, memory, scratch })
    }

    /// Runs all steps on three planes; returns one.
    pub(super) fn run(&mut self, input: &[f32]) -> Vec<f32> {
        let first = &mut self.memory[self.pieces[0]];
        for (at, pixel) in first.chunks_exact_mut(self.shapes[0].stride()).take(OUTPUT_LENGTH).enumerate() {
            pixel.fill(0.0);
            for (channel, value) in pixel.iter_mut().take(self.shapes[0].channels).enumerate() {
                *value = input[channel * OUTPUT_LENGTH + at];
            }
        }
        for step in 0..self.steps.len() {
            self.step(step);
        }
        let shape = self.shapes[self.output];
        let pixels = self.memory[self.pieces[self.output]].chunks_exact(shape.stride());
        pixels.take(OUTPUT_LENGTH).map(|pixel| pixel[0]).collect()
    }

    fn step(&mut self, step: usize) {
        let (shape, piece) = (self.shapes[step + 1], self.pieces[step + 1]);
        // A result never shares a piece with a value that its step reads.
        let mut taken = std::mem::take(&mut self.memory[piece]);
        let out = &mut taken[..shape.floats()];
        let view = |id: Id| View::new(self.shapes[id], &self.memory[self.pieces[id]]);
        match &self.steps[step] {
            Step::Winograd { layer, sources, added } => {
                let sources = sources.iter().map(|part| Source { view: view(part.id), doubled: part.doubled });
                layer.run(&sources.collect::<Vec<_>>(), added.map(view), shape, out, &mut self.scratch);
            }
            Step::Direct { layer, sources } => {
                layer.run(&sources.iter().map(|id| view(*id)).collect::<Vec<_>>(), shape, out);
            }
            Step::Largest(id, axes) => pool::largest(view(*id), *axes, shape, out),
            Step::Resize(id, axes) => resize::bilinear(view(*id), *axes, shape, out),
            Step::Add(one, other) => pointwise::add(view(*one), view(*other), out),
            Step::Relu(id) => pointwise::relu(view(*id), out),
            Step::Sigmoid(id) => pointwise::sigmoid(view(*id), out),
            Step::Concatenate(ids) => {
                pointwise::concatenate(&ids.iter().map(|id| view(*id)).collect::<Vec<_>>(), shape, out);
            }
        }
        self.memory[piece] = taken;
    }
}

/// How long each value is needed.
fn lives(actions: &[Action<'_>], shapes: &[Shape], output: Id) -> Vec<Life> {
    let made = |id: Id| id.saturating_sub(1);
    let mut lives: Vec<Life> =
        shapes.iter().enumerate().map(|(id, shape)| Life { floats: shape.floats(), until: made(id) }).collect();
    for (step, action) in actions.iter().enumerate() {
        for id in action.reads() {
            lives[id].until = step;
        }
    }
    lives[output].until = usize::MAX;
    lives
}

/// Floats per pixel of a convolution's sources.
fn inputs(one: &Convolution<'_>, shapes: &[Shape]) -> usize {
    one.sources.iter().map(|part| shapes[part.id].stride()).sum()
}

/// The steps whose transformed weights are kept: the smallest ones, as many as fit.
fn expanded(actions: &[Action<'_>]) -> Vec<bool> {
    let size = |action: &Action<'_>| if let Action::Convolve(one) = action { one.winograd } else { None };
    let sizes: Vec<_> = actions.iter().map(size).collect();
    let mut order: Vec<usize> = (0..actions.len()).collect();
    order.sort_by_key(|step| (sizes[*step], *step));
    let (mut kept, mut sum) = (vec![false; actions.len()], 0);
    for step in order {
        let Some(size) = sizes[step] else { continue };
        sum += size;
        kept[step] = sum <= EXPANDED;
        if !kept[step] {
            break;
        }
    }
    kept
}

/// The remaining budget.
struct Budget {
    taken: usize,
    /// By step.
    expanded: Vec<bool>,
}

impl Budget {
    fn take(&mut self, floats: usize) -> Result<(), Unusable> {
        self.taken = self.taken.saturating_add(floats);
        if self.taken <= MOST { Ok(()) } else { Err(Unusable::TooLarge) }
    }
}

/// A convolution with its weights.
fn convolution(
    one: Convolution<'_>,
    step: usize,
    shapes: &[Shape],
    budget: &mut Budget,
    scratch: &mut Scratch,
) -> Result<Step, Unusable> {
    let inputs = inputs(&one, shapes);
    let expanded = budget.expanded[step];
    let floats = match one.winograd {
        Some(size) if expanded => size,
        _ => weight_floats(&one, inputs).ok_or(Unusable::TooLarge)?,
    };
    budget.take(floats)?;

    let mut weights = one.weights.floats()?;
    if !one.factors.is_empty() {
        let each = weights.len() / one.factors.len();
        for (weights, factor) in weights.chunks_exact_mut(each).zip(&one.factors) {
            weights.iter_mut().for_each(|weight| *weight *= factor);
        }
    }
    // The position of each input channel among the sources' floats.
    let (mut places, mut from) = (Vec::new(), 0);
    for part in &one.sources {
        let shape = shapes[part.id];
        places.extend(from..from + shape.channels);
        from += shape.stride();
    }
    if one.winograd.is_some() {
        let layer = Winograd::new(&weights, &one.bias, &places, inputs, one.relu, expanded);
        budget.take(scratch.fit(&layer))?;
        Ok(Step::Winograd { layer, sources: one.sources, added: one.added })
    } else {
        let layer = Direct::new(&weights, &one.bias, &places, inputs, one.window, one.relu);
        Ok(Step::Direct { layer, sources: one.sources.into_iter().map(|part| part.id).collect() })
    }
}

/// Floats of a convolution's weights, including padding channels.
fn weight_floats(one: &Convolution<'_>, inputs: usize) -> Option<usize> {
    let taps = one.window.0.kernel.checked_mul(one.window.1.kernel)?;
    taps.checked_mul(inputs)?.checked_mul(one.bias.len().next_multiple_of(super::vector::LANES))
}
