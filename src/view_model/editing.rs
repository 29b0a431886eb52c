//! Editing the graph of a workflow document: adding, removing, moving, copying and connecting steps. Raw JSON in, raw
//! JSON out, as in [`document`](super::document): what an edit does not concern stays as it was written.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::document::{index_of, is_off, nodes};
use super::form;
use super::places::POSITION;
use crate::actions::{self, Action, Port, PortType, Role, input_text};

mod data;
mod group;

pub use data::{columns, with_columns};
pub use group::{copied_steps, on_and_off, with_copies, with_pasted_steps, with_steps_off, without_steps};

/// An edge of the graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// The `actionId` that it leaves.
    pub source: String,
    /// The output port there.
    pub source_port: String,
    /// The `actionId` that it enters.
    pub target: String,
    /// The input port there.
    pub target_port: String,
}

impl Edge {
    fn read(value: &Value) -> Self {
        let text = |key| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        Self {
            source: text("connectionSource"),
            source_port: text("sourcePort"),
            target: text("connectionTarget"),
            target_port: text("targetPort"),
        }
    }

    fn between(source: (&str, &str), target: (&str, &str)) -> Self {
        Self {
            source: source.0.to_owned(),
            source_port: source.1.to_owned(),
            target: target.0.to_owned(),
            target_port: target.1.to_owned(),
        }
    }

    fn written(&self) -> Value {
        json!({
            "connectionSource": self.source,
            "sourcePort": self.source_port,
            "connectionTarget": self.target,
            "targetPort": self.target_port,
        })
    }

    /// Whether it leaves an output port.
    pub fn leaves(&self, id: &str, port: &str) -> bool {
        self.source == id && self.source_port == port
    }

    /// Whether it enters an input port.
    pub fn enters(&self, id: &str, port: &str) -> bool {
        self.target == id && self.target_port == port
    }
}

/// The edges of a document, in its order.
pub fn edges(document: &Value) -> Vec<Edge> {
    let list = document.get("connections").and_then(Value::as_array);
    list.into_iter().flatten().map(Edge::read).collect()
}

fn actions_of(document: &Value) -> &[Value] {
    document.get("actions").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn id_at(document: &Value, index: usize) -> Option<String> {
    let id = actions_of(document).get(index)?.get("actionId")?.as_str()?;
    Some(id.to_owned())
}

fn action_at(document: &Value, index: usize) -> Option<&'static Action> {
    actions::find(actions_of(document).get(index)?.get("actionType")?.as_str()?)
}

fn action_of(document: &Value, id: &str) -> Option<&'static Action> {
    action_at(document, index_of(document, id)?)
}

/// The port through which the pictures that an action works on come in.
fn main_input(action: &Action) -> Option<&'static Port> {
    action.inputs.iter().find(|port| port.kind == PortType::Image)
}

/// The port through which its results leave.
fn main_output(action: &Action) -> Option<&'static Port> {
    action.outputs.iter().find(|port| port.kind == PortType::Image)
}

/// Where a step is added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Before the last output.
    End,
    /// After the step with this `actionId`, before all that follow it.
    After(String),
    /// Into the connection from an output port to an input port: `actionId` and port of each.
    Into((String, String), (String, String)),
    /// At the end of a new connection from an output port: `actionId` and port. What follows that port already stays where it is.
    From((String, String)),
}

/// A document with its lists as they can be edited, and its edges.
struct Editing {
    document: Value,
    edges: Vec<Edge>,
}

impl Editing {
    fn of(document: &Value) -> Self {
        Self { document: document.clone(), edges: edges(document) }
    }

    /// The document with the edges as they are now. Edges that were not changed keep what else is written at them.
    fn finish(self) -> Value {
        let Self { mut document, edges } = self;
        let before = document.get("connections").and_then(Value::as_array).cloned().unwrap_or_default();
        let mut rest: Vec<Option<Value>> = before.into_iter().map(Some).collect();
        let written = edges.iter().map(|edge| {
            let same = rest.iter_mut().find(|one| one.as_ref().is_some_and(|one| Edge::read(one) == *edge));
            same.and_then(Option::take).unwrap_or_else(|| edge.written())
        });
        let written: Vec<Value> = written.collect();
        if let Some(object) = document.as_object_mut() {
            object.insert("connections".to_owned(), Value::Array(written));
        }
        document
    }

    fn list(&mut self) -> Option<&mut Vec<Value>> {
        let object = self.document.as_object_mut()?;
        object.entry("actions").or_insert_with(|| json!([])).as_array_mut()
    }

    /// An `actionId` that is not taken: the wish, or with a number.
    fn free_id(&self, wish: &str) -> String {
        let taken: HashSet<&str> =
            actions_of(&self.document).iter().filter_map(|action| action.get("actionId")?.as_str()).collect();
        let numbered = (2_u32..).map(|number| format!("{wish}-{number}"));
        std::iter::once(wish.to_owned()).chain(numbered).find(|id| !taken.contains(id.as_str())).unwrap_or_default()
    }

    /// Adds an action at a place in the list and returns its id.
    fn add(&mut self, at: usize, wish: &str, action_type: &str, parameters: Map<String, Value>) -> String {
        let id = self.free_id(wish);
        let written = json!({ "actionId": id, "actionType": action_type, "parameters": parameters });
        if let Some(list) = self.list() {
            list.insert(at.min(list.len()), written);
        }
        id
    }

    /// Adds a step as it usually begins at a place in the list and returns its id.
    fn add_step(&mut self, at: usize, action: &Action) -> String {
        let wish = if action.role == Role::Sink { "save" } else { action.action_type };
        self.add(at, wish, action.action_type, first_settings(action))
    }

    fn connect(&mut self, source: (&str, &str), target: (&str, &str)) {
        self.edges.push(Edge::between(source, target));
    }

    /// Leads an output port to an input port, or nothing, in place of what led there.
    fn lead(&mut self, source: Option<(&str, &str)>, target: (&str, &str)) {
        self.edges.retain(|edge| !edge.enters(target.0, target.1));
        if let Some(source) = source {
            self.connect(source, target);
        }
    }

    /// Adds an input for every required further port that nothing leads to.
    fn fill_ports(&mut self, at: usize, id: &str, action: &Action) {
        let main = main_input(action).map(|port| port.name);
        for port in action.inputs.iter().filter(|port| port.required && Some(port.name) != main) {
            if !self.edges.iter().any(|edge| edge.enters(id, port.name)) {
                self.supply(at, id, port);
            }
        }
    }
}

/// A workflow that writes its pictures as they are: where building one starts.
pub fn blank(name: &str) -> Value {
    json!({
        "metadata": { "name": name },
        "actions": [
            { "actionId": "photos", "actionType": "input-images", "parameters": {} },
            { "actionId": "save", "actionType": "output", "parameters": {} },
        ],
        "connections": [Edge::between(("photos", "outputs"), ("save", "input-images")).written()],
    })
}

/// Adds a step at a place and returns the document and the new step's id. What followed follows the new step now; an
/// output is added beside what follows.
pub fn with_step(document: &Value, action_type: &str, place: &Place) -> Option<(Value, String)> {
    let action = actions::find(action_type)?;
    if let Place::From(source) = place
        && let Some(added) = with_step_from(document, action, source)
    {
        return Some(added);
    }
    if action.role == Role::Data {
        return Some(data::with_data(document, action));
    }
    if let Place::Into(source, target) = place
        && let Some(added) = with_step_between(document, action, source, target)
    {
        return Some(added);
    }
    let mut editing = Editing::of(document);
    let place = place_in_flow(document, place);
    let at = match place.as_ref().and_then(|(id, _)| index_of(document, id)) {
        // Outputs come last, so that a list of steps reads in order.
        Some(_) if action.role == Role::Sink => actions_of(document).len(),
        Some(index) => index + 1,
        None => actions_of(document).len(),
    };
    let id = editing.add_step(at, action);
    if let Some((source, source_port)) = &place
        && let Some(input) = main_input(action)
    {
        if let Some(output) = main_output(action) {
            // A table gets files, not what steps make of them.
            let is_table = |id: &str| action_of(document, id).is_some_and(|action| action.role == Role::Data);
            let follows = |edge: &&mut Edge| edge.leaves(source, source_port) && !is_table(&edge.target);
            for edge in editing.edges.iter_mut().filter(follows) {
                (edge.source, edge.source_port) = (id.clone(), output.name.to_owned());
            }
        }
        editing.connect((source, source_port), (&id, input.name));
    }
    editing.fill_ports(at, &id, action);
    Some((editing.finish(), id))
}

/// The step and port whose pictures a step at a place gets.
fn place_in_flow(document: &Value, place: &Place) -> Option<(String, String)> {
    let id = match place {
        Place::End => last_step(document)?,
        Place::After(id) | Place::Into((id, _), _) | Place::From((id, _)) => id.clone(),
    };
    match action_of(document, &id).and_then(main_output) {
        Some(port) => Some((id, port.name.to_owned())),
        // After an output means beside it.
        None => fed_by(&edges(document), document, &id),
    }
}

/// The step that feeds the last output.
fn last_step(document: &Value) -> Option<String> {
    let sink = nodes(document)
        .into_iter()
        .rev()
        .find(|node| actions::find(&node.action_type).is_some_and(|action| action.role == Role::Sink));
    match sink {
        Some(node) => fed_by(&edges(document), document, &node.action_id).map(|(id, _)| id),
        None => nodes(document).into_iter().next_back().map(|node| node.action_id),
    }
}

/// The step and port whose pictures an action works on.
fn fed_by(edges: &[Edge], document: &Value, id: &str) -> Option<(String, String)> {
    let port = action_of(document, id).and_then(main_input)?;
    let edge = edges.iter().find(|edge| edge.enters(id, port.name))?;
    Some((edge.source.clone(), edge.source_port.clone()))
}

/// Removes a step; what followed it follows the step before it. Inputs that only it used are removed too.
pub fn without_step(document: &Value, index: usize) -> Value {
    let (Some(id), mut editing) = (id_at(document, index), Editing::of(document)) else {
        return document.clone();
    };
    let before = fed_by(&editing.edges, document, &id);
    data::leave_text(&mut editing, &id);
    let output = action_at(document, index).and_then(main_output).map(|port| port.name);
    let mut left: HashSet<String> = HashSet::from([id.clone()]);
    for edge in editing.edges.iter().filter(|edge| edge.target == id) {
        let is_input = action_of(document, &edge.source).is_some_and(supplies);
        let is_main = before.as_ref().is_some_and(|(source, _)| *source == edge.source);
        let serves_others = editing.edges.iter().any(|other| other.source == edge.source && other.target != id);
        if is_input && !is_main && !serves_others {
            left.insert(edge.source.clone());
        }
    }
    if let (Some((source, source_port)), Some(output)) = (&before, output) {
        // Both ways of a condition become one.
        let is_condition = action_at(document, index).is_some_and(Action::is_condition);
        let leads_on = |edge: &Edge| edge.source == id && (is_condition || edge.source_port == output);
        for edge in editing.edges.iter_mut().filter(|edge| leads_on(edge)) {
            (edge.source, edge.source_port) = (source.clone(), source_port.clone());
        }
    }
    editing.edges.retain(|edge| !left.contains(&edge.source) && !left.contains(&edge.target));
    if let Some(list) = editing.list() {
        let mut at = 0;
        list.retain(|action| {
            let goes = match action.get("actionId").and_then(Value::as_str) {
                // Only this one of several with the same id.
                Some(own) if own == id => at == index,
                Some(own) => left.contains(own),
                None => false,
            };
            at += 1;
            !goes
        });
    }
    editing.finish()
}

/// Whether an action only supplies others.
fn supplies(action: &Action) -> bool {
    action.role == Role::Source || input_text::is_text(action.action_type)
}

/// Most bytes of a step that is pasted.
const MOST_PASTED: usize = 256 << 10;

/// A step as text for the clipboard: its action and its settings. Inputs, with their pictures, have none.
pub fn copied(document: &Value, index: usize) -> Option<(String, &'static Action)> {
    let action = action_at(document, index).filter(|action| action.role != Role::Source)?;
    let parameters = &actions_of(document).get(index)?["parameters"];
    let step = json!({ "actionType": action.action_type, "parameters": parameters });
    Some((serde_json::to_string_pretty(&step).ok()?, action))
}

/// Adds a step that was [`copied`] at a place, and returns the document, the new step's id and its action; `None` if the text
/// is no such step.
pub fn with_pasted(document: &Value, text: &str, place: &Place) -> Option<(Value, String, &'static Action)> {
    let step: Value = (text.len() <= MOST_PASTED).then(|| serde_json::from_str(text).ok()).flatten()?;
    let action = actions::find(step["actionType"].as_str()?).filter(|action| action.role != Role::Source)?;
    let parameters = step.get("parameters").filter(|parameters| parameters.is_object()).cloned();
    let (mut document, id) = with_step(document, action.action_type, place)?;
    let index = index_of(&document, &id)?;
    document["actions"][index]["parameters"] = parameters.unwrap_or_else(|| json!({}));
    Some((document, id, action))
}

/// A copy of a step, with its settings, after it; an output's copy is beside it.
pub fn with_copy(document: &Value, index: usize) -> Option<(Value, String)> {
    let (id, action) = (id_at(document, index)?, action_at(document, index)?);
    if action.role == Role::Source {
        return None;
    }
    let source = actions_of(document).get(index)?.clone();
    let mut editing = Editing::of(document);
    let copy = editing.free_id(&id);
    let mut written = source;
    written["actionId"] = json!(copy);
    written.as_object_mut()?.shift_remove(POSITION);
    editing.list()?.insert(index + 1, written);
    let main = main_input(action)?.name;
    // Further ports get what those of the original get.
    let further: Vec<Edge> = editing.edges.iter().filter(|edge| edge.target == id).cloned().collect();
    for edge in further.into_iter().filter(|edge| edge.target_port != main) {
        editing.connect((&edge.source, &edge.source_port), (&copy, &edge.target_port));
    }
    match main_output(action) {
        Some(output) => {
            for edge in editing.edges.iter_mut().filter(|edge| edge.leaves(&id, output.name)) {
                edge.source.clone_from(&copy);
            }
            editing.connect((&id, output.name), (&copy, main));
        }
        None => {
            if let Some((source, port)) = fed_by(&editing.edges, document, &id) {
                editing.connect((&source, &port), (&copy, main));
            }
        }
    }
    Some((editing.finish(), copy))
}

/// Turns a step off, or on again.
pub fn with_off(document: &Value, index: usize, off: bool) -> Value {
    let mut document = document.clone();
    if let Some(action) = document.pointer_mut(&format!("/actions/{index}")).and_then(Value::as_object_mut) {
        match off {
            true => drop(action.insert("disabled".to_owned(), json!(true))),
            false => drop(action.shift_remove("disabled")),
        }
    }
    document
}

/// Whether a step can be turned off: no input, and not the last output that is on.
pub fn can_turn_off(document: &Value, index: usize) -> bool {
    let is_output = |at: usize| action_at(document, at).is_some_and(|action| action.role == Role::Sink);
    let is_other = |at: &usize| *at != index && is_output(*at) && !is_off(document, *at);
    match action_at(document, index).map(|action| action.role) {
        Some(Role::Transform | Role::Gather) => true,
        Some(Role::Sink) => (0..actions_of(document).len()).any(|at| is_other(&at)),
        Some(Role::Source | Role::Data | Role::Note) | None => false,
    }
}

/// Where a step moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Before the step whose pictures it gets.
    Earlier,
    /// After the step that gets its pictures.
    Later,
}

/// Exchanges a step with its neighbour in a straight chain; `None` where there is none: at the ends of the chain, and
/// where it branches.
pub fn moved(document: &Value, index: usize, direction: Direction) -> Option<Value> {
    Some(exchanged(document, neighbours(document, index, direction)?))
}

/// Whether [`moved`] has something to exchange a step with.
pub fn can_move(document: &Value, index: usize, direction: Direction) -> bool {
    neighbours(document, index, direction).is_some()
}

/// Two steps that can be exchanged, one of which directly follows the other.
struct Neighbours {
    first: (String, &'static Action),
    second: (String, &'static Action),
}

fn neighbours(document: &Value, index: usize, direction: Direction) -> Option<Neighbours> {
    let id = id_at(document, index)?;
    let edges = edges(document);
    let (first, second) = match direction {
        Direction::Earlier => (fed_by(&edges, document, &id)?.0, id),
        Direction::Later => {
            let next = sole_follower(&edges, document, &id)?;
            (id, next)
        }
    };
    if sole_follower(&edges, document, &first)? != second {
        return None;
    }
    let transform =
        |id: &str| action_of(document, id).filter(|action| matches!(action.role, Role::Transform | Role::Gather));
    let (one, other) = (transform(&first)?, transform(&second)?);
    Some(Neighbours { first: (first, one), second: (second, other) })
}

/// The step that alone gets a step's pictures, as those it works on.
fn sole_follower(edges: &[Edge], document: &Value, id: &str) -> Option<String> {
    let mut following = edges.iter().filter(|edge| edge.source == id);
    let edge = following.next()?;
    let is_main =
        action_of(document, &edge.target).and_then(main_input).is_some_and(|port| port.name == edge.target_port)
            && action_of(document, id).and_then(main_output).is_some_and(|port| port.name == edge.source_port);
    (following.next().is_none() && is_main).then(|| edge.target.clone())
}

/// Exchanges two steps, with what leads to them and what they lead to.
fn exchanged(document: &Value, Neighbours { first, second }: Neighbours) -> Value {
    let ((first, one), (second, other)) = (first, second);
    let mut editing = Editing::of(document);
    let ports = |action: &Action| Some((main_input(action)?.name, main_output(action)?.name));
    let (Some((in_one, out_one)), Some((in_other, out_other))) = (ports(one), ports(other)) else {
        return document.clone();
    };
    for edge in &mut editing.edges {
        if edge.leaves(&second, out_other) {
            (edge.source, edge.source_port) = (first.clone(), out_one.to_owned());
        } else if edge.enters(&first, in_one) {
            (edge.target, edge.target_port) = (second.clone(), in_other.to_owned());
        } else if edge.enters(&second, in_other) {
            *edge = Edge::between((&second, out_other), (&first, in_one));
        }
    }
    if let (Some(at), Some(to)) = (index_of(document, &first), index_of(document, &second))
        && let Some(list) = editing.list()
    {
        list.swap(at, to);
    }
    editing.finish()
}

/// The settings of a new step: none where the defaults do, or else the first usual ones that are valid.
fn first_settings(action: &Action) -> Map<String, Value> {
    let usual = [json!({}), json!({ "ratio": "1:1" }), json!({ "width": 1600, "height": 1600 })];
    let mut usual = usual.into_iter().filter_map(|settings| settings.as_object().cloned());
    usual.find(|settings| action.check(settings).is_empty()).unwrap_or_default()
}

/// What leads to an input port of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plug {
    /// The port's name in the document.
    pub port: &'static str,
    /// Its name in the form.
    pub title: String,
    /// What it is for.
    pub description: &'static str,
    /// What flows through it.
    pub kind: PortType,
    /// Whether something must lead to it.
    pub required: bool,
    /// What leads to it: the place in `choices`.
    pub chosen: Option<usize>,
    /// What may lead to it.
    pub choices: Vec<Outlet>,
}

/// An output port of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outlet {
    /// The step's `actionId`.
    pub action_id: String,
    /// The port's name.
    pub port: String,
    /// How it is called in the form.
    pub title: String,
}

/// The input ports of a step, with what leads to each and what may: no step that works on the results of this one.
pub fn plugs(document: &Value, index: usize) -> Vec<Plug> {
    let (Some(id), Some(action)) = (id_at(document, index), action_at(document, index)) else { return Vec::new() };
    let edges = edges(document);
    let after = reached(&edges, &id);
    let mut outlets = Vec::new();
    for node in nodes(document) {
        let Some(other) = actions::find(&node.action_type).filter(|_| !after.contains(node.action_id.as_str())) else {
            continue;
        };
        let title = form::label(&node.action_id);
        let known = other.outputs.iter().map(|port| (port.kind, port.name.to_owned()));
        let columns = columns(document, &node.action_id).into_iter().map(|(column, kind)| (kind, column));
        for (kind, port) in known.chain(columns) {
            let title = match port == actions::IMAGE_OUT.name || input_text::is_text(other.action_type) {
                true => title.clone(),
                false => format!("{title}: {}", form::label(&port).to_ascii_lowercase()),
            };
            outlets.push((kind, Outlet { action_id: node.action_id.clone(), port, title }));
        }
    }
    let main = main_input(action).map(|port| port.name);
    let plug = |port: &'static Port| {
        let fits = outlets.iter().filter(|(kind, _)| *kind == port.kind);
        let choices: Vec<Outlet> = fits.map(|(_, outlet)| outlet.clone()).collect();
        let edge = edges.iter().find(|edge| edge.enters(&id, port.name));
        let leads = |one: &Outlet| edge.is_some_and(|edge| edge.leaves(&one.action_id, &one.port));
        Plug {
            port: port.name,
            title: match port.kind {
                _ if main == Some(port.name) => "Works on".to_owned(),
                PortType::Text => [&form::label(port.name), " from"].concat(),
                _ => form::label(port.name),
            },
            description: port.description,
            kind: port.kind,
            required: port.required,
            chosen: choices.iter().position(leads),
            choices,
        }
    };
    action.inputs.iter().map(plug).collect()
}

/// A step and everything that its pictures reach.
fn reached<'a>(edges: &'a [Edge], id: &'a str) -> HashSet<&'a str> {
    let (mut seen, mut open) = (HashSet::new(), vec![id]);
    while let Some(id) = open.pop() {
        if seen.insert(id) {
            open.extend(edges.iter().filter(|edge| edge.source == id).map(|edge| edge.target.as_str()));
        }
    }
    seen
}

/// Leads another output port to an input port, or nothing.
pub fn plugged(document: &Value, index: usize, port: &str, outlet: Option<&Outlet>) -> Value {
    let Some(id) = id_at(document, index) else { return document.clone() };
    let mut editing = Editing::of(document);
    editing.lead(outlet.map(|outlet| (outlet.action_id.as_str(), outlet.port.as_str())), (&id, port));
    editing.finish()
}

/// The input ports to which an output port may lead, each as `actionId` and port: those through which the same flows, of
/// steps from which there is no way back.
pub fn fitting(document: &Value, source: (&str, &str)) -> HashSet<(String, String)> {
    let leads = |plug: &Plug| plug.choices.iter().any(|one| (one.action_id.as_str(), one.port.as_str()) == source);
    let mut fitting = HashSet::new();
    for node in nodes(document) {
        let plugs = plugs(document, node.index).into_iter().filter(leads);
        fitting.extend(plugs.map(|plug| (node.action_id.clone(), plug.port.to_owned())));
    }
    fitting
}

/// Leads an output port to an input port, in place of what led there.
pub fn connected(document: &Value, source: (&str, &str), target: (&str, &str)) -> Value {
    let mut editing = Editing::of(document);
    editing.lead(Some(source), target);
    editing.finish()
}

/// Removes a connection.
pub fn disconnected(document: &Value, source: (&str, &str), target: (&str, &str)) -> Value {
    let mut editing = Editing::of(document);
    editing.edges.retain(|edge| !(edge.leaves(source.0, source.1) && edge.enters(target.0, target.1)));
    editing.finish()
}

/// What flows through an output port.
fn kind_of(document: &Value, (id, port): &(String, String)) -> Option<PortType> {
    let known = action_of(document, id)?.outputs.iter().find(|one| one.name == *port).map(|port| port.kind);
    let column = || columns(document, id).into_iter().find(|(column, _)| column == port).map(|(_, kind)| kind);
    known.or_else(column)
}

/// What flows into a step that is added at a place, if that is given.
pub fn kind_at(document: &Value, place: &Place) -> Option<PortType> {
    match place {
        Place::From(source) => kind_of(document, source),
        Place::End | Place::After(_) | Place::Into(..) => None,
    }
}

/// Adds a step to which a new connection leads. A text is written on the pictures that the last output gets. `None` for an action
/// that takes nothing of what flows there.
fn with_step_from(document: &Value, action: &Action, source: &(String, String)) -> Option<(Value, String)> {
    let kind = kind_of(document, source)?;
    let input = action.inputs.iter().find(|port| port.kind == kind)?;
    let from = (source.0.as_str(), source.1.as_str());
    if kind == PortType::Text {
        let (document, id) = with_step(document, action.action_type, &Place::End)?;
        return Some((connected(&document, from, (&id, input.name)), id));
    }
    let mut editing = Editing::of(document);
    let at = if action.role == Role::Sink { actions_of(document).len() } else { index_of(document, from.0)? + 1 };
    let id = editing.add_step(at, action);
    editing.connect(from, (&id, input.name));
    editing.fill_ports(at, &id, action);
    Some((editing.finish(), id))
}

/// Adds a step into one connection only; other steps that follow the same one stay where they are. `None` for an action
/// that nothing can follow.
fn with_step_between(
    document: &Value,
    action: &Action,
    source: &(String, String),
    target: &(String, String),
) -> Option<(Value, String)> {
    let (source, target) = ((source.0.as_str(), source.1.as_str()), (target.0.as_str(), target.1.as_str()));
    let (input, output) = (main_input(action)?, main_output(action)?);
    let mut editing = Editing::of(document);
    let at = index_of(document, source.0)? + 1;
    let id = editing.add_step(at, action);
    for edge in editing.edges.iter_mut() {
        if edge.leaves(source.0, source.1) && edge.enters(target.0, target.1) {
            (edge.source, edge.source_port) = (id.clone(), output.name.to_owned());
        }
    }
    editing.connect(source, (&id, input.name));
    editing.fill_ports(at, &id, action);
    Some((editing.finish(), id))
}

/// Adds an input for a port of a step.
pub fn with_input(document: &Value, index: usize, port: &str) -> Value {
    let Some(id) = id_at(document, index) else { return document.clone() };
    let mut editing = Editing::of(document);
    editing.edges.retain(|edge| !edge.enters(&id, port));
    match action_at(document, index).and_then(|action| action.inputs.iter().find(|one| one.name == port)) {
        Some(port) => editing.supply(index, &id, port),
        None => return document.clone(),
    }
    editing.finish()
}

/// The workflow that ends at a step, to look at what it makes: its only output writes that step's pictures. A condition
/// makes none: what is looked at is the picture that reaches it.
pub fn up_to(document: &Value, id: &str) -> Option<Value> {
    let mut editing = Editing::of(document);
    let (mut id, mut port) = (id.to_owned(), action_of(document, id).and_then(main_output)?.name.to_owned());
    let mut left = editing.edges.len();
    while action_of(document, &id).is_some_and(Action::is_condition) && left > 0 {
        (id, port) = fed_by(&editing.edges, document, &id)?;
        left -= 1;
    }
    let id = id.as_str();
    let needed = {
        let (mut seen, mut open) = (HashSet::new(), vec![id]);
        let tables = data::tables(document);
        open.extend(tables.iter().map(String::as_str));
        while let Some(id) = open.pop() {
            if seen.insert(id.to_owned()) {
                open.extend(editing.edges.iter().filter(|edge| edge.target == id).map(|edge| edge.source.as_str()));
            }
        }
        seen
    };
    let is_needed = |id: Option<&Value>| id.and_then(Value::as_str).is_some_and(|id| needed.contains(id));
    editing.edges.retain(|edge| needed.contains(&edge.source) && needed.contains(&edge.target));
    editing.list()?.retain(|action| is_needed(action.get("actionId")));
    let parameters = json!({ "format": "web", "quality": 90, "name": "{name}.{ext}" });
    let parameters = parameters.as_object().cloned().unwrap_or_default();
    let sink = editing.add(usize::MAX, "look", "output", parameters);
    editing.connect((id, &port), (&sink, "input-images"));
    Some(editing.finish())
}

/// The actions that can be added as steps and that fit a search, the best first: those whose name begins with it, then
/// those with it as a word of their name, then those with it in their name, then those with it in what is said of them.
/// All words of the search must be found. Without a search, they are in the order of their groups. If a kind is given, only those
/// that take it.
pub fn offers(search: &str, kind: Option<PortType>) -> Vec<&'static Action> {
    let words: Vec<String> = search.split_whitespace().map(str::to_lowercase).collect();
    let rank = |action: &Action| {
        let (name, id) = (action.name.to_lowercase(), action.action_type.to_lowercase());
        let said = format!("{} {} {}", action.description, actions::catalog::usage(action), action.category.word())
            .to_lowercase();
        words.iter().try_fold(0_u32, |worst, word| {
            let rank = match word.as_str() {
                word if name.starts_with(word) || id.starts_with(word) => 0,
                word if name.split_whitespace().any(|one| one == word) => 1,
                word if name.contains(word) || id.contains(word) => 2,
                word if said.contains(word) => 3,
                _ => return None,
            };
            Some(worst.max(rank))
        })
    };
    let takes = |action: &Action| kind.is_none_or(|kind| action.inputs.iter().any(|port| port.kind == kind));
    let steps = actions::catalog().iter().copied().filter(|action| action.role != Role::Source && takes(action));
    let mut found: Vec<(u32, &Action)> = steps.filter_map(|action| Some((rank(action)?, action))).collect();
    let is_search = !words.is_empty();
    let key = |found: &(u32, &Action)| if is_search { found.0 } else { found.1.category as u32 };
    crate::compact::sort_by(&mut found, |one, other| key(one).cmp(&key(other)));
    found.into_iter().map(|(_, action)| action).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actions::Category;
    use crate::view_model::document;
    use crate::workflow::builtin::{self, BUILTIN};
    use crate::workflow::{Diagnostic, check};

    fn errors(document: &Value) -> Vec<Diagnostic> {
        check(document).1.into_iter().filter(Diagnostic::is_error).collect()
    }

    /// The graph as text: `photos→resize resize→save`.
    fn graph(document: &Value) -> String {
        let mut all: Vec<String> = edges(document)
            .iter()
            .map(|edge| match edge.target_port.as_str() {
                "input-images" => format!("{}→{}", edge.source, edge.target),
                port => format!("{}→{}.{port}", edge.source, edge.target),
            })
            .collect();
        all.sort();
        all.join(" ")
    }

    fn ids(document: &Value) -> Vec<String> {
        nodes(document).into_iter().map(|node| node.action_id).collect()
    }

    fn at(document: &Value, id: &str) -> usize {
        index_of(document, id).unwrap()
    }

    fn added(document: &Value, action_type: &str, after: Option<&str>) -> Value {
        with_step(document, action_type, &after.map_or(Place::End, |id| Place::After(id.to_owned()))).unwrap().0
    }

    #[test]
    fn a_workflow_is_built_step_by_step() {
        let start = blank("Packshot");
        assert_eq!(graph(&start), "photos→save");
        let cut = added(&start, "remove-background", None);
        let cut = added(&cut, "pad", None);
        assert_eq!(graph(&cut), "pad→save photos→remove-background remove-background→pad");
        assert_eq!(ids(&cut), ["photos", "remove-background", "pad", "save"]);
        let between = added(&cut, "trim", Some("remove-background"));
        assert_eq!(graph(&between), "pad→save photos→remove-background remove-background→trim trim→pad");
        assert_eq!(ids(&between), ["photos", "remove-background", "trim", "pad", "save"]);
        assert!(errors(&added(&start, "trim", None)).is_empty());
    }

    #[test]
    fn an_output_is_added_beside_what_follows() {
        let document = added(&added(&blank("Two"), "resize", None), "output", Some("save"));
        assert_eq!(graph(&document), "photos→resize resize→save resize→save-2");
        let small = added(&document, "grayscale", Some("save-2"));
        assert_eq!(graph(&small), "grayscale→save grayscale→save-2 photos→resize resize→grayscale");
        assert_eq!(ids(&document), ["photos", "resize", "save", "save-2"]);
    }

    #[test]
    fn further_ports_get_an_input_of_their_own() {
        let document = added(&blank("Marked"), "watermark", None);
        assert!(errors(&document).is_empty(), "{:?}", errors(&document));
        let inputs = document::inputs(&document);
        assert_eq!(inputs.iter().map(|input| input.primary).collect::<Vec<_>>(), [true, false]);
        assert_eq!(graph(&without_step(&document, at(&document, "watermark"))), "photos→save", "its logo goes with it");
    }

    #[test]
    fn removing_a_step_connects_its_neighbours() {
        let document = added(&added(&blank("One"), "resize", None), "sharpen", None);
        let removed = without_step(&document, at(&document, "resize"));
        assert_eq!(graph(&removed), "photos→sharpen sharpen→save");
        assert_eq!(ids(&removed), ["photos", "sharpen", "save"]);
        let without_output = without_step(&removed, at(&removed, "save"));
        assert_eq!(graph(&without_output), "photos→sharpen");
        // Added again, it is connected again.
        assert_eq!(graph(&added(&without_output, "output", None)), "photos→sharpen sharpen→save");
    }

    #[test]
    fn steps_of_a_chain_change_places() {
        let document = added(&added(&added(&blank("One"), "resize", None), "watermark", None), "sharpen", None);
        let earlier = moved(&document, at(&document, "sharpen"), Direction::Earlier).unwrap();
        let logo = graph(&document).split(' ').find(|edge| edge.contains(".overlay")).map(str::to_owned).unwrap();
        let expected = ["photos→resize", "resize→sharpen", "sharpen→watermark", "watermark→save"];
        assert!(expected.iter().all(|edge| graph(&earlier).contains(edge)), "{}", graph(&earlier));
        assert!(graph(&earlier).contains(&logo), "{}", graph(&earlier));
        let back = moved(&earlier, at(&earlier, "sharpen"), Direction::Later).unwrap();
        assert_eq!(graph(&back), graph(&document));
        assert!(errors(&back).is_empty() && errors(&earlier).is_empty());
        for (id, direction) in
            [("resize", Direction::Earlier), ("sharpen", Direction::Later), ("save", Direction::Earlier)]
        {
            assert!(moved(&document, at(&document, id), direction).is_none(), "{id} {direction:?}");
        }
        let branched = added(&document, "output", Some("resize"));
        assert!(moved(&branched, at(&branched, "resize"), Direction::Later).is_none(), "two steps follow");
    }

    #[test]
    fn a_copy_follows_its_original_with_the_same_settings() {
        let document =
            document::with_parameter(&added(&blank("One"), "watermark", None), 2, "opacity", Some(json!(0.3)));
        let (copied, copy) = with_copy(&document, at(&document, "watermark")).unwrap();
        assert_eq!(copy, "watermark-2");
        assert_eq!(
            document::parameters(&copied, at(&copied, &copy)),
            document::parameters(&document, at(&document, "watermark"))
        );
        assert!(graph(&copied).contains("watermark-2→save watermark→watermark-2"), "{}", graph(&copied));
        assert!(errors(&copied).is_empty());
        let (outputs, second) = with_copy(&document, at(&document, "save")).unwrap();
        assert!(graph(&outputs).contains(&format!("watermark→{second}")), "{}", graph(&outputs));
    }

    /// The ports that connections leave, with where they lead.
    fn leaving(document: &Value, id: &str) -> String {
        let own = edges(document).into_iter().filter(|edge| edge.source == id);
        let mut all: Vec<_> = own.map(|edge| format!("{}→{}", edge.source_port, edge.target)).collect();
        all.sort();
        all.join(" ")
    }

    #[test]
    fn a_condition_joins_a_chain_by_its_first_port() {
        let document = added(&added(&blank("Two ways"), "condition", None), "output", Some("condition"));
        assert_eq!(leaving(&document, "condition"), "then→save then→save-2");
        let titles: Vec<_> =
            plugs(&document, at(&document, "save"))[0].choices.iter().map(|one| one.title.clone()).collect();
        assert_eq!(titles, ["Photos", "Condition: then", "Condition: else"]);
        let (from, to) = (("condition", "else"), ("save-2", "input-images"));
        let branched = connected(&document, from, to);
        assert_eq!((leaving(&branched, "condition").as_str(), errors(&branched)), ("else→save-2 then→save", vec![]));
        // A step goes into either way.
        let own = |(id, port): (&str, &str)| (id.to_owned(), port.to_owned());
        let (small, _) = with_step(&branched, "resize", &Place::Into(own(from), own(to))).unwrap();
        assert_eq!((leaving(&small, "condition").as_str(), errors(&small)), ("else→resize then→save", vec![]));
        assert_eq!(leaving(&added(&branched, "resize", Some("condition")), "condition"), "else→save-2 then→resize");
        // Without the condition, or with it turned off, both ways are one.
        let without = without_step(&small, at(&small, "condition"));
        assert_eq!((graph(&without).as_str(), errors(&without)), ("photos→resize photos→save resize→save-2", vec![]));
        assert_eq!(errors(&with_off(&small, at(&small, "condition"), true)), []);
        // Only what follows by the first port changes places with it.
        let other = disconnected(&small, ("condition", "then"), ("save", "input-images"));
        assert!(!can_move(&other, at(&other, "resize"), Direction::Earlier));
        let chain = added(&added(&blank("One way"), "condition", None), "resize", None);
        let earlier = moved(&chain, at(&chain, "resize"), Direction::Earlier).unwrap();
        assert_eq!(
            (graph(&earlier).as_str(), leaving(&earlier, "condition").as_str()),
            ("condition→save photos→resize resize→condition", "then→save")
        );
        assert_eq!(
            leaving(&with_copy(&branched, at(&branched, "condition")).unwrap().0, "condition"),
            "else→save-2 then→condition-2"
        );
    }

    #[test]
    fn what_reaches_a_condition_is_looked_at() {
        let document = added(&added(&blank("One"), "grayscale", None), "condition", None);
        let looked = up_to(&document, "condition").unwrap();
        assert_eq!((graph(&looked).as_str(), errors(&looked)), ("grayscale→look photos→grayscale", vec![]));
        let behind = up_to(&added(&document, "sepia", None), "sepia").unwrap();
        assert_eq!(leaving(&behind, "condition"), "then→sepia");
        // A cycle, as a document may have one.
        let cycle = connected(&document, ("condition", "then"), ("condition", "input-images"));
        assert!(up_to(&cycle, "condition").is_some());
    }

    #[test]
    fn ports_are_offered_what_makes_no_cycle() {
        let document = added(&added(&blank("One"), "resize", None), "watermark", None);
        let names = |index: usize, port: usize| -> Vec<String> {
            plugs(&document, index)[port].choices.iter().map(|outlet| outlet.action_id.clone()).collect()
        };
        let resize = at(&document, "resize");
        assert!(names(resize, 0).contains(&"photos".to_owned()));
        assert!(!names(resize, 0).iter().any(|id| id == "watermark" || id == "resize"));
        let watermark = &plugs(&document, at(&document, "watermark"))[0];
        assert_eq!(watermark.chosen.map(|at| watermark.choices[at].action_id.as_str()), Some("resize"));
        let photos = watermark.choices.iter().find(|outlet| outlet.action_id == "photos");
        let past = plugged(&document, at(&document, "watermark"), "input-images", photos);
        assert!(graph(&past).contains("photos→resize photos→watermark"), "{}", graph(&past));
        let loose = plugged(&document, at(&document, "save"), "input-images", None);
        assert!(errors(&loose).iter().any(|one| one.code == "missing_input"));
    }

    #[test]
    fn a_step_is_turned_off_and_on() {
        let document = added(&added(&blank("One"), "watermark", None), "remove-background", None);
        let off = with_off(&document, at(&document, "watermark"), true);
        assert!(is_off(&off, at(&off, "watermark")));
        assert_eq!(document::inputs(&off).len(), 1, "no logo is asked for");
        let steps: Vec<_> = document::steps(&off).into_iter().map(|step| step.title).collect();
        assert_eq!(steps, ["Remove background", "Output"]);
        let no_network = with_off(&off, at(&off, "remove-background"), true);
        assert_eq!((document::user_files(&off).len(), document::user_files(&no_network).len()), (1, 0));
        assert_eq!(with_off(&off, at(&off, "watermark"), false), document);
        assert!(can_turn_off(&document, at(&document, "watermark")));
        assert!(!can_turn_off(&document, at(&document, "photos")) && !can_turn_off(&document, at(&document, "save")));
        let two = added(&document, "output", None);
        assert!(can_turn_off(&two, at(&two, "save")));
        assert!(!can_turn_off(&with_off(&two, at(&two, "save-2"), true), at(&two, "save")));
        assert_eq!(errors(&no_network), []);
    }

    #[test]
    fn single_connections_are_made_broken_and_filled() {
        let document = added(&added(&blank("One"), "resize", None), "output", Some("save"));
        let (source, target) = (("resize", "outputs"), ("save-2", "input-images"));
        let own = |(id, port): (&str, &str)| (id.to_owned(), port.to_owned());
        let place = Place::Into(own(source), own(target));
        let (between, id) = with_step(&document, "grayscale", &place).unwrap();
        let (beside, _) = with_step(&document, "output", &place).unwrap();
        assert_eq!(graph(&beside), "photos→resize resize→save resize→save-2 resize→save-3");
        assert_eq!(graph(&between), "grayscale→save-2 photos→resize resize→grayscale resize→save");
        assert!(errors(&between).is_empty() && id == "grayscale");
        let broken = disconnected(&document, source, target);
        assert_eq!(graph(&broken), "photos→resize resize→save");
        assert_eq!(graph(&connected(&broken, source, target)), graph(&document));
        let fits =
            |source, (id, port): (&str, &str)| fitting(&document, source).contains(&(id.to_owned(), port.to_owned()));
        assert!(fits(("photos", "outputs"), target));
        assert!(!fits(source, ("resize", "input-images")), "a step cannot work on its own results");
        assert!(!fits(source, ("save", "nothing")) && !fits(("gone", "outputs"), target));
    }

    #[test]
    fn a_step_can_be_looked_at_in_every_built_in_workflow() {
        for builtin in BUILTIN {
            let document = builtin.document();
            for node in nodes(&document) {
                let has_pictures = actions::find(&node.action_type).and_then(main_output).is_some();
                let looked = up_to(&document, &node.action_id);
                assert_eq!(looked.is_some(), has_pictures, "{} {}", builtin.id, node.action_id);
                if let Some(looked) = looked {
                    assert_eq!(errors(&looked), [], "{} {}", builtin.id, node.action_id);
                }
            }
        }
    }

    #[test]
    fn a_copied_step_is_pasted_with_its_settings_into_another_workflow() {
        let gallery = builtin::find("web-gallery").unwrap().document();
        let resize = nodes(&gallery).iter().position(|node| node.action_type == "resize").unwrap();
        let (text, action) = copied(&gallery, resize).unwrap();
        assert_eq!(action.action_type, "resize");
        let target = blank("W");
        let (pasted, id, _) = with_pasted(&target, &text, &Place::End).unwrap();
        assert_eq!(graph(&pasted), "photos→resize resize→save");
        assert_eq!(pasted["actions"][at(&pasted, &id)]["parameters"], gallery["actions"][resize]["parameters"]);
        assert_eq!(errors(&pasted), []);
        // Again, after the first one.
        let (twice, id, _) = with_pasted(&pasted, &text, &Place::After(id)).unwrap();
        assert_eq!(id, "resize-2");
        assert_eq!(errors(&twice), []);
    }

    #[test]
    fn what_is_no_step_is_not_pasted_and_pictures_are_not_copied() {
        let document = blank("W");
        for text in
            ["", "resize", "{}", r#"{"actionType":"none"}"#, r#"{"actionType":"input-images"}"#, r#"{"actions":[]}"#]
        {
            assert_eq!(with_pasted(&document, text, &Place::End).map(|(_, id, _)| id), None, "{text}");
        }
        assert!(copied(&document, 0).is_none(), "the pictures");
        let odd = r#"{"actionType":"sharpen","parameters":[1]}"#;
        let (pasted, id, _) = with_pasted(&document, odd, &Place::End).unwrap();
        assert_eq!(pasted["actions"][at(&pasted, &id)]["parameters"], json!({}));
    }

    #[test]
    fn every_action_can_be_added_to_and_removed_from_every_built_in_workflow() {
        for builtin in BUILTIN {
            let document = builtin.document();
            for action in offers("", None) {
                let (edited, id) = with_step(&document, action.action_type, &Place::End).unwrap();
                let mut found = errors(&edited);
                // Pieces cannot be split again, which the one who adds it is told.
                found.retain(|one| action.action_type != "split" || one.code != "split_twice");
                // Nor can pictures be gathered again,
                found.retain(|one| action.role != Role::Gather || one.code != "gathered_twice");
                // or a second table be run.
                found.retain(|one| action.action_type != "parse-data" || one.code != "several_tables");
                assert_eq!(found, [], "{} {}", builtin.id, action.action_type);
                let removed = without_step(&edited, at(&edited, &id));
                if action.action_type == "merge-data" {
                    // The table that came with it may be wanted on its own.
                    continue;
                }
                assert_eq!(graph(&removed), graph(&document), "{} {}", builtin.id, action.action_type);
                assert_eq!(removed["actions"], document["actions"], "{} {}", builtin.id, action.action_type);
            }
        }
    }

    #[test]
    fn what_an_edit_does_not_concern_stays() {
        let mut document = builtin::find("web-gallery").unwrap().document();
        document["note"] = json!("mine");
        document["connections"][0]["color"] = json!("red");
        let edited = added(&document, "grayscale", None);
        assert_eq!((&edited["note"], &edited["connections"][0]["color"]), (&json!("mine"), &json!("red")));
    }

    #[test]
    fn a_document_that_is_not_a_workflow_survives_edits() {
        for document in
            [json!(null), json!([1]), json!({ "actions": 3 }), json!({ "actions": [7], "connections": [9] })]
        {
            let _added = with_step(&document, "resize", &Place::End);
            for index in [0, 7] {
                let _removed = without_step(&document, index);
                assert!(with_copy(&document, index).is_none() && moved(&document, index, Direction::Later).is_none());
                assert!(plugs(&document, index).is_empty());
                assert_eq!(plugged(&document, index, "a", None), document);
            }
            assert!(up_to(&document, "a").is_none());
        }
    }

    #[test]
    fn a_search_finds_actions_by_name_first() {
        let first = |search: &str| offers(search, None).first().map(|action| action.action_type);
        assert_eq!(first("res"), Some("resize"));
        assert_eq!(first("drop sh"), Some("drop-shadow"));
        assert_eq!(first("shadow"), Some("drop-shadow"));
        assert_eq!(first("LOGO"), Some("watermark"));
        assert!(offers("no such thing", None).is_empty());
        let groups: Vec<_> = offers("", None).iter().map(|action| action.category).collect();
        assert_eq!(groups.chunk_by(|one, next| one == next).count(), 7, "{groups:?}");
        assert_eq!(groups.last(), Some(&Category::Output));
        assert!(offers("", None).len() > 40 && offers("", None).iter().all(|action| action.role != Role::Source));
    }

    #[test]
    fn a_step_at_the_end_of_a_new_connection_is_a_branch() {
        let place = |id: &str, port: &str| Place::From((id.to_owned(), port.to_owned()));
        let gray = added(&blank("W"), "grayscale", None);
        let branch = |document: &Value, action: &str, id: &str, port: &str| {
            let (document, id) = with_step(document, action, &place(id, port)).unwrap();
            assert_eq!(errors(&document), Vec::new(), "{action}");
            (document, id)
        };
        let (two, id) = branch(&gray, "sepia", "photos", "outputs");
        assert_eq!((graph(&two), id.as_str()), ("grayscale→save photos→grayscale photos→sepia".to_owned(), "sepia"));
        let (three, _) = branch(&two, "output", "sepia", "outputs");
        assert_eq!(graph(&three), "grayscale→save photos→grayscale photos→sepia sepia→save-2");
        // What it needs besides comes with it.
        let (marked, _) = branch(&blank("W"), "watermark", "photos", "outputs");
        assert_eq!(graph(&marked), "overlay→watermark.overlay photos→save photos→watermark");
        // The way that was dragged, not the first one.
        let condition = added(&blank("W"), "condition", None);
        let (other, _) = branch(&condition, "output", "condition", "else");
        let edge = edges(&other).into_iter().find(|edge| edge.target == "save-2").unwrap();
        assert_eq!((edge.source.as_str(), edge.source_port.as_str()), ("condition", "else"));
        // A text is written on what is saved.
        let (shared, _) = with_step(&blank("W"), "input-text", &Place::End).unwrap();
        let (titled, id) = branch(&shared, "text", "shared-text", "text");
        assert_eq!(graph(&titled), "photos→text shared-text→text.text text→save");
        let kind = kind_at(&titled, &place("shared-text", "text"));
        assert_eq!(offers("", kind).iter().map(|one| one.action_type).collect::<Vec<_>>(), [id.as_str()]);
        let (table, _) = with_step(&blank("W"), "parse-data", &Place::End).unwrap();
        let kinds = ["photos.outputs", "table.outputs", "parse-data.row", "parse-data.unknown"].map(|end| {
            let (id, port) = end.split_once('.').unwrap();
            kind_at(&table, &place(id, port))
        });
        assert_eq!(kinds, [Some(PortType::Image), Some(PortType::File), Some(PortType::Json), None]);
        let (filled, _) = branch(&table, "merge-data", "parse-data", "row");
        let written = graph(&filled);
        let leads = |edge| written.split(' ').any(|one| one == edge);
        assert!(leads("parse-data→merge-data.data") && leads("template→merge-data.template"), "{written}");
    }
}
