//! A dry run: what a batch will write and how long it will take, from what became of a few of its pictures.

use std::cell::Cell;

use serde_json::Value;

use super::editing::edges;
use super::{document, form};
use crate::actions::output::places_folder;
use crate::actions::parameters::Kind;
use crate::actions::placeholders::{Placeholder, fill};
use crate::actions::{self, Action, Role};
use crate::codecs::Format;
use crate::compact::{SortedMap, SortedSet, sort_by};
use crate::export::names::archived_path;

/// Most pictures that are tried.
const TRIED: usize = 3;

/// Which of the pictures to try, given the sizes of their files: those in the middle of the smaller, the middle and the larger
/// ones, so that together they stand for all.
pub fn representatives(bytes: &[u64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..bytes.len()).collect();
    sort_by(&mut order, |one, other| bytes[*one].cmp(&bytes[*other]));
    let count = bytes.len().min(TRIED);
    let mut chosen: Vec<usize> = (0..count).map(|part| order[(2 * part + 1) * bytes.len() / (2 * count)]).collect();
    sort_by(&mut chosen, usize::cmp);
    chosen
}

/// What one picture took and became.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trial {
    /// Files that were written of this picture alone.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// How long it took one worker.
    pub duration_ms: f64,
}

/// What a whole batch takes and becomes, about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Files that will be written.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// How long it takes.
    pub duration_ms: f64,
}

/// The estimate for `pictures` pictures that so many workers share; `None` without a trial.
pub fn estimate(trials: &[Trial], pictures: u64, workers: u32) -> Option<Estimate> {
    let count = trials.len() as f64;
    let mean = |of: fn(&Trial) -> f64| trials.iter().map(of).sum::<f64>() / count;
    let all = |of| (mean(of) * pictures as f64).round() as u64;
    // The last pictures leave workers without work.
    let rounds = pictures.div_ceil(u64::from(workers.max(1)));
    (!trials.is_empty()).then(|| Estimate {
        files: all(|trial| trial.files as f64),
        bytes: all(|trial| trial.bytes as f64),
        duration_ms: mean(|trial| trial.duration_ms) * rounds as f64,
    })
}

/// The actions that work on what others make of all pictures together, and the actions that make it.
pub fn common(document: &Value) -> SortedSet<String> {
    let gathers = |node: &document::Node| actions::find(&node.action_type).is_some_and(|one| one.role == Role::Gather);
    let is_on = |node: &document::Node| !document::is_off(document, node.index);
    let nodes = document::nodes(document).into_iter().filter(|node| gathers(node) && is_on(node));
    let mut open: Vec<String> = nodes.map(|node| node.action_id).collect();
    let mut found: SortedSet<String> = open.iter().cloned().collect();
    let edges = edges(document);
    while let Some(id) = open.pop() {
        let following = edges.iter().filter(|edge| edge.source == id).map(|edge| edge.target.clone());
        open.extend(following.filter(|target| found.insert(target.clone())));
    }
    found
}

/// A picture, as far as the names of its results depend on it.
#[derive(Clone, Debug)]
pub struct Named<'a> {
    /// Its name, without extension.
    pub name: &'a str,
    /// The folder that it came from; may be empty.
    pub folder: &'a str,
    /// Its format, if that is known.
    pub format: Option<Format>,
}

/// How many results get a name that an earlier one in the same folder has, so that a number is appended to theirs.
/// Names with what is only known afterwards, such as `{width}`, do not count. With a condition, a picture may reach one of
/// several outputs: equal names of its own do not count then.
pub fn equal_names<'a>(document: &Value, pictures: impl Iterator<Item = Named<'a>> + Clone) -> u64 {
    let nodes = document::nodes(document);
    let is_condition = |action_type: &str| actions::find(action_type).is_some_and(Action::is_condition);
    let has_ways = nodes.iter().any(|node| is_condition(&node.action_type));
    let common = common(document);
    let mut taken = SortedMap::<String, (u64, SortedSet<usize>)>::new();
    for (index, node) in nodes.into_iter().enumerate() {
        let Some(action) = actions::find(&node.action_type).filter(|action| action.role == Role::Sink) else {
            continue;
        };
        let Some(field) = action.fields.iter().find(|field| field.kind == Kind::NamePattern) else { continue };
        if document::is_off(document, index) || common.contains(&node.action_id) {
            continue;
        }
        let pattern = form::value(field, document::parameters(document, index));
        // What else goes into the names of renditions is the same for every picture.
        let apart = if action.action_type == "output" { String::new() } else { format!("{index}\n") };
        let written = |format: &Format| (*format, document::written_extension(document, index, *format));
        let extensions: Vec<_> = Format::ALL.iter().map(written).collect();
        for (at, picture) in pictures.clone().enumerate() {
            let written = extensions.iter().find(|(format, _)| *format == picture.format.unwrap_or(Format::Jpeg));
            let extension = written.map_or("", |(_, extension)| extension);
            if let Some(path) = path_of(pattern.as_str().unwrap_or_default(), &picture, at, extension) {
                let path = format!("{apart}{}", path.to_ascii_lowercase());
                let (count, of) = taken.entry(path).or_default();
                if !has_ways || of.insert(at) {
                    *count += 1;
                }
            }
        }
    }
    taken.values().map(|(count, _)| count - 1).sum()
}

/// The path of a result, if it is known beforehand.
fn path_of(pattern: &str, picture: &Named<'_>, at: usize, extension: &str) -> Option<String> {
    let known = Cell::new(true);
    let filled = fill(pattern, |placeholder| match placeholder {
        Placeholder::Name => picture.name.to_owned(),
        Placeholder::Extension => extension.to_owned(),
        Placeholder::Folder => picture.folder.to_owned(),
        Placeholder::Index(digits) => format!("{:0digits$}", at + 1),
        Placeholder::Piece => "1".to_owned(),
        Placeholder::Path if picture.folder.is_empty() => picture.name.to_owned(),
        Placeholder::Path => [picture.folder, "/", picture.name].concat(),
        // The same for every picture.
        Placeholder::Count => "count".to_owned(),
        Placeholder::Date(format) => format.to_owned(),
        Placeholder::Param(name) => name.to_owned(),
        Placeholder::Width
        | Placeholder::Height
        | Placeholder::Hash(_)
        | Placeholder::Day
        | Placeholder::Camera
        | Placeholder::Row(_) => {
            known.set(false);
            String::new()
        }
    });
    let name = filled.ok().filter(|_| known.get())?;
    Some(archived_path(picture.folder, &name, places_folder(pattern)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_pictures_that_are_tried_stand_for_all() {
        assert_eq!(representatives(&[]), [0; 0]);
        assert_eq!(representatives(&[5]), [0]);
        assert_eq!(representatives(&[5, 9]), [0, 1]);
        assert_eq!(representatives(&[7, 1, 4]), [0, 1, 2]);
        // By size: 1, 2, | 3, 4, 5, | 6, 7: the second, the fourth and the sixth.
        assert_eq!(representatives(&[70, 10, 40, 20, 60, 50, 30]), [2, 3, 4]);
    }

    #[test]
    fn what_is_made_of_all_pictures_is_known() {
        let edge = |source: &str, target: &str| json!({ "connectionSource": source, "sourcePort": "outputs", "connectionTarget": target, "targetPort": "input-images" });
        let document = json!({
            "actions": [
                { "actionId": "photos", "actionType": "input-images" },
                { "actionId": "sheet", "actionType": "contact-sheet" },
                { "actionId": "all", "actionType": "output", "parameters": { "name": "overview.{ext}" } },
                { "actionId": "each", "actionType": "output", "parameters": { "name": "one.{ext}" } }
            ],
            "connections": [edge("photos", "sheet"), edge("sheet", "all"), edge("photos", "each")]
        });
        assert_eq!(common(&document).into_iter().collect::<Vec<_>>(), ["all", "sheet"]);
        let picture = |name| Named { name, folder: "", format: Some(Format::Jpeg) };
        let pictures = [picture("a"), picture("b"), picture("c")];
        assert_eq!(equal_names(&document, pictures.iter().cloned()), 2, "of each, and not of the sheet");
    }

    #[test]
    fn an_estimate_is_the_mean_of_the_trials_for_every_picture() {
        assert_eq!(estimate(&[], 10, 2), None);
        let trials =
            [(2, 300, 100.0), (2, 500, 200.0)].map(|(files, bytes, duration_ms)| Trial { files, bytes, duration_ms });
        assert_eq!(estimate(&trials, 10, 2), Some(Estimate { files: 20, bytes: 4000, duration_ms: 750.0 }));
        // The third of three pictures runs alone.
        assert_eq!(estimate(&trials, 3, 2).unwrap().duration_ms, 300.0);
        assert_eq!(estimate(&trials, 3, 0).unwrap().duration_ms, 450.0);
    }

    fn workflow(outputs: &[&str]) -> Value {
        let nodes = outputs.iter().enumerate().map(|(index, name)| {
            json!({ "actionId": format!("out{index}"), "actionType": "output", "parameters": { "name": name } })
        });
        json!({ "actions": nodes.collect::<Vec<_>>() })
    }

    fn count(outputs: &[&str], pictures: &[(&str, &str, Format)]) -> u64 {
        let pictures = pictures.iter().copied();
        let pictures = pictures.map(|(folder, name, format)| Named { name, folder, format: Some(format) });
        equal_names(&workflow(outputs), pictures)
    }

    #[test]
    fn equal_names_are_counted_by_folder_and_without_regard_to_case() {
        let pictures = [
            ("", "cat", Format::Jpeg),
            ("", "Cat", Format::Jpeg),
            ("", "cat", Format::Png),
            ("a", "cat", Format::Jpeg),
        ];
        assert_eq!(count(&["{name}.{ext}"], &pictures), 1, "a PNG stays a PNG, and a folder stays a folder");
        assert_eq!(count(&["{name}"], &pictures), 2);
        assert_eq!(count(&["{index}-{name}.{ext}"], &pictures), 0);
        assert_eq!(count(&["same.jpg"], &pictures), 2);
        assert_eq!(count(&["all/{folder}/same.jpg"], &pictures), 2, "the pattern places it");
    }

    #[test]
    fn outputs_share_their_names_and_what_is_not_known_yet_does_not_count() {
        let pictures = [("", "cat", Format::Jpeg), ("", "dog", Format::Jpeg)];
        assert_eq!(count(&["{name}.{ext}", "{name}.{ext}"], &pictures), 2);
        assert_eq!(count(&["{name}.{ext}", "small/{name}.{ext}"], &pictures), 0);
        assert_eq!(count(&["{width}.{ext}"], &pictures), 0);
        assert_eq!(count(&["{hash:8}.{ext}", "{exif.date}"], &pictures), 0);
    }

    #[test]
    fn ways_of_a_condition_may_share_a_name_and_pictures_may_not() {
        let mut document = workflow(&["{name}.{ext}", "{name}.{ext}"]);
        document["actions"].as_array_mut().unwrap().push(json!({ "actionId": "it", "actionType": "condition" }));
        let named = |name| Named { name, folder: "", format: Some(Format::Jpeg) };
        assert_eq!(equal_names(&document, ["cat", "dog"].map(named).into_iter()), 0);
        assert_eq!(equal_names(&document, ["cat", "dog", "Cat"].map(named).into_iter()), 1);
    }
}
