//! The action catalog in the contract's form (section 4), from the same metadata as the form and the validator.

use serde::Serialize;
use serde_json::Value;

use crate::actions::parameters::{Field, Kind};
use crate::actions::{self, Action, Port};

/// An action's entry on the wire.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the contract's fields")]
pub struct ActionDescriptor {
    pub action_type: &'static str,
    pub version: &'static str,
    pub name: &'static str,
    pub description: &'static str,
    pub category: &'static str,
    pub inputs: Vec<PortDescriptor>,
    pub outputs: Vec<PortDescriptor>,
    pub parameters: Vec<ParameterDescriptor>,
    pub related_actions: Vec<&'static str>,
    pub usage: &'static str,
}

/// A port on the wire.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the contract's fields")]
pub struct PortDescriptor {
    pub name: &'static str,
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub required: bool,
    pub mime_types: &'static [&'static str],
    pub description: &'static str,
}

/// A parameter on the wire. `type` is `integer`, `number`, `boolean`, `string`, `color`, `ratio` or `array`; numbers
/// have their inclusive `minimum` and `maximum`, choices their `values`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the contract's fields")]
pub struct ParameterDescriptor {
    pub name: &'static str,
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub required: bool,
    pub default_value: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximum: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub values: Option<&'static [&'static str]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<&'static str>,
    pub description: String,
}

/// Every action, in the catalog's order.
pub fn catalog() -> Vec<ActionDescriptor> {
    actions::catalog().iter().map(|action| ActionDescriptor::from(*action)).collect()
}

impl From<&Action> for ActionDescriptor {
    fn from(action: &Action) -> Self {
        Self {
            action_type: action.action_type,
            version: action.version,
            name: action.name,
            description: action.description,
            category: action.category.word(),
            inputs: action.inputs.iter().map(PortDescriptor::from).collect(),
            outputs: action.outputs.iter().map(PortDescriptor::from).collect(),
            parameters: action.fields.iter().map(ParameterDescriptor::from).collect(),
            related_actions: actions::catalog::related(action),
            usage: actions::catalog::usage(action),
        }
    }
}

impl From<&Port> for PortDescriptor {
    fn from(port: &Port) -> Self {
        Self {
            name: port.name,
            kind: port.kind.word(),
            required: port.required,
            mime_types: port.kind.mime_types(),
            description: port.description,
        }
    }
}

impl From<&Field> for ParameterDescriptor {
    fn from(field: &Field) -> Self {
        let bound = |bound: f64| match field.kind {
            Kind::Integer => Value::from(bound as i64),
            _ => Value::from(bound),
        };
        Self {
            name: field.name,
            kind: match field.kind {
                Kind::Integer => "integer",
                Kind::Number => "number",
                Kind::Boolean => "boolean",
                Kind::Choice(_)
                | Kind::Text
                | Kind::Lines
                | Kind::NamePattern
                | Kind::Caption
                | Kind::Expression
                | Kind::File(_) => "string",
                Kind::Color => "color",
                Kind::Ratio => "ratio",
                Kind::Point | Kind::Object => "object",
                Kind::Choices(_) | Kind::Images | Kind::Curve | Kind::Gradient | Kind::Renditions => "array",
            },
            required: field.required,
            default_value: field.default.value(),
            minimum: field.range.map(|(least, _)| bound(least)),
            maximum: field.range.map(|(_, most)| bound(most)),
            values: match field.kind {
                Kind::Choice(values) | Kind::Choices(values) => Some(values),
                _ => None,
            },
            unit: field.unit,
            description: field.description(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalog_has_each_action_once_with_a_description() {
        let all = catalog();
        let mut types: Vec<_> = all.iter().map(|action| action.action_type).collect();
        types.sort_unstable();
        types.dedup();
        assert_eq!(types.len(), actions::catalog().len());
        for action in &all {
            assert!(!action.description.is_empty() && !action.usage.is_empty(), "{}", action.action_type);
            for parameter in &action.parameters {
                assert!(!parameter.description.is_empty(), "{}.{}", action.action_type, parameter.name);
            }
        }
    }

    #[test]
    fn a_choice_names_its_values_and_a_number_its_range() {
        let output = catalog().into_iter().find(|action| action.action_type == "output").unwrap();
        let parameter = |name: &str| {
            let found = output.parameters.iter().find(|parameter| parameter.name == name).unwrap();
            serde_json::to_value(found).unwrap()
        };
        let format = parameter("format");
        assert_eq!(
            format["values"],
            serde_json::json!([
                "auto", "jpeg", "png", "webp", "avif", "gif", "tiff", "bmp", "qoi", "jxl", "ico", "web"
            ])
        );
        assert_eq!(format["defaultValue"], "auto");
        let quality = parameter("quality");
        assert_eq!(
            (&quality["type"], &quality["minimum"], &quality["maximum"]),
            (&"integer".into(), &1.into(), &100.into())
        );
        assert_eq!(quality["defaultValue"], 80);
    }
}
