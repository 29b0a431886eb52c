//! The built-in workflows.
