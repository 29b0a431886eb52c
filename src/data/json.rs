//! A table in JSON: a list of objects, or a list of lists of which the first is the header.

use serde_json::Value;

use super::Written;
use crate::workflow::Diagnostic;

/// Reads header and rows.
///
/// # Errors
/// What is wrong.
pub(super) fn read(text: &str) -> Result<Written, Vec<Diagnostic>> {
    let wrong = |message: String| {
        let hint = "Give a list of objects: [{ \"name\": \"Oak\" }, …].";
        vec![Diagnostic::error("unreadable_data", message, hint)]
    };
    let list = match serde_json::from_str(text) {
        Ok(Value::Array(list)) => list,
        Ok(_) => return Err(wrong("The data file is not a list.".to_owned())),
        Err(error) => return Err(wrong(format!("The data file is not valid JSON: {error}."))),
    };
    let mut header: Vec<String> = Vec::new();
    if list.first().is_some_and(Value::is_object) {
        for key in list.iter().filter_map(Value::as_object).flat_map(|object| object.keys()) {
            if !header.contains(key) {
                header.push(key.clone());
            }
        }
    }
    let is_headed = header.is_empty();
    let mut rows = Vec::with_capacity(list.len());
    for (index, entry) in list.into_iter().enumerate() {
        rows.push(match entry {
            Value::Array(values) if is_headed => values.iter().map(written).collect(),
            Value::Object(object) if !is_headed => {
                header.iter().map(|key| object.get(key).map_or_else(String::new, written)).collect()
            }
            _ => return Err(wrong(format!("Entry {} is not like the first one.", index + 1))),
        });
    }
    if is_headed && !rows.is_empty() {
        header = rows.remove(0);
    }
    Ok(Written { header, rows })
}

/// A value as a text.
fn written(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
