//! Undo and redo of a value that is edited as a whole.

use serde::{Deserialize, Serialize};

/// A value with its past and its undone future.
#[derive(Clone, Debug, PartialEq)]
pub struct History<T> {
    steps: Steps<T>,
    present: T,
    /// The tag of the last edit: consecutive edits with the same tag are one step.
    tag: Option<String>,
}

/// The steps that lead to a value, and those that were undone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Steps<T> {
    /// What was before each step, with the step's name.
    past: Vec<(T, String)>,
    /// What was after each undone step, with the step's name.
    future: Vec<(T, String)>,
}

impl<T> Steps<T> {
    const NONE: Self = Self { past: Vec::new(), future: Vec::new() };

    /// Whether there is neither a past nor a future.
    pub const fn is_empty(&self) -> bool {
        self.past.is_empty() && self.future.is_empty()
    }
}

/// How many steps are kept.
const DEPTH: usize = 100;

impl<T: Clone + PartialEq> History<T> {
    /// A value without a past.
    pub const fn new(present: T) -> Self {
        Self { steps: Steps::NONE, present, tag: None }
    }

    /// What can be undone and redone.
    pub const fn steps(&self) -> &Steps<T> {
        &self.steps
    }

    /// Gives the current value another past and future.
    pub fn set_steps(&mut self, steps: Steps<T>) {
        self.steps = steps;
        self.tag = None;
    }

    /// The current value.
    pub const fn present(&self) -> &T {
        &self.present
    }

    /// Makes `next` the current value; `name` says what was done. An edit with the tag of the one before it (dragging one
    /// slider) adds no step.
    pub fn edit(&mut self, tag: &str, name: &str, next: T) {
        if next == self.present {
            return;
        }
        let continues = self.tag.as_deref() == Some(tag) && self.steps.future.is_empty() && !self.steps.past.is_empty();
        let previous = std::mem::replace(&mut self.present, next);
        if !continues {
            self.steps.past.push((previous, name.to_owned()));
            if self.steps.past.len() > DEPTH {
                self.steps.past.remove(0);
            }
        }
        self.steps.future.clear();
        self.tag = Some(tag.to_owned());
    }

    /// Makes `next` the current value, as a step of its own.
    pub fn replace(&mut self, name: &str, next: T) {
        self.tag = None;
        self.edit("", name, next);
        self.tag = None;
    }

    /// Goes one step back; false when there is none.
    pub fn undo(&mut self) -> bool {
        let Some((previous, name)) = self.steps.past.pop() else { return false };
        self.steps.future.push((std::mem::replace(&mut self.present, previous), name));
        self.tag = None;
        true
    }

    /// Goes one undone step forward; false when there is none.
    pub fn redo(&mut self) -> bool {
        let Some((next, name)) = self.steps.future.pop() else { return false };
        self.steps.past.push((std::mem::replace(&mut self.present, next), name));
        self.tag = None;
        true
    }

    /// What undoing would undo, if there is a step back.
    pub fn undone(&self) -> Option<&str> {
        self.steps.past.last().map(|(_, name)| name.as_str())
    }

    /// What redoing would do again, if there is a step forward.
    pub fn redone(&self) -> Option<&str> {
        self.steps.future.last().map(|(_, name)| name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replacing_is_always_a_step_of_its_own() {
        let mut history = History::new(0);
        history.edit("a", "Edit", 1);
        history.replace("Edit", 2);
        history.replace("Edit", 3);
        history.edit("", "Edit", 4);
        let back: Vec<i32> = std::iter::from_fn(|| history.undo().then(|| *history.present())).collect();
        assert_eq!(back, [3, 2, 1, 0]);
    }

    #[test]
    fn undo_and_redo_walk_the_same_steps() {
        let mut history = History::new(0);
        for (tag, value) in [("a", 1), ("b", 2), ("c", 3)] {
            history.edit(tag, "Edit", value);
        }
        assert!(history.undo() && history.undo());
        assert_eq!(*history.present(), 1);
        assert!(history.redo());
        assert_eq!(*history.present(), 2);
        assert!(history.redo() && !history.redo());
        assert_eq!(*history.present(), 3);
    }

    #[test]
    fn edits_of_one_control_in_a_row_are_one_step() {
        let mut history = History::new(0);
        for value in 1..50 {
            history.edit("slider", "Edit", value);
        }
        assert!(history.undo());
        assert_eq!(*history.present(), 0);
        assert_eq!(history.undone(), None);
    }

    #[test]
    fn an_edit_after_an_undo_drops_the_future() {
        let mut history = History::new(0);
        history.edit("a", "Edit", 1);
        history.undo();
        history.edit("a", "Edit", 2);
        assert_eq!(history.redone(), None);
        assert!(history.undo());
        assert_eq!(*history.present(), 0);
    }

    #[test]
    fn an_edit_that_changes_nothing_is_no_step() {
        let mut history = History::new(7);
        history.edit("a", "Edit", 7);
        assert_eq!(history.undone(), None);
    }

    #[test]
    fn steps_keep_their_names_on_the_way_back_and_forth() {
        let mut history = History::new(0);
        history.replace("Add Resize", 1);
        history.edit("width", "Width", 2);
        assert_eq!((history.undone(), history.redone()), (Some("Width"), None));
        history.undo();
        assert_eq!((history.undone(), history.redone()), (Some("Add Resize"), Some("Width")));
        history.redo();
        assert_eq!((history.undone(), history.redone()), (Some("Width"), None));
    }

    #[test]
    fn steps_outlive_the_value_that_they_belong_to() {
        let mut history = History::new(0);
        history.replace("One", 1);
        history.replace("Two", 2);
        history.undo();
        let text = serde_json::to_string(history.steps()).expect("numbers and texts");
        assert_eq!(text, r#"{"past":[[0,"One"]],"future":[[2,"Two"]]}"#);
        let mut later = History::new(1);
        assert!(later.steps().is_empty());
        later.set_steps(serde_json::from_str(&text).expect("as written"));
        assert_eq!((later.undone(), later.redone()), (Some("One"), Some("Two")));
        assert!(later.redo() && !later.redo());
        assert_eq!(*later.present(), 2);
        assert!(later.undo() && later.undo() && !later.undo());
        assert_eq!(*later.present(), 0);
    }

    #[test]
    fn the_past_is_bounded() {
        let mut history = History::new(0);
        for value in 1..500 {
            history.edit(&value.to_string(), "Edit", value);
        }
        let mut steps = 0;
        while history.undo() {
            steps += 1;
        }
        assert_eq!(steps, DEPTH);
    }
}
