//! Reading forward through a file's bytes. The formats add what their numbers look like.

use super::{Bytes, Problem};

/// The bytes that have not been read yet.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    /// The next bytes.
    ///
    /// # Errors
    /// When there are fewer.
    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], Problem> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Problem::Truncated)?;
        self.0 = rest;
        Ok(taken)
    }
}

/// The bytes that have not been passed yet, of a file that may be read in pieces. A part is read when it is loaded.
#[derive(Clone, Copy)]
pub(super) struct Parts<'a>(pub(super) Bytes<'a>);

impl<'a> Parts<'a> {
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
