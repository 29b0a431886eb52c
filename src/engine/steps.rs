//! Results of nodes that are kept from one run to the next, so that after an edit only what depends on it runs again.
//! A live preview runs with it; a batch does not, because no two of its executions have the same input.

use std::collections::{HashMap, VecDeque};
use std::fmt::Write;
use std::hash::Hasher;
use std::rc::Rc;

use super::graph::GraphOutput;
use super::plan::{Choice, Plan};
use super::rows::Supply;
use crate::actions::Area;
use crate::actions::output::Output;
use crate::codecs::{Encoded, Format, Header};
use crate::error::Warning;
use crate::image::resample::Reduced;
use crate::image::{Image, Size};
use crate::user_file::FileKind;

/// Everything that determines a node's results, as a hash of 128 bits.
pub(super) type Key = [u64; 2];

/// The pictures of a node, one per output port, each with what it stands for if it was decoded smaller.
pub(super) type Pictures = Vec<(Image, Option<Reduced>)>;

/// What a node said besides its pictures. It is kept longer than they are: a node behind it may still have its own.
#[derive(Clone, Debug, Default)]
pub(super) struct Notes {
    pub(super) warnings: Vec<Warning>,
    /// Whether decoding its file gave a doubt.
    pub(super) doubted: bool,
    /// Where it placed something on its picture.
    pub(super) area: Option<Area>,
    /// A thumbnail of its first picture, if one was asked for.
    pub(super) thumbnail: Option<Rc<Encoded>>,
}

/// A written result without its name.
#[derive(Clone, Debug)]
pub(super) struct Written {
    pub(super) size: Size,
    /// The format that it is for; a sample is written in another.
    pub(super) format: Format,
    pub(super) encoded: Encoded,
    pub(super) warnings: Vec<Warning>,
}

/// Something that is kept, with its size in bytes.
enum Kept {
    Pictures(Rc<Pictures>, u64),
    Written(Rc<Written>, u64),
}

impl Kept {
    fn bytes(&self) -> u64 {
        match self {
            Self::Pictures(_, bytes) | Self::Written(_, bytes) => *bytes,
        }
    }
}

/// With the notes of more nodes than this, everything is forgotten before the next run.
const MOST_NOTES: usize = 4096;

/// What earlier runs made, up to a number of bytes; what was used least recently is forgotten first.
///
/// Inputs count by their address, so only files that are addressed by their content (`asset:`) take part.
pub struct Steps {
    budget: u64,
    used: u64,
    /// The most recently used last.
    kept: VecDeque<(Key, Kept)>,
    notes: HashMap<Key, Notes>,
}

impl std::fmt::Debug for Steps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Steps").field("kept", &self.kept.len()).field("bytes", &self.used).finish_non_exhaustive()
    }
}

impl Steps {
    /// Keeps at most this many bytes of pictures and files.
    pub fn new(budget: u64) -> Self {
        Self { budget, used: 0, kept: VecDeque::new(), notes: HashMap::new() }
    }

    fn find(&mut self, key: Key) -> Option<&Kept> {
        let at = self.kept.iter().position(|(other, _)| *other == key)?;
        let found = self.kept.remove(at)?;
        self.kept.push_back(found);
        self.kept.back().map(|(_, kept)| kept)
    }

    /// Whether something of this size would be kept: nothing that would take the place of almost everything else.
    fn takes(&mut self, key: Key, bytes: u64) -> bool {
        bytes <= self.budget / 2 && self.find(key).is_none()
    }

    fn keep(&mut self, key: Key, kept: Kept) {
        self.used += kept.bytes();
        self.kept.push_back((key, kept));
        while self.used > self.budget {
            let Some((_, oldest)) = self.kept.pop_front() else { break };
            self.used -= oldest.bytes();
        }
    }

    pub(super) fn notes(&self, key: Key) -> Option<&Notes> {
        self.notes.get(&key)
    }

    /// The pictures of a node of which the notes are known too.
    pub(super) fn pictures(&mut self, key: Key) -> Option<Rc<Pictures>> {
        match self.find(key)? {
            Kept::Pictures(pictures, _) => Some(pictures.clone()),
            Kept::Written(..) => None,
        }
    }

    pub(super) fn written(&mut self, key: Key) -> Option<Rc<Written>> {
        match self.find(key)? {
            Kept::Written(written, _) => Some(written.clone()),
            Kept::Pictures(..) => None,
        }
    }

    pub(super) fn note(&mut self, key: Key, notes: Notes) {
        self.notes.insert(key, notes);
    }

    /// Before a run: forgets everything if there are too many notes. During one, its own would be missing.
    pub(super) fn tidy(&mut self) {
        if self.notes.len() >= MOST_NOTES {
            *self = Self::new(self.budget);
        }
    }

    /// Keeps a copy, if there is room for it.
    pub(super) fn keep_pictures(&mut self, key: Key, pictures: &Pictures) {
        let bytes = pictures.iter().map(|(image, _)| image.bytes()).sum();
        if self.takes(key, bytes) {
            self.keep(key, Kept::Pictures(Rc::new(pictures.clone()), bytes));
        }
    }

    /// Keeps a copy, if there is room for it.
    pub(super) fn keep_written(&mut self, key: Key, written: &Written) {
        let bytes = written.encoded.bytes.len() as u64;
        if self.takes(key, bytes) {
            self.keep(key, Kept::Written(Rc::new(written.clone()), bytes));
        }
    }
}

/// A hash of a text: two of 64 bits with different beginnings.
fn hash(text: &str) -> Key {
    [1, 2].map(|seed| {
        let mut hasher = std::hash::DefaultHasher::new();
        hasher.write_u8(seed);
        hasher.write(text.as_bytes());
        hasher.finish()
    })
}

impl Plan {
    /// For each node what determines its results; `None` where that is not known: for files that are not addressed by
    /// their content, behind the user's own files, since a name may be given to another one, and behind conditions.
    pub(super) fn keys(&self, index: u32, choice: &Choice) -> Vec<Option<Key>> {
        let mut keys: Vec<Option<Key>> = Vec::with_capacity(self.graph.nodes.len());
        for (position, node) in self.graph.nodes.iter().enumerate() {
            let mut text = format!("{} {}", node.action.action_type, node.action.version);
            let is_known = if let Some(source) = node.source {
                let source = &self.graph.sources[source];
                let image = source.images.get(if source.images.len() > 1 { index as usize } else { 0 });
                let (address, name) = image.map_or(("", ""), |image| (&image.source_url, &image.name));
                // Warnings contain the name.
                let decoded = choice.decode.get(&position);
                let _text = write!(text, " {address} {name:?} {} {decoded:?}", source.auto_orient);
                if matches!(source.supply, Supply::Template(_)) {
                    let _text = write!(text, " {:?} {:?}", source.supply, self.graph.input_asset(index));
                }
                if self.is_sample {
                    text.push_str(" sample");
                }
                address.starts_with("asset:")
            } else {
                let parameters = serde_json::to_string(&node.parameters).unwrap_or_default();
                let uses: Vec<bool> =
                    (0..node.action.outputs.len()).map(|port| self.graph.uses(position, port) > 0).collect();
                let (inputs, chroma) = (&choice.inputs[position], choice.chroma[position]);
                let _text = write!(text, " {parameters} {inputs:?} {chroma:?} {uses:?}");
                if self.operations[position].as_ref().is_some_and(|operation| operation.needs_typesetter()) {
                    // A text may name the file and its position, and say what is in it.
                    let _text = write!(text, " {index} {:?}", self.graph.input_asset(index).inputs.first());
                    let _text = write!(text, " {:?} {:?}", self.row, self.graph.params);
                    if parameters.contains("{date") || parameters.contains("{count") {
                        let _text = write!(text, " {:?}", self.run);
                    }
                }
                let operation = self.operations[position].as_ref();
                let model =
                    operation.and_then(|operation| operation.network()).map(|(name, _)| (FileKind::Model, name));
                let file = model.or_else(|| operation.and_then(|operation| operation.user_file()));
                let is_own_file = file.is_some_and(|(kind, name)| !kind.is_built_in(name));
                // Which way a picture takes is found out each time.
                let is_condition = self.condition(position).is_some();
                !is_own_file
                    && !is_condition
                    && node.inputs.iter().all(|input| match input {
                        None => write!(text, " -").is_ok(),
                        Some((before, port)) => {
                            keys[*before].is_some_and(|key| write!(text, " {key:?}.{port}").is_ok())
                        }
                    })
            };
            keys.push(is_known.then(|| hash(&text)));
        }
        keys
    }

    /// What determines the reduced copy of a source's picture; `None` if its file is not addressed by its content.
    pub(super) fn copy_key(&self, source: usize, index: u32) -> Option<Key> {
        let source = &self.graph.sources[source];
        let image = source.images.get(if source.images.len() > 1 { index as usize } else { 0 })?;
        let address = &image.source_url;
        let row = matches!(source.supply, Supply::Template(_)).then(|| self.graph.input_asset(index));
        let text = || format!("copy {address} {:?} {} {row:?} {:?}", image.name, source.auto_orient, source.supply);
        address.starts_with("asset:").then(|| hash(&text()))
    }

    /// What determines a written result apart from its name.
    pub(super) fn output_key(&self, output: &GraphOutput, node: Option<Key>, header: Option<&Header>) -> Option<Key> {
        let parameters = Output { name: String::new(), ..output.parameters.clone() };
        let format = header.map(|header| header.format);
        Some(hash(&format!("output {:?}.{} {parameters:?} {format:?} {}", node?, output.port, output.action_id)))
    }
}
