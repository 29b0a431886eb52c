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
    /// One picture of a batch, by its `assetIndex`. The fragment counts pictures from 1.
    Picture(String, u32),
    /// The API page, at one of its headings, or at its beginning if that is empty.
    Api(String),
}

impl Route {
    /// Parses a fragment, with or without its `#`. An unknown fragment leads to the start page, a new batch.
    pub fn parse(fragment: &str) -> Self {
        let path = fragment.trim_start_matches('#').trim_matches('/');
        match path.split_once('/') {
            None if path == "batches" => Self::Batches,
            None if path == "api" => Self::Api(String::new()),
            Some(("api", heading)) => Self::Api(if is_id(heading) { heading.to_owned() } else { String::new() }),
            Some(("batches", id)) if is_id(id) => Self::Batch(id.to_owned()),
            Some(("batches", rest)) => match rest.split_once('/') {
                Some((id, number)) if is_id(id) => match number.parse::<u32>().ok().and_then(|n| n.checked_sub(1)) {
                    Some(index) => Self::Picture(id.to_owned(), index),
                    None => Self::Batch(id.to_owned()),
                },
                _ => Self::New,
            },
            _ => Self::New,
        }
    }

    /// The route without the picture or the heading that is open in it: it determines which view is built.
    pub fn view(&self) -> Self {
        match self {
            Self::Picture(id, _) => Self::Batch(id.clone()),
            Self::Api(_) => Self::Api(String::new()),
            other => other.clone(),
        }
    }

    /// The `assetIndex` of the picture that is open in a batch, if any.
    pub fn picture_of(&self, batch_id: &str) -> Option<u32> {
        match self {
            Self::Picture(id, index) if id == batch_id => Some(*index),
            _ => None,
        }
    }

    /// The fragment with its `#`, for a link.
    pub fn fragment(&self) -> String {
        match self {
            Self::New => "#/new".to_owned(),
            Self::Batches => "#/batches".to_owned(),
            Self::Batch(id) => format!("#/batches/{id}"),
            Self::Picture(id, index) => format!("#/batches/{id}/{}", u64::from(*index) + 1),
            Self::Api(heading) if heading.is_empty() => "#/api".to_owned(),
            Self::Api(heading) => format!("#/api/{heading}"),
        }
    }

    /// The title of the view.
    pub const fn title(&self) -> &'static str {
        match self {
            Self::New => "New batch",
            Self::Batches => "Batches",
            Self::Batch(_) | Self::Picture(..) => "Results",
            Self::Api(_) => "API",
        }
    }
}

/// The ids of batches and headings are made of these characters only, so they need no escaping in a fragment.
fn is_id(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_reads_back_from_its_fragment() {
        let id = "batch-web-gallery-20250102-0a1b2c3d";
        let pictures = [0, 41, u32::MAX - 1].map(|index| Route::Picture(id.into(), index));
        let views = [Route::New, Route::Batches, Route::Batch(id.into()), Route::Api(String::new())];
        let headings = ["execute-batch", "action-resize"].map(|heading| Route::Api(heading.into()));
        for route in views.into_iter().chain(pictures).chain(headings) {
            assert_eq!(Route::parse(&route.fragment()), route);
        }
    }

    #[test]
    fn pictures_are_counted_from_one_and_belong_to_the_view_of_their_batch() {
        let picture = Route::parse("#/batches/a/3");
        assert_eq!(picture, Route::Picture("a".into(), 2));
        assert_eq!(picture.view(), Route::Batch("a".into()));
        assert_eq!(
            (picture.picture_of("a"), picture.picture_of("b"), Route::New.picture_of("a")),
            (Some(2), None, None)
        );
        for none in ["#/batches/a/0", "#/batches/a/x", "#/batches/a/99999999999", "#/batches/a/1/2"] {
            assert_eq!(Route::parse(none), Route::Batch("a".into()), "{none}");
        }
    }

    #[test]
    fn headings_belong_to_the_view_of_the_api() {
        assert_eq!(Route::parse("#/api/execute-batch").view(), Route::Api(String::new()));
        for none in ["#/api/", "#/api/a/b", "#/api/<script>"] {
            assert_eq!(Route::parse(none), Route::Api(String::new()), "{none}");
        }
        assert_eq!(Route::parse("#/apis"), Route::New);
    }

    #[test]
    fn an_unknown_fragment_is_the_start() {
        for fragment in ["", "#", "#/", "#/elsewhere", "#/batches/<script>", "new"] {
            assert_eq!(Route::parse(fragment), Route::New, "{fragment}");
        }
    }

    #[test]
    fn a_trailing_slash_does_not_matter() {
        assert_eq!(Route::parse("#/batches/"), Route::Batches);
    }
}
