//! `cargo xtask new-action NAME`: the files of a new action, and its lines in the list, ready to be filled in.

use std::fs;
use std::path::Path;

use crate::project::Project;
use crate::shell::{Outcome, say};

/// The kernel, with one parameter as an example.
const MODULE: &str = r#"//! `{name}`: what it does, in a line.

use super::checks::Condition;
use super::{Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Role, Stop, only};
use crate::image::pixelwise::by_tone;
use crate::image::{Image, Representations};

crate::parameters! {
    /// Parameters of `{name}`.
    pub struct {Type} {
        /// What it means, with its unit: shown in the form, the catalog and the reference.
        strength: f64 = 1.0, range 0.0..=1.0;
    }
}

/// The entry of `{name}`.
pub const ACTION: Action = Action {
    action_type: "{name}",
    version: "1.0.0",
    name: "{Title}",
    description: "What it does, in a sentence or two.",
    category: Category::Color,
    role: Role::Transform,
    inputs: &[IMAGE_IN],
    outputs: &[IMAGE_OUT],
    fields: {Type}::FIELDS,
    rules: &[],
    adds_alpha: Condition::Never,
    related: &[],
    usage: "When to use it, with an example.",
    icon: "M5 5h14v14H5z",
};

impl Operation for {Type} {
    fn accepts(&self) -> Representations {
        Representations::PIXELS.and_deep()
    }

    /// The algorithm and its source.
    fn run(&self, inputs: Vec<Option<Image>>, _: &Context<'_>) -> Result<Vec<Image>, Stop> {
        Ok(vec![by_tone(only(inputs)?, |level| level * self.strength)])
    }
}
"#;

const ORACLE: &str = r#"def run(picture, p):
    """The definition, without any code of this project: a formula, or another library."""
    return picture * p.get("strength", 1)
"#;

/// The example that the reference shows.
const EXAMPLE: &str = r#"{
  "metadata": {
    "workflowId": "{name}-example",
    "name": "What comes of it",
    "description": "What the example does, in a sentence."
  },
  "actions": [
    { "actionId": "photos", "actionType": "input-images", "parameters": { "images": [] } },
    { "actionId": "it", "actionType": "{name}", "parameters": { "strength": 0.5 } },
    { "actionId": "save", "actionType": "output", "parameters": { "name": "{{name}}-{name}.{{ext}}" } }
  ],
  "connections": [
    { "connectionSource": "photos", "sourcePort": "outputs", "connectionTarget": "it", "targetPort": "input-images" },
    { "connectionSource": "it", "sourcePort": "outputs", "connectionTarget": "save", "targetPort": "input-images" }
  ]
}
"#;

const CASES: &str = r#"{
  "oracle": "NumPy: the formula",
  "cases": [
    { "name": "default", "inputs": ["photo.png"], "parameters": {} },
    { "name": "half", "inputs": ["photo.png"], "parameters": { "strength": 0.5 } }
  ]
}
"#;

/// Writes the files and adds the lines.
pub fn run(project: &Project, name: &str) -> Outcome {
    let is_kebab = name.split('-').all(|part| {
        part.starts_with(|first: char| first.is_ascii_lowercase())
            && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    });
    if !is_kebab {
        return Err(format!("an action is named in lower case with hyphens, such as soft-light, not {name:?}"));
    }
    let module = name.replace('-', "_");
    let list = project.root.join("src/actions.rs");
    let source = fs::read_to_string(&list).map_err(|error| format!("cannot read {}: {error}", list.display()))?;
    let with_lines = listed(&source, &module)?;
    let cases = project.root.join("tests/data/actions").join(name);
    fs::create_dir_all(&cases).map_err(|error| format!("cannot create {}: {error}", cases.display()))?;
    let filled = MODULE.replace("{name}", name).replace("{Type}", &type_name(name)).replace("{Title}", &title(name));
    for (path, content) in [
        (project.root.join("src/actions").join(format!("{module}.rs")), filled.as_str()),
        (project.root.join("tests/oracles/actions").join(format!("{module}.py")), ORACLE),
        (cases.join("cases.json"), CASES),
        (project.root.join("src/actions/examples").join(format!("{name}.json")), example_of(name).as_str()),
        (list, with_lines.as_str()),
    ] {
        write(&path, content)?;
        say(&format!("  wrote {}", path.strip_prefix(&project.root).unwrap_or(&path).display()));
    }
    say(&format!(
        "
  Fill in the kernel, the oracle and the example. Then:
    python tests/oracles/actions {name}                       writes the expected pictures
    PIXELMILL_WRITE=1 cargo test --lib catalog                writes src/actions/catalog.json
    PIXELMILL_UPDATE_VERSIONS=1 cargo test --test versions    notes the version with its results
    cargo test --test actions -- --nocapture                  compares, and prints the table
    cargo test --test examples                                runs the example
  draw its icon, and add the names to names_on_the_wire_are_frozen in src/actions.rs."
    ));
    Ok(())
}

/// The example, in which placeholders of results keep one pair of braces.
fn example_of(name: &str) -> String {
    EXAMPLE.replace("{{name}}", "{\0}").replace("{{ext}}", "{ext}").replace("{name}", name).replace("{\0}", "{name}")
}

fn write(path: &Path, content: &str) -> Outcome {
    fs::write(path, content).map_err(|error| format!("cannot write {}: {error}", path.display()))
}

/// `soft-light` → `SoftLight`.
fn type_name(name: &str) -> String {
    name.split('-').map(title).collect()
}

/// `soft-light` → `Soft light`.
fn title(name: &str) -> String {
    let mut words = name.replace('-', " ");
    if let Some(first) = words.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    words
}

/// The source of the list with the lines of a module: `mod` in its order, and its name at the end of the list.
fn listed(source: &str, module: &str) -> Outcome<String> {
    let declaration = format!("pub mod {module};");
    let mut lines: Vec<&str> = source.lines().collect();
    if lines.contains(&declaration.as_str()) {
        return Err(format!("there is an action {module} already"));
    }
    let is_module = |line: &&str| line.starts_with("pub mod ");
    let place = lines.iter().position(|line| is_module(line) && *line > declaration.as_str());
    let place = place.or_else(|| lines.iter().rposition(is_module).map(|last| last + 1));
    lines.insert(place.ok_or("src/actions.rs has no modules")?, &declaration);
    let start = lines.iter().position(|line| *line == "actions! {").ok_or("src/actions.rs has no list of actions")?;
    let length = lines[start..].iter().position(|line| *line == "}").ok_or("the list of actions does not end")?;
    let entry = format!("        {module}::{},", type_name(&module.replace('_', "-")));
    lines.insert(start + length, &entry);
    Ok(lines.join("\n") + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_gets_its_two_lines() {
        let source = "pub mod adjust;\npub mod trim;\n\nactions! {\n    transforms:\n        adjust::Adjust,\n}\nfn end() {\n}\n";
        let expected = "pub mod adjust;\npub mod soft_light;\npub mod trim;\n\nactions! {\n    transforms:\n        \
                        adjust::Adjust,\n        soft_light::SoftLight,\n}\nfn end() {\n}\n";
        assert_eq!(listed(source, "soft_light").as_deref(), Ok(expected));
        assert!(listed(source, "trim").is_err() && listed("", "trim").is_err());
    }

    #[test]
    fn the_example_is_about_the_action_and_names_its_results() {
        let example = example_of("soft-light");
        assert!(
            example.contains(r#""workflowId": "soft-light-example""#)
                && example.contains(r#""{name}-soft-light.{ext}""#)
        );
    }

    #[test]
    fn names_become_types_and_titles() {
        assert_eq!([type_name("soft-light"), title("soft-light")], ["SoftLight", "Soft light"]);
    }
}
