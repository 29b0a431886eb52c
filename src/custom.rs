//! Custom actions: WebAssembly modules of the user's own, and the port to a host that runs them.
//!
//! `reference/guides/custom-actions.txt` describes what a module exports, and `docs/custom-actions.md` is the same text. It imports nothing, so all that it can do is compute. What is
//! here needs no browser: which modules are accepted, and with how much memory ([`module`]); what a module says of
//! itself and which settings it accepts ([`spec`]); the calls that give it a picture and take one back, which trust nothing
//! that it returns ([`call`]). A host only compiles modules, starts them and moves bytes.

use crate::error::Failure;

pub mod call;
pub mod module;
pub mod spec;

pub use call::{Function, Guest, Problem};
pub use spec::Spec;

/// The version of the interface between modules and hosts.
pub const ABI: u32 = 1;

/// The most memory of a module in bytes: the largest picture twice. It traps, or is refused more, before a tab is ended.
pub const MAX_MEMORY: u64 = 1 << 30;

/// The custom actions that a host keeps, by the name that the parameter `action` has.
pub trait CustomSource {
    /// The custom action of this name.
    ///
    /// # Errors
    /// Why it is not available. The engine adds which action requested it.
    fn get(&self, name: &str) -> Result<&dyn CustomAction, Failure>;
}

/// A compiled module, with what it said of itself.
pub trait CustomAction {
    /// What it said.
    fn spec(&self) -> &Spec;

    /// The SHA-256 of its file in hexadecimal digits.
    fn sha256(&self) -> &str;

    /// Starts the module. Each picture gets an instance of its own, so that none can leave anything behind for the next one.
    ///
    /// # Errors
    /// The engine's message.
    fn start(&self) -> Result<Box<dyn Guest>, String>;
}
