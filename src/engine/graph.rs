//! A resolved document: nodes in the order in which they run, connections as indices, outputs, image counts.
//!
//! It refers to no kernel, so that the page can plan a batch without linking pixel code.

use std::rc::Rc;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::inputs::{InputAsset, InputRef};
use super::rows::{self, Rows, Supply};
use super::stages;
use crate::actions::context::About;
use crate::actions::create_rendition::{self, CreateRendition, Rendition};
use crate::actions::input_images::{Input, InputImage};
use crate::actions::merge_data;
use crate::actions::output::Output;
use crate::actions::parameters::Kind;
use crate::actions::placeholders::{Placeholder, fill, of_piece};
use crate::actions::split::{self, PIECE};
use crate::actions::{self, Action, PortType, Role};
use crate::codecs::{Encoded, Format, METADATA_VERSION};
use crate::compact::{SortedMap, SortedSet};
use crate::workflow::{ActionNode, Diagnostic, Workflow, params, validate};

/// A validated workflow, resolved.
#[derive(Debug)]
pub struct Graph {
    /// The nodes that lead to an output, each after everything it needs and as late as its first consumer allows, so
    /// that few pictures are in memory at a time; then those that resize pictures for renditions. What follows a `split`
    /// is there once for every piece. In a plan, conditions come before everything that they do not need.
    pub nodes: Vec<GraphNode>,
    /// The inputs in document order, including unused ones.
    pub sources: Arc<Vec<GraphSource>>,
    /// Index in `sources` of the primary input.
    pub primary: usize,
    /// The results, in document order.
    pub outputs: Vec<GraphOutput>,
    /// The conditions that have been decided and are no nodes any more, each with the node whose picture it leads on.
    pub(super) passed: Vec<(String, usize)>,
    /// The condition that has left nothing to do.
    pub(super) dead_end: Option<String>,
    /// The table that it runs, if it runs one.
    pub rows: Option<Rows>,
    /// The parameters of the workflow that placeholders name, with their values.
    pub params: SortedMap<String, String>,
}

/// One action of the graph.
#[derive(Clone, Debug)]
pub struct GraphNode {
    /// Its id in the document.
    pub action_id: String,
    /// Its entry in the catalog.
    pub action: &'static Action,
    /// As written, for the piece that the node works on.
    pub parameters: Map<String, Value>,
    /// For each input port, the connected node and its output port, if any.
    pub inputs: Vec<Option<(usize, usize)>>,
    /// For a source: its index in [`Graph::sources`].
    pub source: Option<usize>,
    /// Whether it is not in the document, but a step by which the action with this id gets the pictures that it gathers.
    pub is_implied: bool,
}

/// One `input-images` action, or what is made one of a table.
#[derive(Debug)]
pub struct GraphSource {
    /// Its id in the document.
    pub action_id: String,
    /// Its pictures: none, one for all, or one per execution.
    pub images: Vec<InputImage>,
    /// Whether pictures are turned upright.
    pub auto_orient: bool,
    /// What it stands for.
    pub supply: Supply,
}

/// One result per execution.
#[derive(Clone, Debug)]
pub struct GraphOutput {
    /// The action that is named in the record.
    pub action_id: String,
    /// The node whose picture is written.
    pub node: usize,
    /// That node's output port.
    pub port: usize,
    /// How it is written; the defaults if there is no `output` action.
    pub parameters: Output,
    /// The input whose format `auto` keeps, found by following first image inputs upstream.
    pub origin: usize,
    /// Whether it is no result, but a picture for an action that gathers those of all executions.
    pub is_staged: bool,
}

impl GraphOutput {
    /// The quality of lossy formats, 1…100.
    pub fn quality(&self) -> u8 {
        self.parameters.quality.clamp(1, 100) as u8
    }

    /// Whether a colour picture with full-size chroma is written in this format with chroma halved in both directions.
    pub(super) fn halves_chroma(&self, format: Format) -> bool {
        self.parameters.subsampling.chroma().halves(format, self.quality())
    }

    /// The name of a result: the name pattern filled in. Where nothing but folders is left of it, the input's name follows.
    ///
    /// # Errors
    /// The first unknown placeholder.
    pub fn name(&self, result: &Named<'_>) -> Result<String, String> {
        let value = |placeholder: Placeholder<'_>| match placeholder {
            Placeholder::Extension => result.extension.to_owned(),
            Placeholder::Width => result.size.0.to_string(),
            Placeholder::Height => result.size.1.to_string(),
            Placeholder::Hash(length) => (result.hash)().chars().take(length).collect(),
            // A slash would be a folder.
            Placeholder::Day | Placeholder::Camera | Placeholder::Row(_) | Placeholder::Param(_) => {
                let value = result.about.value(placeholder);
                value.unwrap_or_else(|| (result.missing)(placeholder)).replace(['/', '\\'], "-")
            }
            other => result.about.value(other).unwrap_or_default(),
        };
        let mut name = fill(&self.parameters.name, value)?;
        if name.is_empty() || name.ends_with('/') {
            name.push_str(&fill("{name}.{ext}", value)?);
        }
        Ok(name)
    }
}

/// What the name of a result is made of.
pub struct Named<'a> {
    /// What is known of the primary picture and its batch.
    pub about: About<'a>,
    /// The extension of the format that was written.
    pub extension: &'a str,
    /// Width and height of the result.
    pub size: (u32, u32),
    /// The SHA-256 of the result in hexadecimal digits. It is only called for a pattern that names it.
    pub hash: &'a dyn Fn() -> String,
    /// What stands in place of a value that is not known.
    pub missing: &'a dyn Fn(Placeholder<'_>) -> String,
}

impl Graph {
    /// Version of everything that determines its results apart from the document and the pictures: the engine's
    /// version, with a checksum of the versions of its actions, of all formats, of the pixel kernels and of metadata.
    /// Results are reused only from the same version.
    pub fn version(&self) -> String {
        let actions = self.nodes.iter().map(|node| (node.action.action_type, node.action.version));
        let formats = Format::ALL.iter().map(|format| (format.name(), format.version()));
        let kernels = [("image", crate::image::VERSION), ("metadata", METADATA_VERSION)];
        let tables = self.rows.iter().map(|_| (merge_data::ACTION.action_type, merge_data::ACTION.version));
        let parts: SortedSet<_> = actions.chain(formats).chain(kernels).chain(tables).collect();
        let text: String = parts.iter().map(|(name, version)| format!("{name} {version}\n")).collect();
        format!("{}+{:08x}", super::VERSION, crate::compact::crc32(&text))
    }

    /// Validates and resolves a workflow for a single picture: actions that gather pictures have this one only. For batches,
    /// see [`Stages`](super::Stages).
    ///
    /// # Errors
    /// Every diagnostic, when one of them is an error.
    pub fn resolve(workflow: &Workflow) -> Result<Self, Vec<Diagnostic>> {
        let diagnostics = validate(workflow);
        if diagnostics.iter().any(Diagnostic::is_error) {
            return Err(diagnostics);
        }
        let workflow = &*workflow.enabled();
        let params = params::values(workflow);
        Ok(Self { params, ..Self::of(&stages::alone(&workflow.with_texts())) })
    }

    /// Resolves a workflow of which nothing is turned off.
    pub(super) fn of(workflow: &Workflow) -> Self {
        let (plain, rows) = rows::lowered(workflow);
        Resolver::new(&plain).resolve().with_rows(workflow, rows)
    }

    /// The number of executions: the largest image count of any input.
    pub fn execution_count(&self) -> u32 {
        let images = || self.sources.iter().map(|source| source.images.len()).max().unwrap_or(0);
        self.row_count().unwrap_or_else(images) as u32
    }

    /// The pictures of execution `index`, the primary one first, then the others in document order.
    ///
    /// Inputs without images are skipped; validation refuses them earlier.
    pub fn input_asset(&self, index: u32) -> InputAsset {
        let mut inputs: Vec<InputRef> = self
            .source_order()
            .filter_map(|source| {
                let source = &self.sources[source];
                let image = source.images.get(if source.images.len() == 1 { 0 } else { index as usize })?;
                Some(InputRef::of(&source.action_id, image))
            })
            .collect();
        let asset_id = inputs.first().and_then(|input| input.source_url.strip_prefix("asset:")).map(str::to_owned);
        let row = self.add_row(index, &mut inputs);
        InputAsset { index, asset_id, inputs, row, gathered: None }
    }

    /// How often the picture of an output port is used: consumers, each of their ports, and written results.
    pub(super) fn uses(&self, node: usize, port: usize) -> usize {
        let consumers = self.nodes.iter().flat_map(|node| node.inputs.iter().flatten());
        let consumers = consumers.filter(|end| **end == (node, port)).count();
        consumers + self.outputs.iter().filter(|output| (output.node, output.port) == (node, port)).count()
    }

    /// The thumbnails of the nodes, and for what is written that of its picture, by `actionId`; of several with the same
    /// one the first.
    pub(super) fn thumbnails(&self, of_nodes: &[Option<Rc<Encoded>>]) -> Vec<(String, Rc<Encoded>)> {
        let written = self.outputs.iter().map(|output| (&output.action_id, output.node));
        let nodes = self.nodes.iter().enumerate().filter(|(_, node)| !node.is_implied);
        let nodes = nodes.map(|(index, node)| (&node.action_id, index));
        let mut found: Vec<(String, Rc<Encoded>)> = Vec::new();
        let passed = self.passed.iter().map(|(id, node)| (id, *node));
        for (id, node) in nodes.chain(passed).chain(written) {
            if let Some(thumbnail) = of_nodes[node].as_ref().filter(|_| found.iter().all(|(known, _)| known != id)) {
                found.push((id.clone(), Rc::clone(thumbnail)));
            }
        }
        found
    }

    /// Resizes a picture for a rendition. Each has a node of its own, even where sizes are the same, so that its colour is
    /// resized as its own format requires, and no result depends on another.
    fn resized(&mut self, action_id: &str, picture: (usize, usize), parameters: Map<String, Value>) -> (usize, usize) {
        let Some(action) = actions::find("resize") else { return picture };
        let (action_id, inputs) = (action_id.to_owned(), vec![Some(picture)]);
        self.nodes.push(GraphNode { action_id, action, parameters, inputs, source: None, is_implied: false });
        (self.nodes.len() - 1, 0)
    }

    /// Whether an action gathers pictures; there is one only where a single picture is gathered alone.
    pub fn gathers(&self) -> bool {
        self.nodes.iter().any(|node| node.action.role == Role::Gather)
    }

    /// Whether a node reads the pictures of a source.
    pub(super) fn reads(&self, source: usize) -> bool {
        self.nodes.iter().any(|node| node.source == Some(source))
    }

    /// Indices of the sources, the primary one first.
    pub(super) fn source_order(&self) -> impl Iterator<Item = usize> {
        let primary = self.primary;
        std::iter::once(primary).chain((0..self.sources.len()).filter(move |index| *index != primary))
    }
}

/// An action of the document, for one of the pieces that a `split` before it makes.
#[derive(Clone, Copy)]
struct Part {
    /// Its index in the document.
    written: usize,
    action: &'static Action,
    /// The number of the piece, from 1.
    piece: Option<u32>,
}

struct Resolver<'a> {
    workflow: &'a Workflow,
    /// In document order.
    parts: Vec<Part>,
    /// For each part and input port: the part and output port it comes from.
    inputs: Vec<Vec<Option<(usize, usize)>>>,
    consumed: SortedSet<(usize, usize)>,
}

impl<'a> Resolver<'a> {
    fn new(workflow: &'a Workflow) -> Self {
        let actions: Vec<_> = workflow.actions.iter().filter_map(|node| actions::find(&node.action_type)).collect();
        let ids: SortedMap<&str, usize> =
            workflow.actions.iter().enumerate().map(|(index, node)| (node.action_id.as_str(), index)).collect();
        let mut inputs: Vec<Vec<_>> = actions.iter().map(|action| vec![None; action.inputs.len()]).collect();
        for connection in &workflow.connections {
            let ends =
                ids.get(connection.connection_source.as_str()).zip(ids.get(connection.connection_target.as_str()));
            let Some((&source, &target)) = ends else { continue };
            let out = actions[source].outputs.iter().position(|port| port.name == connection.source_port);
            let into = actions[target].inputs.iter().position(|port| port.name == connection.target_port);
            if let (Some(out), Some(into)) = (out, into) {
                inputs[target][into] = Some((source, out));
            }
        }
        Self::divided(workflow, &actions, &inputs)
    }

    /// With every action once for each piece that it works on.
    fn divided(workflow: &'a Workflow, actions: &[&'static Action], inputs: &[Vec<Option<(usize, usize)>>]) -> Self {
        let pieces = pieces(workflow, inputs);
        let mut first = Vec::new();
        let mut parts = Vec::new();
        for (written, (action, &count)) in actions.iter().zip(&pieces).enumerate() {
            first.push(parts.len());
            let piece = |number| (count > 1).then_some(number);
            parts.extend((1..=count).map(|number| Part { written, action, piece: piece(number) }));
        }
        let of_part = |part: &Part| {
            let place = |(from, port): (usize, usize)| {
                let number = if pieces[from] > 1 { part.piece.unwrap_or(1) } else { 1 };
                (first[from] + number as usize - 1, port)
            };
            inputs[part.written].iter().map(|input| input.map(place)).collect::<Vec<_>>()
        };
        let inputs: Vec<_> = parts.iter().map(of_part).collect();
        let consumed = inputs.iter().flatten().flatten().copied().collect();
        Self { workflow, parts, inputs, consumed }
    }

    /// The id by which records name an action.
    fn id(&self, index: usize) -> &str {
        stages::written_id(&self.written(index).action_id)
    }

    fn written(&self, index: usize) -> &ActionNode {
        &self.workflow.actions[self.parts[index].written]
    }

    /// The parameters of an action, for the piece that it works on.
    fn parameters(&self, index: usize) -> Map<String, Value> {
        let mut parameters = self.written(index).parameters.clone();
        let Part { action, piece: Some(number), .. } = self.parts[index] else { return parameters };
        if split::pieces(action.action_type, &parameters) > 1 {
            parameters.insert(PIECE.to_owned(), number.into());
        }
        for field in action.fields.iter().filter(|field| matches!(field.kind, Kind::Caption | Kind::Expression)) {
            let text = parameters.get(field.name).and_then(Value::as_str).and_then(|text| of_piece(text, number));
            if let Some(text) = text {
                parameters.insert(field.name.to_owned(), text.into());
            }
        }
        parameters
    }

    fn resolve(self) -> Graph {
        let mut sources = Vec::new();
        let mut source_of: SortedMap<usize, usize> = SortedMap::new();
        for (index, part) in self.parts.iter().enumerate() {
            if part.action.role == Role::Source
                && let Some(input) = Input::read(&self.written(index).parameters)
            {
                source_of.insert(index, sources.len());
                sources.push(GraphSource {
                    action_id: self.written(index).action_id.clone(),
                    images: input.images.0,
                    auto_orient: input.auto_orient,
                    supply: Supply::default(),
                });
            }
        }

        let ends = self.output_ends();
        // Depth first from the outputs in document order: each node right before its first consumer.
        let mut order = Vec::new();
        let mut placed: SortedMap<usize, usize> = SortedMap::new();
        for (_, end, _) in &ends {
            self.place(*end, &mut order, &mut placed);
        }
        let nodes: Vec<GraphNode> = order
            .iter()
            .map(|&index| GraphNode {
                action_id: self.id(index).to_owned(),
                action: self.parts[index].action,
                parameters: self.parameters(index),
                inputs: self.inputs[index]
                    .iter()
                    .map(|input| input.map(|(node, port)| (placed[&node], port)))
                    .collect(),
                source: source_of.get(&index).copied(),
                is_implied: self.written(index).action_id != self.id(index),
            })
            .collect();
        let (sources, outputs, passed) = (Arc::new(sources), Vec::new(), Vec::new());
        let mut graph =
            Graph { nodes, sources, primary: 0, outputs, passed, dead_end: None, rows: None, params: SortedMap::new() };
        for &(owner, node, port) in &ends {
            let origin = self.origin(node).and_then(|node| source_of.get(&node).copied()).unwrap_or(0);
            self.write(&mut graph, owner, (placed[&node], port), origin);
        }
        graph.primary = self.primary(&ends).and_then(|node| source_of.get(&node).copied()).unwrap_or(0);
        graph
    }

    /// Adds the results that an action writes of a picture.
    fn write(&self, graph: &mut Graph, owner: usize, picture: (usize, usize), origin: usize) {
        let (written, Part { action, piece, .. }) = (self.written(owner), self.parts[owner]);
        let action_id = self.id(owner).to_owned();
        let of_piece = |parameters: Output| match piece {
            None => parameters,
            Some(number) => Output { name: name_of_piece(&parameters.name, number), ..parameters },
        };
        let renditions = (action.action_type == create_rendition::ACTION.action_type)
            .then(|| CreateRendition::read(&written.parameters))
            .flatten();
        if let Some(renditions) = renditions {
            for Rendition { resize, output } in renditions.expanded() {
                let (node, port) = match resize {
                    Some(parameters) => graph.resized(&action_id, picture, parameters),
                    None => picture,
                };
                let parameters = of_piece(Output::read(&output).unwrap_or_else(Output::defaults));
                graph.outputs.push(GraphOutput {
                    action_id: action_id.clone(),
                    node,
                    port,
                    parameters,
                    origin,
                    is_staged: false,
                });
            }
            return;
        }
        let parameters = (action.role == Role::Sink).then(|| Output::read(&written.parameters)).flatten();
        let (parameters, (node, port)) = (of_piece(parameters.unwrap_or_else(Output::defaults)), picture);
        graph.outputs.push(GraphOutput { action_id, node, port, parameters, origin, is_staged: false });
    }

    /// Outputs in document order: the action that owns each, and the node and port whose picture is written.
    fn output_ends(&self) -> Vec<(usize, usize, usize)> {
        let mut ends = Vec::new();
        for (index, Part { action, .. }) in self.parts.iter().enumerate() {
            if action.role == Role::Sink {
                ends.extend(self.inputs[index].first().copied().flatten().map(|(node, port)| (index, node, port)));
            } else if action.inputs.iter().any(|port| port.kind == PortType::Image)
                && let Some(port) = action.outputs.iter().position(|port| port.name == actions::IMAGE_OUT.name)
                && !self.consumed.contains(&(index, port))
            {
                ends.push((index, index, port));
            }
        }
        ends
    }

    fn place(&self, index: usize, order: &mut Vec<usize>, placed: &mut SortedMap<usize, usize>) {
        // An explicit stack: documents may be thousands of actions deep.
        let mut stack = vec![(index, 0)];
        while let Some((node, next)) = stack.pop() {
            if placed.contains_key(&node) {
                continue;
            }
            match self.inputs[node].get(next) {
                Some(input) => {
                    stack.push((node, next + 1));
                    stack.extend(input.map(|(before, _)| (before, 0)));
                }
                None => {
                    placed.insert(node, order.len());
                    order.push(node);
                }
            }
        }
    }

    /// The source upstream of a node's first image input.
    fn origin(&self, mut node: usize) -> Option<usize> {
        while self.parts[node].action.role != Role::Source {
            node = self.inputs[node].first().copied().flatten()?.0;
        }
        Some(node)
    }

    /// The first source in document order whose path to an output runs through first image inputs only.
    fn primary(&self, ends: &[(usize, usize, usize)]) -> Option<usize> {
        ends.iter().filter_map(|(_, node, _)| self.origin(*node)).min()
    }
}

/// The number of pieces that each action of a document works on, one after the other.
fn pieces(workflow: &Workflow, inputs: &[Vec<Option<(usize, usize)>>]) -> Vec<u32> {
    let mut pieces: Vec<u32> =
        workflow.actions.iter().map(|node| split::pieces(&node.action_type, &node.parameters)).collect();
    // Validation allows one split on every way, so that a number spreads and never grows.
    let mut has_spread = pieces.iter().any(|&count| count > 1);
    while has_spread {
        has_spread = false;
        for (index, inputs) in inputs.iter().enumerate() {
            let most = inputs.iter().flatten().map(|(from, _)| pieces[*from]).max().unwrap_or(1);
            if most > pieces[index] {
                pieces[index] = most;
                has_spread = true;
            }
        }
    }
    pieces
}

/// The name pattern for a piece: with its number where the pattern says so, or else after the input's name.
fn name_of_piece(pattern: &str, number: u32) -> String {
    of_piece(pattern, number).unwrap_or_else(|| create_rendition::suffixed(pattern, &format!("-{number}")))
}
