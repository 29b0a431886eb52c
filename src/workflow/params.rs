//! Parameters that placeholders name, such as `{param.quality}` or, with the action's id, `{param.save.quality}`: what they
//! are, and what is wrong about that. They are read from the document as written, so that each stage of it has them all.

use serde_json::Value;

use super::{ActionNode, Diagnostic, Workflow};
use crate::actions;
use crate::actions::parameters::Kind;
use crate::actions::placeholders::{Placeholder, placeholders};
use crate::compact::{SortedMap, sort_by};
use crate::expression::Expression;

/// Calls a function for each placeholder in the names, texts and conditions of a document, with the action and the parameter
/// where it stands.
pub(super) fn each_placeholder<'a>(
    workflow: &'a Workflow,
    visit: &mut dyn FnMut(&'a ActionNode, &'static str, Placeholder<'_>),
) {
    for node in &workflow.actions {
        let Some(action) = actions::find(&node.action_type) else { continue };
        for field in action.fields {
            let Some(value) = node.parameters.get(field.name) else { continue };
            let mut visit = |placeholder: Placeholder<'_>| visit(node, field.name, placeholder);
            match (field.kind, value.as_str()) {
                (Kind::NamePattern | Kind::Caption, Some(text)) => placeholders(text).for_each(&mut visit),
                (Kind::Expression, Some(text)) => {
                    if let Ok(expression) = Expression::parse(text) {
                        expression.placeholders().for_each(&mut visit);
                    }
                }
                (Kind::Renditions, _) => {
                    let entries = value.as_array().into_iter().flatten();
                    let suffixes = entries.filter_map(|entry| entry.get("suffix")?.as_str());
                    suffixes.flat_map(placeholders).for_each(&mut visit);
                }
                _ => {}
            }
        }
    }
}

/// The values of the parameters that placeholders name, by what they are called there.
pub fn values(workflow: &Workflow) -> SortedMap<String, String> {
    let mut values = SortedMap::new();
    each_placeholder(workflow, &mut |_, _, placeholder| {
        if let Placeholder::Param(name) = placeholder
            && let [(node, field)] = *found(workflow, name)
        {
            values.extend([(name.to_owned(), value(node, field).unwrap_or_default())]);
        }
    });
    values
}

/// What is wrong about the parameters that placeholders name.
pub(super) fn check(workflow: &Workflow) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    each_placeholder(workflow, &mut |at, field, placeholder| {
        let Placeholder::Param(name) = placeholder else { return };
        let found = found(workflow, name);
        let full = |(node, name): &(&ActionNode, &str)| ["{param.", &node.action_id, ".", name, "}"].concat();
        let (message, hint) = match &*found {
            [] => ("is not a parameter of the workflow", near(workflow, name)),
            [(node, field)] if value(node, field).is_none() => {
                ("is a list", "Name a parameter with a single value.".to_owned())
            }
            [_] => return,
            several => {
                let names: Vec<String> = several.iter().take(3).map(full).collect();
                ("is a parameter of several actions", ["Say which: ", &names.join(" or "), "."].concat())
            }
        };
        let message = ["\"{param.", name, "}\" ", message, "."].concat();
        problems.push(Diagnostic::error("unknown_placeholder", message, hint).at(&at.action_id).field(field));
    });
    problems
}

/// The parameters that a name stands for: one, if it is right.
fn found<'a>(workflow: &'a Workflow, name: &str) -> Vec<(&'a ActionNode, &'static str)> {
    let mut found = Vec::new();
    for (node, field) in all(workflow) {
        let of_it = name.strip_prefix(node.action_id.as_str()).and_then(|rest| rest.strip_prefix('.'));
        if of_it == Some(field) {
            return vec![(node, field)];
        }
        if name == field {
            found.push((node, field));
        }
    }
    // Where some say what it is, the defaults of others do not count.
    if found.len() > 1 {
        let given: Vec<_> =
            found.iter().copied().filter(|(node, field)| node.parameters.contains_key(*field)).collect();
        if given.len() == 1 {
            return given;
        }
    }
    found
}

/// All parameters of a document.
fn all(workflow: &Workflow) -> impl Iterator<Item = (&ActionNode, &'static str)> {
    workflow.actions.iter().flat_map(|node| {
        let fields = actions::find(&node.action_type).map_or(&[][..], |action| action.fields);
        fields.iter().map(move |field| (node, field.name))
    })
}

/// The value of a parameter as text; `None` for a list or an object.
fn value(node: &ActionNode, name: &str) -> Option<String> {
    let action = actions::find(&node.action_type)?;
    let field = action.fields.iter().find(|field| field.name == name)?;
    let value = node.parameters.get(name).cloned().unwrap_or_else(|| field.default.value());
    Some(match value {
        Value::Null => String::new(),
        Value::String(text) => text,
        Value::Bool(flag) => (if flag { "true" } else { "false" }).to_owned(),
        // Without a fraction that is 0, as in JavaScript.
        Value::Number(number) => {
            let text = number.to_string();
            text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
        }
        Value::Array(_) | Value::Object(_) => return None,
    })
}

/// What to do about a name that no parameter has.
fn near(workflow: &Workflow, name: &str) -> String {
    let mut near: Vec<(usize, String)> = all(workflow)
        .map(|(node, field)| {
            let whole = [&node.action_id, ".", field].concat();
            (strsim::osa_distance(name, field).min(strsim::osa_distance(name, &whole)), whole)
        })
        .filter(|(distance, _)| *distance <= 2)
        .collect();
    sort_by(&mut near, Ord::cmp);
    match near.first() {
        Some((_, near)) => ["Did you mean {param.", near.as_str(), "}?"].concat(),
        None => "Give the id of an action and one of its parameters, such as {param.save.quality}.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::workflow;

    fn workflow(name: &str) -> Workflow {
        let document = json!({
            "actions": [
                { "actionId": "photos", "actionType": "input-images", "parameters": { "images": [{ "name": "a.jpg", "sourceUrl": "asset:aa" }] } },
                { "actionId": "small", "actionType": "resize", "parameters": { "width": 800, "percent": 50.0 } },
                { "actionId": "pad.it", "actionType": "pad", "parameters": { "width": 900 } },
                { "actionId": "save", "actionType": "output", "parameters": { "name": name } }
            ],
            "connections": [
                { "connectionSource": "photos", "sourcePort": "outputs", "connectionTarget": "small", "targetPort": "input-images" },
                { "connectionSource": "small", "sourcePort": "outputs", "connectionTarget": "pad.it", "targetPort": "input-images" },
                { "connectionSource": "pad.it", "sourcePort": "outputs", "connectionTarget": "save", "targetPort": "input-images" }
            ]
        });
        workflow::read(&document).0
    }

    #[test]
    fn a_parameter_is_named_alone_or_with_its_action() {
        for (name, expected) in [
            ("quality", "80"),
            ("save.quality", "80"),
            ("small.width", "800"),
            ("pad.it.width", "900"),
            ("filter", "lanczos3"),
            ("percent", "50"),
            ("enlarge", "false"),
            ("maxBytes", ""),
        ] {
            let workflow = workflow(&format!("{{name}}-{{param.{name}}}.{{ext}}"));
            assert_eq!(check(&workflow), [], "{name}");
            assert_eq!(values(&workflow).get(name).map(String::as_str), Some(expected), "{name}");
        }
    }

    #[test]
    fn what_names_no_single_parameter_is_said_with_a_suggestion() {
        for (name, message, hint) in [
            (
                "width",
                "\"{param.width}\" is a parameter of several actions.",
                "Say which: {param.small.width} or {param.pad.it.width}.",
            ),
            ("qualty", "\"{param.qualty}\" is not a parameter of the workflow.", "Did you mean {param.save.quality}?"),
            (
                "small.wdith",
                "\"{param.small.wdith}\" is not a parameter of the workflow.",
                "Did you mean {param.small.width}?",
            ),
            (
                "nothing-like-it",
                "\"{param.nothing-like-it}\" is not a parameter of the workflow.",
                "Give the id of an action and one of its parameters, such as {param.save.quality}.",
            ),
            ("images", "\"{param.images}\" is a list.", "Name a parameter with a single value."),
        ] {
            let found = check(&workflow(&format!("{{param.{name}}}")));
            let [found] = found.as_slice() else { panic!("{name}: {found:?}") };
            assert_eq!(
                (found.code.as_str(), found.message.as_str(), found.hint.as_str()),
                ("unknown_placeholder", message, hint)
            );
            assert_eq!((found.action_id.as_deref(), found.field.as_deref()), (Some("save"), Some("name")));
        }
    }
}
