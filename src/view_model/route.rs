//! The current view. Views live in the URL's fragment, so the page works from any sub-path of a static host and a
//! reload stays on the view.

/// A view of the page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Route {
    /// Choosing pictures and a workflow.
    #[default]
    New,
    /// Every batch.
    Batches,
    /// The results of one batch, by its id.
    Batch(String),
}

impl Route {
    /// Parses a fragment, with or without its `#`. An unknown fragment leads to the start page, a new batch.
    pub fn parse(fragment: &str) -> Self {
        let path = fragment.trim_start_matches('#').trim_matches('/');
        match path.split_once('/') {
            None if path == "batches" => Self::Batches,
            Some(("batches", id)) if is_batch_id(id) => Self::Batch(id.to_owned()),
            _ => Self::New,
        }
    }

    /// The fragment with its `#`, for a link.
    pub fn fragment(&self) -> String {
        match self {
            Self::New => "#/new".to_owned(),
            Self::Batches => "#/batches".to_owned(),
            Self::Batch(id) => format!("#/batches/{id}"),
        }
    }

    /// The title of the view.
    pub const fn title(&self) -> &'static str {
        match self {
            Self::New => "New batch",
            Self::Batches => "Batches",
            Self::Batch(_) => "Results",
        }
    }
}

/// Batch ids are made of these characters only, so they need no escaping in a fragment.
fn is_batch_id(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_reads_back_from_its_fragment() {
        for route in [Route::New, Route::Batches, Route::Batch("batch-web-gallery-20250102-0a1b2c3d".into())] {
            assert_eq!(Route::parse(&route.fragment()), route);
        }
    }

    #[test]
    fn an_unknown_fragment_is_the_start() {
        for fragment in ["", "#", "#/", "#/elsewhere", "#/batches/a/b", "#/batches/<script>", "new"] {
            assert_eq!(Route::parse(fragment), Route::New, "{fragment}");
        }
    }

    #[test]
    fn a_trailing_slash_does_not_matter() {
        assert_eq!(Route::parse("#/batches/"), Route::Batches);
    }
}
