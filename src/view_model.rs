//! The page's logic that needs no browser: routes, texts for sizes and times, which rows of a long list are visible,
//! the history of an edited document. Pure, so that it can be tested natively; `ui` renders the results.

pub mod accept;
pub mod archive;
pub mod curve;
pub mod custom;
pub mod document;
pub mod dry_run;
pub mod editing;
pub mod failures;
pub mod form;
pub mod format;
pub mod frames;
pub mod gradient;
pub mod graph;
pub mod histogram;
pub mod history;
pub mod marks;
pub mod missing;
pub mod notices;
pub mod picked;
pub mod places;
pub mod placing;
pub mod progress;
pub mod reading;
pub mod route;
pub mod saved_draft;
pub mod skipped;
pub mod transparency;
pub mod window;
pub mod zoom;
