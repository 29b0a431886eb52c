//! A workflow in stages: what is done with each picture, and what is done with what becomes of all of them.
//!
//! A workflow is cut at the actions that gather pictures. Before them stands a document of its own that ends with staging
//! each picture, and behind each of them another one that begins with what it made. All are resolved like any other
//! document, so that nothing that runs a graph knows of stages.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::graph::{Graph, GraphSource};
use super::inputs::{Gathered, InputAsset};
use crate::actions::gather::{Staging, staged_output};
use crate::actions::{self, Action, IMAGE_IN, IMAGE_OUT, Role};
use crate::compact::SortedSet;
use crate::workflow::{ActionNode, Connection, Diagnostic, Workflow, params, validate};

/// What separates the id of a step that is not in the document from that of the action that it belongs to.
const OF: char = '\u{1}';

/// A validated workflow, cut into stages.
#[derive(Debug)]
pub struct Stages {
    /// What is done with each picture.
    pub each: Graph,
    /// The actions that gather pictures, in document order.
    pub gatherings: Vec<GatheringStage>,
}

/// An action that gathers the pictures of executions, and what follows it.
#[derive(Debug)]
pub struct GatheringStage {
    /// Its id in the document.
    pub action_id: String,
    /// Its entry in the catalog.
    pub action: &'static Action,
    /// As written.
    pub parameters: Map<String, Value>,
    /// The most executions whose pictures go into one result; `None` for all.
    pub most: Option<u32>,
    /// What is done with what it makes, which has its `actionId` as a source.
    pub after: Graph,
}

impl GatheringStage {
    /// How many results it makes of so many executions.
    fn parts(&self, each: u32) -> u32 {
        self.most.map_or(1, |most| each.div_ceil(most.max(1)))
    }

    /// The sources of what follows it besides what it makes itself: their pictures are the same for all.
    fn others(&self) -> impl Iterator<Item = &GraphSource> {
        self.after.sources.iter().filter(|source| source.action_id != self.action_id)
    }

    /// The position of what it makes among the pictures of its executions (see [`Graph::input_asset`]).
    pub fn place(&self) -> usize {
        let mut order = self.after.source_order();
        order.position(|source| self.after.sources[source].action_id == self.action_id).unwrap_or(0)
    }
}

impl Stages {
    /// Validates and resolves a workflow.
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
        let workflow = &*workflow.with_texts();
        let gathering: Vec<&ActionNode> = workflow.actions.iter().filter(|node| gathers(node)).collect();
        let mut each = Graph { params: params.clone(), ..Graph::of(&before(workflow, &gathering)) };
        for output in each.outputs.iter_mut() {
            output.is_staged = gathering.iter().any(|node| node.action_id == output.action_id);
        }
        let stage = |node: &&ActionNode| {
            let staging = actions::staging(&node.action_type, &node.parameters).unwrap_or_default();
            // Each execution may stage several pieces.
            let pieces = each.outputs.iter().filter(|output| output.action_id == node.action_id).count().max(1);
            Some(GatheringStage {
                action_id: node.action_id.clone(),
                action: actions::find(&node.action_type)?,
                parameters: node.parameters.clone(),
                most: staging.most.map(|most| (most / pieces as u32).max(1)),
                after: Graph { params: params.clone(), ..Graph::of(&behind(workflow, node)) },
            })
        };
        let gatherings = gathering.iter().filter_map(stage).collect();
        Ok(Self { each, gatherings })
    }

    /// What each execution works on: one for each picture or, if a table is run, for each row, which `of_rows` are; then those
    /// that gather.
    pub fn input_assets(&self, of_rows: Option<Vec<InputAsset>>) -> Vec<InputAsset> {
        let mut assets = of_rows.unwrap_or_else(|| self.each.input_assets());
        let each = assets.len() as u32;
        for stage in &self.gatherings {
            for part in 0..stage.parts(each) {
                let most = stage.most.unwrap_or(each).max(1);
                let from = part * most;
                let action_id = stage.action_id.clone();
                let gathered = Gathered { action_id, from, count: most.min(each - from), part };
                let mut inputs = stage.after.input_asset(0).inputs;
                inputs.retain(|input| input.action_id != stage.action_id);
                let index = assets.len() as u32;
                assets.push(InputAsset { inputs, gathered: Some(gathered), ..InputAsset::empty(index) });
            }
        }
        assets
    }

    /// The sources of all stages whose pictures are used, each with whether it is.
    pub fn sources(&self) -> impl Iterator<Item = (&GraphSource, bool)> {
        let used = |graph: &Graph| graph.nodes.iter().filter_map(|node| node.source).collect::<SortedSet<usize>>();
        let each = used(&self.each);
        let of_each = (0..).zip(self.each.sources.iter()).map(move |(index, source)| (source, each.contains(&index)));
        of_each.chain(self.gatherings.iter().flat_map(|stage| stage.others().map(|source| (source, true))))
    }
}

fn gathers(node: &ActionNode) -> bool {
    actions::find(&node.action_type).is_some_and(|action| action.role == Role::Gather)
}

fn connection(source: &str, target: &str) -> Connection {
    Connection {
        connection_source: source.to_owned(),
        source_port: IMAGE_OUT.name.to_owned(),
        connection_target: target.to_owned(),
        target_port: IMAGE_IN.name.to_owned(),
    }
}

/// Puts steps before an action that gathers: what was connected to it is connected to the first, and it follows the last.
fn with_staging(workflow: &mut Workflow, action_id: &str, Staging { steps, .. }: Staging) {
    let mut next = action_id.to_owned();
    for (at, (action_type, parameters)) in steps.into_iter().enumerate().rev() {
        let id = format!("{action_id}{OF}{at}");
        workflow.actions.push(ActionNode {
            action_id: id.clone(),
            action_type: action_type.to_owned(),
            parameters,
            ..ActionNode::default()
        });
        workflow.connections.push(connection(&id, &next));
        next = id;
    }
    let enters = |way: &&mut Connection| way.connection_target == action_id && !way.connection_source.contains(OF);
    for way in workflow.connections.iter_mut().filter(enters) {
        way.connection_target.clone_from(&next);
    }
}

/// What is done with each picture: what follows an action that gathers is left out, and such an action stages its picture.
fn before<'a>(workflow: &'a Workflow, gathering: &[&ActionNode]) -> Cow<'a, Workflow> {
    if gathering.is_empty() {
        return Cow::Borrowed(workflow);
    }
    let mut behind: SortedSet<&str> = SortedSet::new();
    for node in gathering {
        behind.extend(workflow.followers(&node.action_id));
    }
    let stays = |id: &str| !behind.contains(id);
    // An input that only what is left out used.
    let is_used = |node: &ActionNode| {
        let mut ways = workflow.connections.iter().filter(|way| way.connection_source == node.action_id).peekable();
        ways.peek().is_none() || ways.any(|way| stays(&way.connection_target))
    };
    let is_source = |node: &ActionNode| actions::find(&node.action_type).is_some_and(|one| one.role == Role::Source);
    let kept = |node: &&ActionNode| stays(&node.action_id) && (!is_source(node) || is_used(node));
    let ids: SortedSet<&str> = workflow.actions.iter().filter(kept).map(|node| node.action_id.as_str()).collect();
    let gathers_it = |id: &str| gathering.iter().any(|node| node.action_id == id);
    let leads = |way: &&Connection| {
        ids.contains(way.connection_source.as_str())
            && ids.contains(way.connection_target.as_str())
            && !gathers_it(&way.connection_source)
    };
    let mut stage = Workflow {
        metadata: workflow.metadata.clone(),
        actions: workflow.actions.iter().filter(kept).cloned().collect(),
        connections: workflow.connections.iter().filter(leads).cloned().collect(),
    };
    for node in gathering {
        with_staging(&mut stage, &node.action_id, staging_of(node));
    }
    for node in stage.actions.iter_mut().filter(|node| gathers(node)) {
        node.action_type = "output".to_owned();
        node.parameters = staged_output();
    }
    Cow::Owned(stage)
}

fn staging_of(node: &ActionNode) -> Staging {
    actions::staging(&node.action_type, &node.parameters).unwrap_or_default()
}

/// What is done with what an action makes that gathers: it is a source, and whatever it gathers is left out.
fn behind(workflow: &Workflow, gathering: &ActionNode) -> Workflow {
    let id = gathering.action_id.as_str();
    let after = workflow.followers(id);
    let into = |target: &'_ str| {
        let target = target.to_owned();
        workflow.connections.iter().filter(move |way| way.connection_target == target && target != id)
    };
    let mut kept: SortedSet<&str> = after.clone();
    for follower in &after {
        kept.extend(workflow.reached(follower, |id| into(id).map(|way| way.connection_source.as_str())));
    }
    kept.insert(id);
    let mut stage = Workflow {
        metadata: workflow.metadata.clone(),
        actions: workflow.actions.iter().filter(|node| kept.contains(node.action_id.as_str())).cloned().collect(),
        connections: (workflow.connections.iter())
            .filter(|way| kept.contains(way.connection_target.as_str()) && way.connection_target != id)
            .cloned()
            .collect(),
    };
    let source = json!({ "images": [{ "name": gathering.action_type, "sourceUrl": "" }] });
    for node in stage.actions.iter_mut().filter(|node| node.action_id == id) {
        node.action_type = "input-images".to_owned();
        node.parameters = if let Value::Object(parameters) = &source { parameters.clone() } else { Map::new() };
    }
    if after.is_empty() {
        // What it makes is a result.
        let action_id = format!("{id}{OF}");
        stage.connections.push(connection(id, &action_id));
        stage.actions.push(ActionNode { action_id, action_type: "output".to_owned(), ..ActionNode::default() });
    }
    stage
}

/// A workflow as it runs on a single picture, which is staged and gathered alone.
pub(super) fn alone(workflow: &Workflow) -> Cow<'_, Workflow> {
    let mut workflow = Cow::Borrowed(workflow);
    let gathering: Vec<ActionNode> = workflow.actions.iter().filter(|node| gathers(node)).cloned().collect();
    for node in gathering {
        with_staging(workflow.to_mut(), &node.action_id, staging_of(&node));
    }
    workflow
}

/// The id in the document of an action, or of one that a step belongs to that is not in it.
pub(super) fn written_id(action_id: &str) -> &str {
    action_id.split(OF).next().unwrap_or(action_id)
}
