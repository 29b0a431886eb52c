//! Tables as lines of values: CSV and its relatives (RFC 4180), read as Python's `csv` reads them.

use super::Written;
use crate::workflow::Diagnostic;

crate::choices! {
    /// What separates the values of a line.
    pub enum Delimiter {
        /// A comma.
        Comma = "comma",
        /// A semicolon.
        Semicolon = "semicolon",
        /// A tab.
        Tab = "tab",
        /// A vertical line.
        Pipe = "pipe",
    }
}

impl Delimiter {
    const ALL: [Self; 4] = [Self::Comma, Self::Semicolon, Self::Tab, Self::Pipe];

    const fn byte(self) -> u8 {
        match self {
            Self::Comma => b',',
            Self::Semicolon => b';',
            Self::Tab => b'\t',
            Self::Pipe => b'|',
        }
    }

    /// The one that gives the first lines the same number of values, more than one of them; of several the one that gives most.
    fn of(text: &str) -> Self {
        const LINES: usize = 10;
        let judged = |delimiter: &Self| {
            let mut lines = Lines { text, at: 0, delimiter: delimiter.byte(), open: None };
            let counts: Vec<usize> =
                std::iter::from_fn(|| lines.next_line().map(|line| line.len())).take(LINES).collect();
            let first = counts.first().copied().unwrap_or(0);
            (first > 1 && counts.iter().all(|count| *count == first), first)
        };
        // Of equal ones the first.
        Self::ALL.into_iter().rev().max_by_key(judged).unwrap_or(Self::Comma)
    }
}

/// Reads header and rows; lines without a character are skipped.
///
/// # Errors
/// When a quotation mark is not closed.
pub(super) fn read(text: &str, delimiter: Option<Delimiter>) -> Result<Written, Vec<Diagnostic>> {
    let delimiter = delimiter.unwrap_or_else(|| Delimiter::of(text)).byte();
    let mut lines = Lines { text, at: 0, delimiter, open: None };
    let header = lines.next_line().unwrap_or_default();
    let rows: Vec<_> = std::iter::from_fn(|| lines.next_line()).collect();
    match lines.open {
        None => Ok(Written { header, rows }),
        Some(opened) => {
            let line = text[..opened].matches('\n').count() + 1;
            let message = format!("Row {} (line {line}) has a quotation mark that is not closed.", rows.len());
            let hint = "Close it, or write it twice (\"\") if it is part of the value.";
            Err(vec![Diagnostic::error("unclosed_quote", message, hint)])
        }
    }
}

struct Lines<'a> {
    text: &'a str,
    at: usize,
    delimiter: u8,
    /// Where a quotation mark is that is not closed.
    open: Option<usize>,
}

impl Lines<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The values of the next line that has any character.
    fn next_line(&mut self) -> Option<Vec<String>> {
        while let Some(b'\r' | b'\n') = self.peek() {
            self.at += 1;
        }
        self.peek()?;
        let mut values = Vec::new();
        loop {
            let mut value = String::new();
            if self.peek() == Some(b'"') {
                self.quoted(&mut value);
            }
            let is_end = |byte: &u8| [self.delimiter, b'\r', b'\n'].contains(byte);
            let rest = &self.text[self.at..];
            let length = rest.bytes().position(|byte| is_end(&byte)).unwrap_or(rest.len());
            value.push_str(&rest[..length]);
            values.push(value);
            self.at += length;
            if self.peek() != Some(self.delimiter) {
                return Some(values);
            }
            self.at += 1;
        }
    }

    /// Reads what is in quotation marks.
    fn quoted(&mut self, value: &mut String) {
        let opened = self.at;
        loop {
            self.at += 1;
            let rest = &self.text[self.at..];
            let Some(length) = rest.find('"') else {
                value.push_str(rest);
                (self.at, self.open) = (self.text.len(), Some(opened));
                return;
            };
            value.push_str(&rest[..length]);
            self.at += length + 1;
            if self.peek() != Some(b'"') {
                return;
            }
            value.push('"');
        }
    }
}
