//! The tables of other languages: they fit one another, and what Pixelmill says.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

const FOLDER: &str = "src/languages/translation";
/// Parts of a key that are shorter occur by chance.
const SHORTEST: usize = 4;

fn project() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn json(file: &Path) -> Value {
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// The tables by language.
fn tables() -> BTreeMap<String, Value> {
    let folder = project().join(FOLDER);
    let listed = json(&folder.join("languages.json"));
    let languages = listed.as_object().expect("an object").keys().filter(|language| *language != "en");
    languages.map(|language| (language.clone(), json(&folder.join(format!("{language}.json"))))).collect()
}

fn texts(table: &Value) -> &serde_json::Map<String, Value> {
    table["texts"].as_object().expect("texts")
}

/// The placeholders of a text.
fn placeholders(text: &str) -> BTreeSet<&str> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name)).collect()
}

/// The forms of a translation, with their plural categories if they have any.
fn forms(translation: &Value) -> Vec<(&str, &str)> {
    match translation {
        Value::String(text) => vec![("other", text)],
        Value::Object(forms) => {
            forms.iter().map(|(category, text)| (category.as_str(), text.as_str().expect("a text"))).collect()
        }
        other => panic!("{other} is no translation"),
    }
}

/// Everything that is written in the sources, as one text: the lines of a string that goes on are joined, escapes resolved.
fn sources() -> String {
    fn add(folder: &Path, all: &mut String) {
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            let is_text =
                path.extension().is_some_and(|own| own == "rs" || own == "js" || own == "json" || own == "txt");
            if path.is_dir() && !path.ends_with(FOLDER) {
                add(&path, all);
            } else if path.is_file() && is_text {
                all.push_str(&fs::read_to_string(&path).expect("a text"));
            }
        }
    }
    let mut all = String::new();
    add(&project().join("src"), &mut all);
    let mut joined = String::with_capacity(all.len());
    let mut rest = all.as_str();
    while let Some((before, after)) = rest.split_once("\\\n") {
        joined.push_str(before);
        rest = after.trim_start();
    }
    joined.push_str(rest);
    joined.replace("\\\"", "\"").replace("\\u{a0}", "\u{a0}").replace("\\n", "\n")
}

#[test]
fn all_tables_have_the_same_keys() {
    let tables = tables();
    let all: BTreeSet<&String> = tables.values().flat_map(|table| texts(table).keys()).collect();
    for (language, table) in &tables {
        assert_eq!(table["language"], language.as_str());
        let missing: Vec<_> = all.iter().filter(|key| !texts(table).contains_key(**key)).collect();
        assert!(missing.is_empty(), "{language} lacks {missing:#?}");
    }
}

#[test]
fn translations_have_placeholders_of_their_keys_only() {
    for (language, table) in tables() {
        for (key, translation) in texts(&table) {
            let known = placeholders(key.split('|').next().unwrap_or_default());
            for variant in key.split('|') {
                assert_eq!(placeholders(variant), known, "{language}: {key}");
            }
            for (category, text) in forms(translation) {
                assert!(!text.trim().is_empty(), "{language}: {key} is empty");
                let found = placeholders(text);
                // Grammar may need a word less, such as a verb that English puts into its plural.
                assert!(found.is_subset(&known), "{language}: {key}, {category}: {text}");
                // What somebody has named is always said.
                let quoted = known.iter().filter(|name| key.contains(&format!("“{{{name}}}")));
                for name in quoted {
                    assert!(found.contains(name), "{language}: {key}, {category}: {text}");
                }
            }
            if translation.is_object() {
                assert!(translation.get("other").is_some(), "{language}: {key} has no form for other numbers");
            }
        }
    }
}

/// What the code puts together of parts that are not next to each other anywhere.
const COMPOSED: [&str; 1] = ["Known are JPEG"];
/// The nouns of counts, which come before what is said of them.
const COUNTED: [&str; 2] = ["pictures ", "picture "];

/// Whether a source says a phrase: as it is, word by word, or as an identifier of which the form makes a label.
fn is_said(sources: &str, small: &str, phrase: &str) -> bool {
    let phrase = phrase.trim();
    let phrase = COUNTED.iter().find_map(|noun| phrase.strip_prefix(noun)).unwrap_or(phrase);
    let lower = phrase.to_lowercase();
    if phrase.chars().count() < SHORTEST || small.contains(&lower) || COMPOSED.contains(&phrase) {
        return true;
    }
    let words: Vec<&str> = lower.split_whitespace().collect();
    if words.len() > 2 && words.windows(2).all(|pair| small.contains(&pair.join(" "))) {
        return true;
    }
    let parts: Vec<&str> = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty()).collect();
    let camel = parts.iter().skip(1).map(|part| part[..1].to_uppercase() + &part[1..]).collect::<String>();
    parts.is_empty()
        || [parts.join("-"), parts.join("_"), parts[0].to_owned() + &camel].iter().any(|name| sources.contains(name))
}

#[test]
fn what_is_translated_is_still_said() {
    let sources = sources();
    let small = sources.to_lowercase();
    let tables = tables();
    let keys = texts(tables.values().next().expect("a table")).keys();
    let stale: Vec<_> = keys
        .filter(|key| {
            // Placeholders are between phrases, as punctuation is.
            let names = |part: &str| part.rsplit('}').next().unwrap_or_default().to_owned();
            let plain = key.split('{').map(names).collect::<Vec<_>>().join("\n");
            let phrases = plain.split(|c| "\n|“”()\"`.:;,[]".contains(c));
            !phrases.into_iter().all(|phrase| is_said(&sources, &small, phrase))
        })
        .collect();
    assert!(stale.is_empty(), "no source says any more: {stale:#?}");
}
