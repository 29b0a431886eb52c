//! Validation: everything that is wrong with a document, at once, each with its place and a fix.

use serde_json::Value;

use super::{ActionNode, Connection, Diagnostic, Workflow, params, read, rows, servers};
use crate::actions::input_files::{is_files, list_of, listed};
use crate::actions::input_images::InputImage;
use crate::actions::input_text::is_text;
use crate::actions::parameters::Kind;
use crate::actions::{self, Action, IMAGE_OUT, Port, PortType, Role, create_rendition, parse_data, split};
use crate::compact::{SortedMap, SortedSet, sort_by};

/// Reads and validates a document.
pub fn check(document: &Value) -> (Workflow, Vec<Diagnostic>) {
    let (workflow, mut diagnostics) = read(document);
    let unreadable = diagnostics.iter().any(Diagnostic::is_error);
    diagnostics.extend(validate(&workflow).into_iter().filter(|found| {
        // A part that could not be read is missing from the workflow; errors that only follow from that are dropped.
        !(unreadable && matches!(found.code.as_str(), "dangling_connection" | "missing_input" | "no_output"))
    }));
    (workflow, diagnostics)
}

/// Validates a workflow without what is turned off: errors keep it from running, warnings do not.
pub fn validate(workflow: &Workflow) -> Vec<Diagnostic> {
    let workflow = &*workflow.enabled();
    let mut validator = Validator { workflow, nodes: SortedMap::new(), found: Vec::new() };
    validator.metadata();
    validator.actions();
    validator.connections();
    validator.required_inputs();
    validator.cycles();
    validator.splits();
    validator.gatherings();
    validator.found.extend(rows::check(workflow));
    validator.found.extend(servers::check(workflow));
    validator.found.extend(params::check(workflow));
    validator.image_counts();
    validator.outputs();
    validator.found
}

struct Validator<'a> {
    workflow: &'a Workflow,
    /// The first node with each id, and its entry if the type is known.
    nodes: SortedMap<&'a str, (&'a ActionNode, Option<&'static Action>)>,
    found: Vec<Diagnostic>,
}

impl<'a> Validator<'a> {
    fn metadata(&mut self) {
        for key in self.workflow.metadata.unknown.keys() {
            self.found.push(
                Diagnostic::warning(
                    "unknown_metadata",
                    format!("\"{key}\" is not a known metadata key."),
                    "It is kept and has no effect; \"workflowId\", \"name\" and \"description\" are known.",
                )
                .field(key),
            );
        }
    }

    fn actions(&mut self) {
        if self.workflow.actions.is_empty() {
            self.found.push(
                Diagnostic::error(
                    "no_actions",
                    "The workflow has no actions.",
                    "Add an \"input-images\" action, what to do with the images, and an \"output\".",
                )
                .field("actions"),
            );
        }
        for node in &self.workflow.actions {
            let id = node.action_id.as_str();
            if id.is_empty() {
                self.found.push(
                    Diagnostic::error(
                        "missing_action_id",
                        format!("An action of type \"{}\" has no id.", node.action_type),
                        "Give it an \"actionId\" that is unique in the workflow.",
                    )
                    .field("actionId"),
                );
            }
            let action = actions::find(&node.action_type);
            if self.nodes.contains_key(id) {
                self.found.push(
                    Diagnostic::error(
                        "duplicate_action_id",
                        format!("\"{id}\" names more than one action."),
                        "Give each action its own \"actionId\".",
                    )
                    .at(id)
                    .field("actionId"),
                );
            } else {
                self.nodes.insert(id, (node, action));
            }
            match action {
                None => self.unknown_type(node),
                Some(action) => {
                    self.parameters(node, action);
                    self.port_notes(node, action);
                }
            }
        }
    }

    fn unknown_type(&mut self, node: &ActionNode) {
        let near = nearest(&node.action_type);
        let hint = match near.as_slice() {
            [] => "See the list of actions.".to_owned(),
            names => format!("Did you mean {}?", names.join(" or ")),
        };
        let message = format!("There is no action \"{}\".", node.action_type);
        self.found
            .push(Diagnostic::error("unknown_action_type", message, hint).at(&node.action_id).field("actionType"));
    }

    fn parameters(&mut self, node: &ActionNode, action: &Action) {
        for issue in action.check(&node.parameters) {
            let diagnostic = Diagnostic::error(issue.code, issue.message, issue.hint);
            self.found.push(diagnostic.at(&node.action_id).field(issue.field));
        }
        for key in node.parameters.keys() {
            if !action.fields.iter().any(|field| field.name == key) {
                let known = action.fields.iter().map(|field| field.name).collect::<Vec<_>>().join(", ");
                self.found.push(
                    Diagnostic::warning(
                        "unknown_parameter",
                        format!("\"{}\" has no parameter \"{key}\".", node.action_type),
                        format!("It has no effect. Known: {known}."),
                    )
                    .at(&node.action_id)
                    .field(key),
                );
            }
        }
        for field in action.fields.iter().filter(|field| field.kind == Kind::Renditions) {
            let list = node.parameters.get(field.name).unwrap_or(&Value::Null);
            for place in create_rendition::unknown_parameters(field.name, list) {
                let message = format!("\"{place}\" is not a parameter of a rendition.");
                let hint =
                    "It has no effect. Known: width, height, fit, suffix, and the parameters of resize and output.";
                let diagnostic = Diagnostic::warning("unknown_parameter", message, hint);
                self.found.push(diagnostic.at(&node.action_id).field(field.name));
            }
        }
        if action.role == Role::Source
            && let Some(images) = listed(action, &node.parameters)
        {
            let (list, what) =
                (list_of(&node.action_type), if is_files(&node.action_type) { "file" } else { "images" });
            if images.is_empty() {
                self.found.push(
                    Diagnostic::warning(
                        "no_images",
                        format!("\"{}\" has no {what} yet.", node.action_id),
                        format!("Add {what} before running the workflow."),
                    )
                    .at(&node.action_id)
                    .field(list),
                );
            }
            for image in &images {
                self.source_url(node, image);
            }
        }
    }

    fn source_url(&mut self, node: &ActionNode, image: &InputImage) {
        let url = image.source_url.as_str();
        let known = ["asset:", "blob:", "data:", "https:"].iter().any(|scheme| url.starts_with(scheme));
        // Whether an absolute `http:` URL has the page's own origin is checked at execute, where that is known.
        let own = url.starts_with("http:") || !has_scheme(url);
        if url.is_empty() || !(known || own) {
            let shown: String = url.chars().take(60).collect();
            self.found.push(
                Diagnostic::error(
                    "unsupported_source_url",
                    format!("\"{}\" cannot be read from \"{shown}\".", image.name),
                    "Use asset:, blob:, data: or https: as \"sourceUrl\".",
                )
                .at(&node.action_id)
                .field(list_of(&node.action_type)),
            );
        }
    }

    fn port_notes(&mut self, node: &ActionNode, action: &Action) {
        for (known, written, side) in
            [(action.inputs, &node.input_ports, "input"), (action.outputs, &node.output_ports, "output")]
        {
            for note in written.iter().flatten() {
                match known.iter().find(|port| port.name == note.name) {
                    None if side == "output" && rows::is_table(node) => {}
                    None => self.found.push(unknown_port(
                        &node.action_id,
                        &node.action_type,
                        &note.name,
                        side,
                        known,
                        false,
                    )),
                    Some(port) => {
                        let all = port.kind.mime_types();
                        if !note.mime_types.is_empty()
                            && all.iter().any(|mime| !note.mime_types.iter().any(|written| written == mime))
                        {
                            self.found.push(
                                Diagnostic::warning(
                                    "narrower_mime_types",
                                    format!("\"{}\" names fewer media types than the action accepts.", note.name),
                                    "The narrower list is kept and not enforced.",
                                )
                                .at(&node.action_id)
                                .field(&note.name),
                            );
                        }
                    }
                }
            }
        }
    }

    fn connections(&mut self) {
        let mut taken: SortedSet<(&str, &str)> = SortedSet::new();
        for connection in &self.workflow.connections {
            let source = self.end(connection, &connection.connection_source, "connectionSource");
            let target = self.end(connection, &connection.connection_target, "connectionTarget");
            let source_port = source.and_then(|action| {
                self.port(&connection.connection_source, action, &connection.source_port, action.outputs, "output")
            });
            let target_port = target.and_then(|action| {
                self.port(&connection.connection_target, action, &connection.target_port, action.inputs, "input")
            });
            // A column is a text, and of a picture its name.
            let is_column = source.zip(source_port).is_some_and(|(action, port)| is_column(action, port.name));
            if let (Some(from), Some(to)) = (source_port, target_port)
                && from.kind != to.kind
                && !(is_column && to.kind == PortType::Text)
            {
                self.found.push(
                    Diagnostic::error(
                        "port_type_mismatch",
                        format!(
                            "{} gives {}, and {} takes {}.",
                            shown_source(connection),
                            from.kind,
                            shown_target(connection),
                            to.kind
                        ),
                        "Connect ports of the same type.",
                    )
                    .at(&connection.connection_target)
                    .field(&connection.target_port),
                );
            }
            if !taken.insert((&connection.connection_target, &connection.target_port)) {
                self.found.push(
                    Diagnostic::error(
                        "port_in_use",
                        format!("{} has more than one connection.", shown_target(connection)),
                        "An input port accepts one connection: remove the others.",
                    )
                    .at(&connection.connection_target)
                    .field(&connection.target_port),
                );
            }
        }
    }

    /// The action at one end of a connection, if it exists and is known.
    fn end(&mut self, connection: &Connection, id: &str, field: &str) -> Option<&'static Action> {
        match self.nodes.get(id) {
            Some((_, action)) => *action,
            None => {
                self.found.push(
                    Diagnostic::error(
                        "dangling_connection",
                        format!(
                            "The connection {} → {} names \"{id}\", but there is no such action.",
                            shown_source(connection),
                            shown_target(connection)
                        ),
                        "Remove the connection, or add the action.",
                    )
                    .field(field),
                );
                None
            }
        }
    }

    fn port(
        &mut self,
        id: &str,
        action: &Action,
        name: &str,
        ports: &'static [Port],
        side: &str,
    ) -> Option<&'static Port> {
        let port = ports.iter().find(|port| port.name == name);
        // What columns a table has is known once it is read.
        if port.is_none() && side == "output" && is_column(action, name) {
            return Some(&IMAGE_OUT);
        }
        if port.is_none() {
            self.found.push(unknown_port(id, action.action_type, name, side, ports, true));
        }
        port
    }

    fn required_inputs(&mut self) {
        let connected: SortedSet<(&str, &str)> = (self.workflow.connections.iter())
            .map(|connection| (connection.connection_target.as_str(), connection.target_port.as_str()))
            .collect();
        for node in &self.workflow.actions {
            let Some(action) = actions::find(&node.action_type) else { continue };
            for port in action.inputs.iter().filter(|port| port.required) {
                if !connected.contains(&(node.action_id.as_str(), port.name)) {
                    self.found.push(
                        Diagnostic::error(
                            "missing_input",
                            format!("\"{}\" of \"{}\" has no connection.", port.name, node.action_id),
                            format!("Connect it: {}", port.description),
                        )
                        .at(&node.action_id)
                        .field(port.name),
                    );
                }
            }
        }
    }

    fn cycles(&mut self) {
        // Kahn's algorithm: what cannot be peeled off is on a cycle or downstream of one; peeling from the other end
        // too leaves the cycles and the paths between them.
        let ids: Vec<&str> = self.workflow.actions.iter().map(|node| node.action_id.as_str()).collect();
        let mut left: SortedSet<&str> = ids.iter().copied().collect();
        let edges: Vec<(&str, &str)> = (self.workflow.connections.iter())
            .map(|connection| (connection.connection_source.as_str(), connection.connection_target.as_str()))
            .filter(|(source, target)| left.contains(source) && left.contains(target))
            .collect();
        loop {
            let sources: SortedSet<&str> =
                edges.iter().filter(|(s, t)| left.contains(s) && left.contains(t)).map(|(s, _)| *s).collect();
            let targets: SortedSet<&str> =
                edges.iter().filter(|(s, t)| left.contains(s) && left.contains(t)).map(|(_, t)| *t).collect();
            let before = left.len();
            left.retain(|id| sources.contains(id) && targets.contains(id));
            if left.len() == before {
                break;
            }
        }
        if left.is_empty() {
            return;
        }
        let members: Vec<&str> = ids.into_iter().filter(|id| left.contains(id)).collect();
        let ways: Vec<String> = (self.workflow.connections.iter())
            .filter(|c| left.contains(c.connection_source.as_str()) && left.contains(c.connection_target.as_str()))
            .map(|c| format!("{} → {}", c.connection_source, c.connection_target))
            .collect();
        self.found.push(
            Diagnostic::error(
                "cycle",
                format!("The workflow has a cycle: {}.", ways.join(", ")),
                "Remove one of these connections.",
            )
            .at(members[0]),
        );
    }

    /// A picture is split once at most on its way.
    fn splits(&mut self) {
        let actions = self.workflow.actions.iter();
        let splitting = actions.filter(|node| split::pieces(&node.action_type, &node.parameters) > 1);
        let mut reached: SortedMap<&str, &str> = SortedMap::new();
        for split in splitting {
            let mut found = SortedSet::from([split.action_id.as_str()]);
            let mut next = vec![split.action_id.as_str()];
            while let Some(id) = next.pop() {
                if let Some(other) = reached.insert(id, &split.action_id) {
                    let message =
                        format!("\"{id}\" would get pieces of two splits, \"{other}\" and \"{}\".", split.action_id);
                    let hint = "Split a picture only once, into more columns and rows.";
                    return self.found.push(Diagnostic::error("split_twice", message, hint).at(id));
                }
                let ways = self.workflow.connections.iter().filter(|way| way.connection_source == id);
                next.extend(ways.map(|way| way.connection_target.as_str()).filter(|target| found.insert(target)));
            }
        }
    }

    /// A picture is gathered once at most, and what follows has nothing else that differs from picture to picture.
    fn gatherings(&mut self) {
        let is_role = |id: &str, role: Role| {
            self.nodes.get(id).and_then(|(_, action)| *action).is_some_and(|action| action.role == role)
        };
        let connections = &self.workflow.connections;
        let mut found = Vec::new();
        // For each action that follows: the one that gathers.
        let mut behind: SortedMap<&str, &str> = SortedMap::new();
        for gathering in self.workflow.actions.iter().filter(|node| is_role(&node.action_id, Role::Gather)) {
            let staging = actions::staging(&gathering.action_type, &gathering.parameters);
            if let Some((message, hint)) = staging.and_then(|staging| staging.problem) {
                found.push(Diagnostic::error("cannot_gather", message, hint).at(&gathering.action_id));
            }
            let gathering = gathering.action_id.as_str();
            for id in self.workflow.followers(gathering) {
                let other = behind.insert(id, gathering).filter(|other| *other != gathering);
                if other.is_some() || is_role(id, Role::Gather) {
                    let other = other.unwrap_or(id);
                    let message = format!("Pictures would be gathered twice, by \"{gathering}\" and \"{other}\".");
                    let hint = "Gather pictures once on their way, and save what becomes of them as it is.";
                    found.push(Diagnostic::error("gathered_twice", message, hint).at(id));
                }
            }
        }
        for (id, gathering) in behind.iter() {
            let enters = |target: &str| {
                let target = target.to_owned();
                connections.iter().filter(move |way| way.connection_target == target)
            };
            // What else leads to it.
            let beside = |source: &str| !behind.contains_key(source) && source != *gathering;
            let mut seen = SortedSet::new();
            let mut open: Vec<&str> =
                enters(id).map(|way| way.connection_source.as_str()).filter(|one| beside(one)).collect();
            while let Some(source) = open.pop() {
                let counted = self.nodes.get(source).filter(|_| is_role(source, Role::Source));
                let list = counted.and_then(|(node, action)| listed((*action)?, &node.parameters));
                let images = list.map(|images| images.len());
                let is_data = is_role(source, Role::Data)
                    && !self.nodes.get(source).is_some_and(|(node, _)| is_text(&node.action_type));
                let differs = images.is_some_and(|count| count > 1) || is_data;
                if differs || is_role(source, Role::Gather) {
                    let message = format!(
                        "\"{id}\" follows \"{gathering}\", which makes one picture of all, and also gets the pictures of \"{source}\"."
                    );
                    let hint = format!("Connect \"{id}\" before \"{gathering}\", or give \"{source}\" one picture.");
                    found.push(Diagnostic::error("gathered_and_single", message, hint).at(id));
                    break;
                }
                open.extend(enters(source).map(|way| way.connection_source.as_str()).filter(|one| seen.insert(*one)));
            }
        }
        self.found.extend(found);
    }

    fn image_counts(&mut self) {
        if self.workflow.actions.iter().any(rows::is_table) {
            // One for each row, whose number is not known yet.
            return;
        }
        let counts: Vec<(&str, usize)> = (self.workflow.actions.iter())
            .filter_map(|node| Some((node, actions::find(&node.action_type)?)))
            .filter(|(node, action)| action.role == Role::Source && !is_files(&node.action_type))
            .filter_map(|(node, action)| Some((node.action_id.as_str(), listed(action, &node.parameters)?.len())))
            .collect();
        let most = counts.iter().map(|(_, count)| *count).max().unwrap_or(0);
        for (id, count) in counts {
            if count != most && count > 1 {
                self.found.push(
                    Diagnostic::error(
                        "image_count_mismatch",
                        format!("\"{id}\" has {count} images, and another input has {most}."),
                        format!("Give it 1 image for all, or {most}."),
                    )
                    .at(id)
                    .field("images"),
                );
            }
        }
    }

    fn outputs(&mut self) {
        let consumed: SortedSet<(&str, &str)> = (self.workflow.connections.iter())
            .map(|connection| (connection.connection_source.as_str(), connection.source_port.as_str()))
            .collect();
        let mut known = self.workflow.actions.iter().filter_map(|node| Some((node, actions::find(&node.action_type)?)));
        let any = known.any(|(node, action)| is_output(node, action, &consumed));
        let all_known = self.workflow.actions.iter().all(|node| actions::find(&node.action_type).is_some());
        if !any && all_known && !self.workflow.actions.is_empty() {
            self.found.push(Diagnostic::error(
                "no_output",
                "The workflow has no output.",
                "Connect an \"output\" action to what should be saved.",
            ));
        }
    }
}

/// Whether an action produces a result: a sink, or an action with an image input whose `outputs` nothing consumes.
fn is_output(node: &ActionNode, action: &Action, consumed: &SortedSet<(&str, &str)>) -> bool {
    let has_image_input = action.inputs.iter().any(|port| port.kind == PortType::Image);
    action.role == Role::Sink
        || (has_image_input
            && action.outputs.iter().any(|port| port.name == IMAGE_OUT.name)
            && !consumed.contains(&(node.action_id.as_str(), IMAGE_OUT.name)))
}

/// Whether an output port is a column of a table. What columns a table has is known once it is read.
fn is_column(action: &Action, port: &str) -> bool {
    action.action_type == parse_data::ACTION.action_type && port != parse_data::ROW.name
}

fn shown_source(connection: &Connection) -> String {
    format!("\"{}\".{}", connection.connection_source, connection.source_port)
}

fn shown_target(connection: &Connection) -> String {
    format!("\"{}\".{}", connection.connection_target, connection.target_port)
}

/// Whether a URL names a scheme (RFC 3986, 3.1), so that it is not relative.
fn has_scheme(url: &str) -> bool {
    url.find([':', '/', '?', '#']).is_some_and(|at| url[at..].starts_with(':'))
}

fn unknown_port(id: &str, action_type: &str, name: &str, side: &str, ports: &[Port], error: bool) -> Diagnostic {
    let known = ports.iter().map(|port| port.name).collect::<Vec<_>>().join(", ");
    let hint = if known.is_empty() { format!("It has no {side} ports.") } else { format!("It has: {known}.") };
    let message = format!("\"{action_type}\" has no {side} port \"{name}\".");
    let make = if error { Diagnostic::error } else { Diagnostic::warning };
    make("unknown_port", message, hint).at(id).field(name)
}

/// The known action types nearest to a name, at most three: within half their length, or containing the name.
fn nearest(name: &str) -> Vec<&'static str> {
    let mut near: Vec<(usize, &str)> = actions::catalog()
        .iter()
        .map(|action| (strsim::osa_distance(name, action.action_type), action.action_type))
        .filter(|(distance, known)| *distance <= (known.len() / 2).max(2) || (!name.is_empty() && known.contains(name)))
        .collect();
    sort_by(&mut near, Ord::cmp);
    near.into_iter().take(3).map(|(_, known)| known).collect()
}
