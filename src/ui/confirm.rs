//! The dialog that asks before the page destroys something.

use std::sync::Arc;

use leptos::html;
use leptos::prelude::*;

use super::parts;
use super::widgets::modal;

/// A question, and what to do on yes.
#[derive(Clone)]
struct Question {
    title: String,
    text: String,
    yes: &'static str,
    act: Arc<dyn Fn() + Send + Sync>,
}

/// Asks for confirmation.
#[derive(Clone, Copy)]
pub(crate) struct Confirm(RwSignal<Option<Question>>);

impl Confirm {
    /// Asks; `act` runs on yes. `yes` is the button's label, such as `Delete`.
    pub(crate) fn ask(
        self,
        title: impl Into<String>,
        text: impl Into<String>,
        yes: &'static str,
        act: impl Fn() + Send + Sync + 'static,
    ) {
        self.0.set(Some(Question { title: title.into(), text: text.into(), yes, act: Arc::new(act) }));
    }

    fn answer(self, yes: bool) {
        let question = self.0.get_untracked();
        self.0.set(None);
        if let Some(question) = question.filter(|_| yes) {
            (question.act)();
        }
    }
}

/// Provides the dialog.
pub(crate) fn provide_confirm() {
    provide_context(Confirm(RwSignal::new(None)));
}

/// The dialog, once it is first needed.
#[component]
pub(crate) fn Confirmation() -> impl IntoView {
    let confirm = expect_context::<Confirm>();
    let was_asked =
        Memo::new(move |before: Option<&bool>| confirm.0.with(Option::is_some) || before.copied().unwrap_or_default());
    move || was_asked.get().then(|| parts::later(|later: parts::Later| (later.confirm)()))
}

/// The dialog. Escape means no.
#[component]
pub(crate) fn ConfirmDialog() -> impl IntoView {
    let confirm = expect_context::<Confirm>();
    let dialog = NodeRef::<html::Dialog>::new();
    modal(dialog, move || confirm.0.with(Option::is_some), || ());
    let part = move |read: fn(&Question) -> String| move || confirm.0.with(|asked| asked.as_ref().map(read));
    view! {
        <dialog
            node_ref=dialog
            data-testid="confirm"
            aria-labelledby="confirm-title"
            on:close=move |_| confirm.answer(false)
        >
            <h2 id="confirm-title">{part(|question| question.title.clone())}</h2>
            <p>{part(|question| question.text.clone())}</p>
            <div class="spread">
                <button class="button" data-testid="confirm-no" on:click=move |_| confirm.answer(false)>"Cancel"</button>
                <button class="button bad" data-testid="confirm-yes" on:click=move |_| confirm.answer(true)>
                    {part(|question| question.yes.to_owned())}
                </button>
            </div>
        </dialog>
    }
}
