//! The dialog that asks for a name.

use std::sync::Arc;

use leptos::ev::SubmitEvent;
use leptos::html;
use leptos::prelude::*;

use super::parts;
use super::widgets::modal;

/// A question, and what to do with the name.
#[derive(Clone)]
struct Question {
    title: String,
    yes: &'static str,
    act: Arc<dyn Fn(String) + Send + Sync>,
}

/// Asks for a name.
#[derive(Clone, Copy)]
pub(crate) struct AskName {
    question: RwSignal<Option<Question>>,
    name: RwSignal<String>,
}

impl AskName {
    /// Asks, with `name` filled in; `act` receives what was entered. `yes` is the button's label, such as `Save`.
    pub(crate) fn ask(
        self,
        title: impl Into<String>,
        name: impl Into<String>,
        yes: &'static str,
        act: impl Fn(String) + Send + Sync + 'static,
    ) {
        self.name.set(name.into());
        self.question.set(Some(Question { title: title.into(), yes, act: Arc::new(act) }));
    }

    fn answer(self, yes: bool) {
        let question = self.question.get_untracked();
        let name = self.name.get_untracked().trim().to_owned();
        if yes && name.is_empty() {
            return;
        }
        self.question.set(None);
        if let Some(question) = question.filter(|_| yes) {
            (question.act)(name);
        }
    }
}

/// Provides the dialog.
pub(crate) fn provide_ask_name() {
    provide_context(AskName { question: RwSignal::new(None), name: RwSignal::new(String::new()) });
}

/// The dialog, once it is first needed.
#[component]
pub(crate) fn NameQuestion() -> impl IntoView {
    let asked = expect_context::<AskName>();
    let was_asked = Memo::new(move |before: Option<&bool>| {
        asked.question.with(Option::is_some) || before.copied().unwrap_or_default()
    });
    move || was_asked.get().then(|| parts::later(|later: parts::Later| (later.ask_name)()))
}

/// The dialog. Escape means no.
#[component]
pub(crate) fn NameDialog() -> impl IntoView {
    let asked = expect_context::<AskName>();
    let dialog = NodeRef::<html::Dialog>::new();
    let field = NodeRef::<html::Input>::new();
    let opened = move || {
        if let Some(field) = field.get_untracked() {
            field.select();
        }
    };
    modal(dialog, move || asked.question.with(Option::is_some), opened);
    let part = move |read: fn(&Question) -> String| move || asked.question.with(|asked| asked.as_ref().map(read));
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        asked.answer(true);
    };
    view! {
        <dialog
            node_ref=dialog
            data-testid="name-dialog"
            aria-labelledby="name-title"
            on:close=move |_| asked.answer(false)
        >
            <form on:submit=submit>
                <h2 id="name-title">{part(|question| question.title.clone())}</h2>
                <input
                    node_ref=field
                    class="field"
                    type="text"
                    maxlength="80"
                    aria-label="Name"
                    data-testid="name-field"
                    prop:value=move || asked.name.get()
                    on:input=move |event| asked.name.set(event_target_value(&event))
                />
                <div class="spread">
                    <button type="button" class="button" data-testid="name-no" on:click=move |_| asked.answer(false)>
                        "Cancel"
                    </button>
                    <button
                        class="button primary"
                        data-testid="name-yes"
                        disabled=move || asked.name.with(|name| name.trim().is_empty())
                    >
                        {part(|question| question.yes.to_owned())}
                    </button>
                </div>
            </form>
        </dialog>
    }
}
