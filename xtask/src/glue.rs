//! The scripts between programs and the browser, which wasm-bindgen writes, made shorter.
//!
//! It ends the names by which a program and its glue know each other with a hash of sixteen digits, which no compression makes
//! shorter. They are only keys, so numbers do as well, which saves 1 to 2 kB of a program after compression. What else is long
//! in the scripts is short after esbuild: a quarter of what compression leaves.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::build::{read_text, write_text};
use crate::project::Project;
use crate::setup::Node;
use crate::shell::{Outcome, command, run};

/// Minifies scripts and style sheets. What scripts export, and what a classic script declares, keeps its name.
pub fn minify(project: &Project, node: &Node, scripts: &[PathBuf]) -> Outcome {
    const SCRIPT: &str = "\
        const { readFileSync, writeFileSync } = require('node:fs');
        const { transformSync } = require(process.argv[1]);
        for (const file of process.argv.slice(2)) {
            const loader = file.endsWith('.css') ? 'css' : 'js';
            const options = { minify: true, target: 'esnext', legalComments: 'inline', loader };
            writeFileSync(file, transformSync(readFileSync(file, 'utf8'), options).code);
        }";
    let esbuild = node.packages.join("esbuild");
    run(command("node", &project.root).args(["-e", SCRIPT, "--"]).arg(esbuild).args(scripts))
}

/// What the names begin with.
const PREFIX: &str = "__wb";
/// Digits of a hash.
const DIGITS: usize = 16;

/// Shortens the names in a program's glue and WebAssembly files.
pub fn shorten(glue: &Path, programs: &[PathBuf]) -> Outcome {
    let text = read_text(glue)?;
    let names = short_names(&text);
    write_text(glue, &renamed(&text, &names))?;
    for file in programs {
        let error = |what: &str, error: String| format!("cannot {what} {}: {error}", file.display());
        let bytes = fs::read(file).map_err(|why| error("read", why.to_string()))?;
        let bytes = with_imports(&bytes, &names).ok_or_else(|| error("understand", "it is damaged".to_owned()))?;
        fs::write(file, bytes).map_err(|why| error("write", why.to_string()))?;
    }
    Ok(())
}

/// The identifiers of a script, each with what is before it.
fn identifiers(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$';
    let mut rest = text;
    std::iter::from_fn(move || {
        let start = rest.find(is_part)?;
        let end = start + rest[start..].find(|c| !is_part(c)).unwrap_or(rest.len() - start);
        let (before, identifier) = (&rest[..start], &rest[start..end]);
        rest = &rest[end..];
        Some((before, identifier))
    })
}

/// Whether a name ends with a hash.
fn has_hash(name: &str) -> bool {
    let hash = name.rsplit_once('_').filter(|_| name.starts_with(PREFIX)).map_or("", |(_, hash)| hash);
    hash.len() == DIGITS && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The short name of each name with a hash: a number.
fn short_names(glue: &str) -> BTreeMap<String, String> {
    let all: BTreeSet<&str> = identifiers(glue).map(|(_, identifier)| identifier).collect();
    let mut free = (0..).map(|number| format!("_{number:x}")).filter(|name| !all.contains(name.as_str()));
    all.iter().filter(|name| has_hash(name)).map(|name| ((*name).to_owned(), free.next().unwrap_or_default())).collect()
}

fn renamed(text: &str, names: &BTreeMap<String, String>) -> String {
    let (mut changed, mut read) = (String::with_capacity(text.len()), 0);
    for (before, identifier) in identifiers(text) {
        changed.push_str(before);
        changed.push_str(names.get(identifier).map_or(identifier, String::as_str));
        read += before.len() + identifier.len();
    }
    changed + &text[read..]
}

/// The section of a WebAssembly module with what it imports.
const IMPORTS: u8 = 2;
/// The magic number and the version.
const HEAD: usize = 8;

/// A WebAssembly module whose imports have these names instead; `None` if it is damaged.
fn with_imports(module: &[u8], names: &BTreeMap<String, String>) -> Option<Vec<u8>> {
    let mut reader = Reader { bytes: module, at: HEAD };
    let mut written = module.get(..HEAD)?.to_vec();
    while reader.at < module.len() {
        let kind = reader.byte()?;
        let content = reader.sized()?;
        let changed = if kind == IMPORTS { Some(imports(content, names)?) } else { None };
        let content = changed.as_deref().unwrap_or(content);
        written.push(kind);
        write_number(&mut written, content.len() as u64);
        written.extend_from_slice(content);
    }
    Some(written)
}

/// The section of imports with other names.
fn imports(section: &[u8], names: &BTreeMap<String, String>) -> Option<Vec<u8>> {
    let mut reader = Reader { bytes: section, at: 0 };
    let count = reader.number()?;
    let mut written = Vec::with_capacity(section.len());
    write_number(&mut written, count);
    for _ in 0..count {
        for name in [reader.sized()?, reader.sized()?] {
            let name = std::str::from_utf8(name).ok()?;
            let name = names.get(name).map_or(name, String::as_str);
            write_number(&mut written, name.len() as u64);
            written.extend_from_slice(name.as_bytes());
        }
        let start = reader.at;
        reader.skip_type()?;
        written.extend_from_slice(&section[start..reader.at]);
    }
    (reader.at == section.len()).then_some(written)
}

/// Reads the binary format (WebAssembly Core Specification, chapter 5).
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn byte(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    /// An unsigned number in LEB128.
    fn number(&mut self) -> Option<u64> {
        let (mut number, mut shift) = (0, 0);
        loop {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f).checked_shl(shift)?;
            shift += 7;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
    }

    /// As many bytes as the number before them says.
    fn sized(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        let bytes = self.bytes.get(self.at..self.at.checked_add(length)?)?;
        self.at += length;
        Some(bytes)
    }

    /// What is imported: a function, table, memory, global or tag.
    fn skip_type(&mut self) -> Option<()> {
        match self.byte()? {
            0 => drop(self.number()?),
            1 => {
                self.byte()?;
                self.skip_limits()?;
            }
            2 => self.skip_limits()?,
            3 => {
                self.byte()?;
                self.byte()?;
            }
            4 => {
                self.byte()?;
                self.number()?;
            }
            _ => return None,
        }
        Some(())
    }

    fn skip_limits(&mut self) -> Option<()> {
        let has_maximum = self.byte()? & 1 == 1;
        self.number()?;
        if has_maximum {
            self.number()?;
        }
        Some(())
    }
}

fn write_number(bytes: &mut Vec<u8>, mut number: u64) {
    loop {
        let low = (number & 0x7f) as u8;
        number >>= 7;
        if number == 0 {
            return bytes.push(low);
        }
        bytes.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GLUE: &str = "imports = {\n  __wbg_get_0123456789abcdef: (a) => a.get(),\n  __wbg_get_fedcba9876543210: (b) => _1(b),\n  \
        __wbg_set_00112233445566: 1, invoke__h0123456789abcdef_21: 2,\n  __wbg_other_0011223344556677: __wbg_get_0123456789abcdef,\n};\nfunction _1() {}";

    #[test]
    fn names_with_a_hash_become_numbers_and_stay_distinct() {
        let names = short_names(GLUE);
        let of = |name: &str| names.get(name).map(String::as_str);
        assert_eq!(of("__wbg_get_0123456789abcdef"), Some("_0"));
        assert_eq!(of("__wbg_get_fedcba9876543210"), Some("_2"), "there is another _1");
        assert_eq!(of("__wbg_other_0011223344556677"), Some("_3"));
        assert_eq!(names.len(), 3, "{names:?}");
        let changed = renamed(GLUE, &names);
        assert_eq!(changed.lines().count(), GLUE.lines().count());
        assert!(changed.contains("_2: (b) => _1(b),") && changed.contains("_3: _0,"));
        assert!(changed.ends_with("function _1() {}"));
    }

    /// A module of two sections: its imports, and some custom one.
    fn module(names: [&str; 2]) -> Vec<u8> {
        let mut section = vec![2];
        for (name, what) in names.into_iter().zip([&[0, 0][..], &[2, 1, 1, 0x80, 0x80, 2]]) {
            section.push(3);
            section.extend(b"wbg");
            section.push(name.len() as u8);
            section.extend(name.as_bytes());
            section.extend(what);
        }
        let mut module = b"\0asm\x01\0\0\0".to_vec();
        module.push(IMPORTS);
        write_number(&mut module, section.len() as u64);
        module.extend(section);
        module.extend([0, 3, 1, b'x', 7]);
        module
    }

    #[test]
    fn a_program_asks_for_the_names_that_its_glue_has() {
        let names = short_names(GLUE);
        let before = module(["__wbg_other_0011223344556677", "memory"]);
        assert_eq!(with_imports(&before, &names), Some(module(["_3", "memory"])));
        assert_eq!(with_imports(&before, &BTreeMap::new()).as_ref(), Some(&before));
        assert_eq!(with_imports(&before[..before.len() - 3], &names), None, "it ends early");
    }
}
