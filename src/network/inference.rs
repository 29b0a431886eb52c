//! Runs models of the U²-Net family from their ONNX files, on one thread. It is in a binary of its own, so that neither
//! page nor worker links it; tests link it too.
//!
//! A file is compiled to a program once, when it is loaded: `onnx` reads it, `graph` folds what can be computed from
//! sizes and constants and fuses each convolution with the operations that follow it, `program` transforms the weights
//! and assigns memory to values (`buffers`). A run then executes the program's steps. It spends nearly all of its time
//! in `winograd`.
//!
//! Files are not trusted: everything is counted and bounded before memory is allocated for it, nothing recurses, and
//! errors name what is not supported.

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
    /// It is truncated.
    #[error("it is truncated")]
    Cut,
    /// A field does not match the format.
    #[error("it has a malformed field")]
    Field,
    /// A name is not UTF-8.
    #[error("it has a name that is not valid text")]
    Text,
    /// More parts than any model has.
    #[error("it has too many parts")]
    Crowded,
    /// A constant's shape and data do not match.
    #[error("it has a constant whose data does not match its shape")]
    Tensor,
    /// Weights are in a separate file.
    #[error("its weights are in a separate file")]
    External,
    /// There is no graph in it.
    #[error("it has no graph")]
    NoGraph,
}

/// Why a model cannot be run here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// Not an ONNX file, or a damaged one.
    #[error("it is not a readable ONNX file: {0}")]
    File(#[from] Damage),
    /// An unsupported operator.
    #[error("its node \"{node}\" needs the operator {operator}, which is not supported")]
    Operator {
        /// The operator, with its domain unless that is ONNX's own.
        operator: String,
        /// The node's name.
        node: String,
    },
    /// An operator in an unsupported form.
    #[error("its node \"{node}\" ({operator}) {what}, which is not supported")]
    Form {
        /// The operator.
        operator: String,
        /// The node's name.
        node: String,
        /// What the node does.
        what: &'static str,
    },
    /// A node whose inputs do not match it or each other.
    #[error("the inputs of its node \"{node}\" ({operator}) do not match")]
    Mismatch {
        /// The operator.
        operator: String,
        /// The node's name.
        node: String,
    },
    /// A node that reads a value that no earlier node produces.
    #[error("its node \"{node}\" reads \"{value}\", which is missing")]
    Missing {
        /// The node's name.
        node: String,
        /// What it reads.
        value: String,
    },
    /// A constant with an unsupported data type.
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
    /// More memory or time than a model may take.
    #[error("it is too large to run here")]
    TooLarge,
}

/// What is wrong with a node, before its name is added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    /// It does something unsupported.
    Unsupported(&'static str),
    /// Its inputs do not match.
    Mismatch,
    /// A constant that it reads is damaged.
    Damaged(Damage),
    /// Its result is larger than supported.
    TooLarge,
}

/// A name from a file for use in messages: short, and on one line.
fn shortened(name: &str) -> String {
    const MOST: usize = 60;
    let mut characters = name.chars().filter(|character| !character.is_control());
    let mut text: String = characters.by_ref().take(MOST).collect();
    if characters.next().is_some() {
        text.push('…');
    }
    text
}

/// A loaded model.
#[derive(Debug)]
pub struct Inference {
    program: Program,
}

impl Inference {
    /// Reads an ONNX file and prepares it to run.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn load(file: &[u8]) -> Result<Self, Unusable> {
        let graph = onnx::Graph::read(file)?;
        Ok(Self { program: Program::new(graph::Outline::of(&graph)?)? })
    }

    /// Runs the model on [`INPUT_LENGTH`] samples (NCHW, normalised); returns [`OUTPUT_LENGTH`], the first output.
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
