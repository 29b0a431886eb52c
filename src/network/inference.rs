//! Runs networks of the U²-Net family from their ONNX files, on one thread. In a binary of its own, so that neither page
//! nor worker links it; tests link it too.
//!
//! A file becomes a program once, when it is loaded: `onnx` reads it, `graph` folds what can be computed from sizes
//! and constants and gathers each convolution with what belongs to it, `program` transforms the weights and decides
//! which value lies where (`buffers`). A run then goes through the program's steps. Nearly all of its time is spent in
//! `winograd`.
//!
//! Files are not trusted: everything is counted and bounded before memory is taken for it, nothing recurses, and what a
//! file has that is not supported is named.

mod buffers;
mod constants;
mod direct;
mod graph;
mod onnx;
mod pointwise;
mod pool;
mod program;
mod protobuf;
mod resize;
mod shape;
mod vector;
mod winograd;

use self::program::Program;
use super::SIDE;

/// Samples of an input: three planes.
pub const INPUT_LENGTH: usize = 3 * OUTPUT_LENGTH;
/// Samples of an output: one plane.
pub const OUTPUT_LENGTH: usize = (SIDE * SIDE) as usize;

/// What is wrong with the bytes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// It ends too early.
    #[error("it is cut off")]
    Cut,
    /// A field is not what the format has in its place.
    #[error("a field of it is malformed")]
    Field,
    /// A name is no UTF-8.
    #[error("a name in it is no text")]
    Text,
    /// More parts than any network has.
    #[error("it has too many parts")]
    Crowded,
    /// A constant's sizes and numbers do not fit each other.
    #[error("a constant of it has another length than it declares")]
    Tensor,
    /// Weights are in a file of their own.
    #[error("its weights are in another file")]
    External,
    /// There is no graph in it.
    #[error("it has no graph")]
    NoGraph,
}

/// Why a file is no network that can be run here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// No ONNX file, or a damaged one.
    #[error("it is no ONNX file that can be read here ({0})")]
    File(#[from] Damage),
    /// An operator that we do not have.
    #[error("its node \"{node}\" needs the operator {operator}, which is not supported")]
    Operator {
        /// The operator, with its domain where that is not ONNX's own.
        operator: String,
        /// The node's name.
        node: String,
    },
    /// An operator in a form that we do not have.
    #[error("its node \"{node}\" ({operator}) {what}, which is not supported")]
    Form {
        /// The operator.
        operator: String,
        /// The node's name.
        node: String,
        /// What the node does.
        what: &'static str,
    },
    /// A node whose inputs do not fit it, or each other.
    #[error("the inputs of its node \"{node}\" ({operator}) do not fit")]
    Mismatch {
        /// The operator.
        operator: String,
        /// The node's name.
        node: String,
    },
    /// A node that reads what nothing has made before it.
    #[error("its node \"{node}\" reads \"{value}\", which is not there")]
    Missing {
        /// The node's name.
        node: String,
        /// What it reads.
        value: String,
    },
    /// A constant whose numbers are of a kind that we do not have.
    #[error("its constant \"{tensor}\" has numbers of type {kind}, which is not supported")]
    Numbers {
        /// The constant's name.
        tensor: String,
        /// ONNX's number of the type.
        kind: i64,
    },
    /// The wrong input.
    #[error("its input is {0} instead of 1 × 3 × 320 × 320 numbers")]
    Input(String),
    /// The wrong output.
    #[error("its first output is {0} instead of 320 × 320 numbers")]
    Output(String),
    /// More memory or time than a network may take.
    #[error("it is too large to run here")]
    TooLarge,
}

/// What is wrong with a node, before it is said which one it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    /// It does what we do not have.
    Unsupported(&'static str),
    /// Its inputs do not fit.
    Mismatch,
    /// A constant that it reads is damaged.
    Damaged(Damage),
    /// Its result is larger than any that we run.
    TooLarge,
}

/// A name from a file as messages have it: short, and on one line.
fn shortened(name: &str) -> String {
    const MOST: usize = 60;
    let mut characters = name.chars().filter(|character| !character.is_control());
    let mut text: String = characters.by_ref().take(MOST).collect();
    if characters.next().is_some() {
        text.push('…');
    }
    text
}

/// A network, loaded.
#[derive(Debug)]
pub struct Inference {
    program: Program,
}

impl Inference {
    /// Reads an ONNX file and makes it ready to run.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn load(file: &[u8]) -> Result<Self, Unusable> {
        let graph = onnx::Graph::read(file)?;
        Ok(Self { program: Program::new(graph::Outline::of(&graph)?)? })
    }

    /// Runs the network on [`INPUT_LENGTH`] samples (NCHW, normalised); answers [`OUTPUT_LENGTH`], the first output.
    ///
    /// # Panics
    /// When the input has another length, which would be a bug.
    pub fn run(&mut self, input: &[f32]) -> Vec<f32> {
        assert_eq!(input.len(), INPUT_LENGTH, "the input's length");
        self.program.run(input)
    }
}

#[cfg(test)]
mod tests;
