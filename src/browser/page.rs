//! The page's side: its connection to the service, and what only a page can do: files from drops and pickers,
//! downloads, notifications, the screen's wake lock, and noticing that it is left or suspended.

pub mod client;
pub mod files;
pub mod folder;
mod javascript;
mod lifecycle;
mod link;
mod notification;
mod wake;

pub use link::OnStored;
