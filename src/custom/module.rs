//! Which modules are accepted: as much of the binary format as tells what a module imports, exports and has memory for. Whether
//! its code is valid is found out by whoever compiles it.

use super::{Function, MAX_MEMORY};

/// The longest file of a module in bytes.
pub const MAX_BYTES: usize = 32 << 20;

/// Bytes of a page of memory.
const PAGE: u64 = 1 << 16;
const I32: u8 = 0x7f;

/// The kinds of exports that matter.
const FUNCTION: u8 = 0;
const MEMORY: u8 = 2;

const UNREADABLE: &str = "It is not a readable WebAssembly module.";

/// The module as it is run: with a memory of at most [`MAX_MEMORY`].
///
/// # Errors
/// What it imports, lacks or has too much of, as a sentence.
pub fn limited(module: &[u8]) -> Result<Vec<u8>, String> {
    if module.len() > MAX_BYTES {
        return Err(format!("It has {} MiB; at most {} can be used.", module.len() >> 20, MAX_BYTES >> 20));
    }
    let outline = Outline::read(module)?;
    outline.check()?;
    Ok(outline.with_limit(module))
}

/// What a function takes and returns.
#[derive(Debug, PartialEq)]
struct Signature {
    parameters: Vec<u8>,
    results: Vec<u8>,
}

/// The size of the memory in pages.
struct Memory {
    least: u32,
    most: Option<u32>,
    /// Where its section lies in the file.
    section: (usize, usize),
}

#[derive(Default)]
struct Outline {
    types: Vec<Signature>,
    /// The first one, and from where.
    import: Option<(String, String)>,
    /// For each function the index of its type.
    functions: Vec<u32>,
    memory: Option<Memory>,
    /// By name, with kind and index.
    exports: Vec<(String, u8, u32)>,
}

impl Outline {
    fn read(module: &[u8]) -> Result<Self, String> {
        const HEADER: &[u8] = b"\0asm\x01\0\0\0";
        let Some(rest) = module.strip_prefix(HEADER) else { return Err(UNREADABLE.to_owned()) };
        let (mut outline, mut reader) = (Self::default(), Reader { rest });
        while !reader.rest.is_empty() {
            let start = module.len() - reader.rest.len();
            let (id, content) = reader.section().ok_or(UNREADABLE)?;
            let end = module.len() - reader.rest.len();
            let mut content = Reader { rest: content };
            match id {
                1 => outline.types = content.types()?,
                2 => outline.import = content.first_import().ok_or(UNREADABLE)?,
                3 => outline.functions = content.list(Reader::number).ok_or(UNREADABLE)?,
                5 => outline.memory = Some(content.memory((start, end))?),
                7 => outline.exports = content.list(Reader::export).ok_or(UNREADABLE)?,
                _ => {}
            }
        }
        Ok(outline)
    }

    fn check(&self) -> Result<(), String> {
        if let Some((from, name)) = &self.import {
            return Err(format!("It imports \"{name}\" from \"{from}\"; a custom action must not import anything."));
        }
        self.exported("memory", MEMORY)?;
        for function in Function::ALL {
            let name = function.word();
            let type_index = self.functions.get(self.exported(name, FUNCTION)? as usize);
            let signature = type_index.and_then(|index| self.types.get(*index as usize)).ok_or(UNREADABLE)?;
            if signature.parameters != vec![I32; function.parameters()] || signature.results != [I32] {
                let count = function.parameters();
                return Err(format!("Its function \"{name}\" does not take {count} i32 and return one i32."));
            }
        }
        let least = self.memory.as_ref().map_or(0, |memory| u64::from(memory.least) * PAGE);
        if least > MAX_MEMORY {
            let (least, most) = (least >> 20, MAX_MEMORY >> 20);
            return Err(format!("It begins with {least} MiB of memory; at most {most} are available."));
        }
        Ok(())
    }

    /// The index of what is exported by this name.
    fn exported(&self, name: &str, wanted: u8) -> Result<u32, String> {
        let noun = if wanted == MEMORY { "memory" } else { "function" };
        match self.exports.iter().find(|(known, ..)| known == name) {
            Some((_, kind, index)) if *kind == wanted => Ok(*index),
            _ => Err(format!("It exports no {noun} \"{name}\".")),
        }
    }

    /// The module with a memory that ends at the limit, if it would not end before.
    fn with_limit(&self, module: &[u8]) -> Vec<u8> {
        let Some(Memory { least, most, section: (start, end) }) = self.memory else { return module.to_vec() };
        let limit = (MAX_MEMORY / PAGE) as u32;
        // One memory, with a least and a largest size.
        let mut content = vec![1, 1];
        push_number(&mut content, least);
        push_number(&mut content, most.map_or(limit, |most| most.min(limit)));
        let mut limited = module[..start].to_vec();
        limited.extend([5, content.len() as u8]);
        limited.extend(content);
        limited.extend(&module[end..]);
        limited
    }
}

/// Writes a number in LEB128.
fn push_number(bytes: &mut Vec<u8>, mut number: u32) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    /// A number in LEB128.
    fn number(&mut self) -> Option<u32> {
        let mut number = 0;
        for shift in (0..35).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return number.try_into().ok();
            }
        }
        None
    }

    /// As many bytes as a number before them says.
    fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.number()? as usize;
        let (bytes, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(bytes)
    }

    fn text(&mut self) -> Option<String> {
        String::from_utf8(self.bytes()?.to_vec()).ok()
    }

    fn section(&mut self) -> Option<(u8, &'a [u8])> {
        Some((self.byte()?, self.bytes()?))
    }

    fn list<T>(&mut self, read: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        // Not with room for all: the number of entries is what the file says.
        let count = self.number()?;
        (0..count).map(|_| read(self)).collect()
    }

    /// Other types than those of functions would be allocated outside of the memory, without a limit.
    fn types(&mut self) -> Result<Vec<Signature>, String> {
        const FUNCTION_TYPE: u8 = 0x60;
        // Numbers, vectors, and references to functions and to anything else.
        let is_plain = |kind: &u8| matches!(kind, 0x7b..=0x7f | 0x70 | 0x6f);
        let mut types = Vec::new();
        for _ in 0..self.number().ok_or(UNREADABLE)? {
            if self.byte().ok_or(UNREADABLE)? != FUNCTION_TYPE {
                return Err("It has types that are not supported: those of garbage collection.".to_owned());
            }
            let [parameters, results] = [self.bytes(), self.bytes()].map(|kinds| kinds.unwrap_or(&[0]).to_vec());
            if !parameters.iter().chain(&results).all(is_plain) {
                return Err("It has functions on types that are not supported.".to_owned());
            }
            types.push(Signature { parameters, results });
        }
        Ok(types)
    }

    #[allow(clippy::option_option, reason = "unreadable, or no import")]
    fn first_import(&mut self) -> Option<Option<(String, String)>> {
        match self.number()? {
            0 => Some(None),
            _ => Some(Some((self.text()?, self.text()?))),
        }
    }

    fn memory(&mut self, section: (usize, usize)) -> Result<Memory, String> {
        let count = self.number().ok_or(UNREADABLE)?;
        if count != 1 {
            return Err(format!("It has {count} memories instead of one."));
        }
        let kind = self.byte().ok_or(UNREADABLE)?;
        if kind > 1 {
            return Err("Its memory is shared, or has addresses of 64 bits or pages of another size.".to_owned());
        }
        let least = self.number().ok_or(UNREADABLE)?;
        let most = if kind == 1 { Some(self.number().ok_or(UNREADABLE)?) } else { None };
        Ok(Memory { least, most, section })
    }

    fn export(&mut self) -> Option<(String, u8, u32)> {
        Some((self.text()?, self.byte()?, self.number()?))
    }
}
