//! Reading forward through a file's bytes. The formats add what their numbers look like.

use std::io::{self, Read};

use super::{Bytes, Problem};

/// The bytes that have not been passed yet. A part is read when it is loaded.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a>(pub(super) Bytes<'a>);

impl<'a> Reader<'a> {
    /// The next bytes.
    ///
    /// # Errors
    /// When there are fewer.
    pub(super) fn take(&mut self, length: u64) -> Result<Bytes<'a>, Problem> {
        let taken = self.0.get(0, length).ok_or(Problem::Truncated)?;
        self.0 = self.0.part(length, u64::MAX);
        Ok(taken)
    }
}

impl Read for Reader<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.0.len().min(out.len() as u64);
        self.0.fill(0, &mut out[..count as usize]).ok_or(io::ErrorKind::Other)?;
        self.0 = self.0.part(count, u64::MAX);
        Ok(count as usize)
    }
}
