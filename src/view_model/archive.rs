//! The message after exporting or importing an archive.

use super::format;
use crate::archive::ImportSummary;

/// The outcome of exporting or importing an archive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// In a sentence or two.
    pub text: String,
    /// The problems, one by one; or what to do about a failure.
    pub problems: Vec<String>,
    /// Whether something went wrong.
    pub failed: bool,
}

impl Outcome {
    /// A complete success.
    pub fn done(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }
}

/// What was added, what already existed, and every part that could not be imported as is.
pub fn import_outcome(summary: &ImportSummary) -> Outcome {
    let counts = [
        (summary.batches, "batch", "batches"),
        (summary.workflows, "workflow", "workflows"),
        (summary.models, "model", "models"),
        (summary.files, "other file", "other files"),
    ];
    let parts: Vec<String> = (counts.into_iter())
        .filter(|(count, ..)| *count > 0)
        .map(|(count, one, many)| format::plural(u64::from(count), one, many))
        .collect();
    let mut text = if parts.is_empty() {
        "Nothing new in the archive.".to_owned()
    } else {
        format!("Added: {}.", parts.join(", "))
    };
    if summary.skipped > 0 {
        text += &format!(" {} here already.", format::plural(u64::from(summary.skipped), "was", "were"));
    }
    match summary.problems.len() as u64 {
        0 => {}
        1 => text += " One part could not be imported as is:",
        many => text += &format!(" {} parts could not be imported as is:", format::count(many)),
    }
    let problems = summary.problems.iter().map(|problem| format!("{}: {}", problem.entry, problem.message)).collect();
    Outcome { text, problems, failed: !summary.problems.is_empty() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::ArchiveProblem;

    #[test]
    fn the_message_lists_what_was_added_and_what_existed() {
        let summary = ImportSummary { batches: 2, workflows: 1, skipped: 3, ..ImportSummary::default() };
        assert_eq!(import_outcome(&summary), Outcome::done("Added: 2 batches, 1 workflow. 3 were here already."));
        assert_eq!(import_outcome(&ImportSummary::default()).text, "Nothing new in the archive.");
    }

    #[test]
    fn every_problem_is_listed() {
        let problem =
            |entry: &str| ArchiveProblem { entry: entry.to_owned(), message: "its checksum differs.".to_owned() };
        let summary = ImportSummary { batches: 1, problems: vec![problem("blobs/a")], ..ImportSummary::default() };
        assert_eq!(import_outcome(&summary).text, "Added: 1 batch. One part could not be imported as is:");
        let summary = ImportSummary { problems: vec![problem("blobs/a"), problem("blobs/b")], ..summary };
        let outcome = import_outcome(&summary);
        assert!(outcome.failed && outcome.text.ends_with("2 parts could not be imported as is:"), "{}", outcome.text);
        assert_eq!(outcome.problems, ["blobs/a: its checksum differs.", "blobs/b: its checksum differs."]);
    }
}
