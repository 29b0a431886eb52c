//! The settings: what the user allows outside the page (system notifications, webhooks, servers), and exporting and importing
//! everything as one archive. Outcomes are shown in the dialog, because notices are behind it.

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::Value;
use web_sys::FileList;

use super::icons::{Icon, Shape};
use super::notices::NoticeBoard;
use super::offline;
use super::parts;
use super::servers::Servers;
use super::services::{Preference, Services, StorageState, UiError};
use super::stage::Stage;
use super::widgets::{FilePicker, Switch, modal};
use crate::view_model::archive::{Outcome, import_outcome};
use crate::view_model::format;

/// The button in the header. Its dialog is built when it is first opened.
#[component]
pub(crate) fn Preferences() -> impl IntoView {
    let shown = RwSignal::new(false);
    let was_shown = Memo::new(move |before: Option<&bool>| shown.get() || before.copied().unwrap_or_default());
    view! {
        <button
            class="button quiet square"
            data-testid="preferences"
            aria-label="Settings"
            title="Settings"
            on:click=move |_| shown.set(true)
        >
            <Icon shape=Shape::Sliders/>
        </button>
        {move || was_shown.get().then(|| parts::later(move |later: parts::Later| (later.preferences)(shown)))}
    }
}

/// The dialog.
#[component]
pub(crate) fn PreferencesDialog(shown: RwSignal<bool>) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    let (services, stage) = (expect_context::<Services>(), expect_context::<Stage>());
    let storage = RwSignal::new(None::<StorageState>);
    // The browser may have answered since, and what is used changes.
    let opened = move || {
        spawn_local(async move {
            let _page_is_closing = storage.try_set(services.storage_state().await);
        });
    };
    modal(dialog, move || shown.get(), opened);
    view! {
        <dialog
            node_ref=dialog
            class="preferences"
            data-testid="preferences-dialog"
            aria-labelledby="preferences-title"
            on:close=move |_| shown.set(false)
        >
            <h2 id="preferences-title">"Settings"</h2>
            <section aria-labelledby="batch-end-title">
                <h3 id="batch-end-title">"When a batch ends"</h3>
                <Permission
                    preference=Preference::Notifications
                    id="preference-notifications"
                    text="Notify me"
                    help="Shows a system notification, even while this tab is in the background."
                />
                <Permission
                    preference=Preference::Webhooks
                    id="preference-webhooks"
                    text="Call webhooks"
                    help="Sends the batch's status to the URL it was started with. Pictures and their names are never sent."
                />
            </section>
            {stage.embedding().is_none().then(|| view! { <Language/> })}
            <Servers/>
            <StorageNote state=storage/>
            <Everything dialog/>
            <div class="spread">
                <button class="button primary" data-testid="preferences-close" on:click=move |_| shown.set(false)>
                    "Done"
                </button>
            </div>
        </dialog>
    }
}

/// Whether the browser keeps what is stored, and how much that is.
#[component]
fn StorageNote(state: RwSignal<Option<StorageState>>) -> impl IntoView {
    move || {
        state.get().map(|StorageState { is_kept, usage }| {
            let promise = match is_kept {
                true => "Kept until you delete it.",
                false => "May be cleared by the browser when space is short: save what you need.",
            };
            view! {
                <section aria-labelledby="storage-title">
                    <h3 id="storage-title">"Storage"</h3>
                    <p class="small" data-testid="storage-state">
                        {format!("{promise} {} in use.", format::bytes(usage as u64))}
                    </p>
                </section>
            }
        })
    }
}

impl From<UiError> for Outcome {
    fn from(UiError { text, hint }: UiError) -> Self {
        Self { text, problems: Some(hint).into_iter().filter(|hint| !hint.is_empty()).collect(), failed: true }
    }
}

/// Exports and imports everything in this browser as one archive. The last outcome stays visible, and is also shown as
/// The languages that the page is shown in, with the names that they have themselves, as a JSON object.
const LANGUAGES: &str = include_str!("../languages/translation/languages.json");

/// The choice of the page's language. A script beside the program makes it so and remembers it.
#[component]
fn Language() -> impl IntoView {
    let shown = document().document_element().and_then(|page| page.get_attribute("lang")).unwrap_or_default();
    let languages: Value = serde_json::from_str(LANGUAGES).unwrap_or_default();
    let names = languages.as_object().into_iter().flatten();
    let options = names.filter_map(|(tag, name)| Some((tag.clone(), name.as_str()?.to_owned()))).map(|(tag, name)| {
        let is_shown = tag == shown;
        view! { <option value=tag.clone() lang=tag prop:selected=is_shown>{name}</option> }
    });
    let choose = move |event: leptos::ev::Event| {
        offline::send("pixelmill-language", event_target_value(&event).into());
    };
    view! {
        <section aria-labelledby="language-title">
            <h3 id="language-title">"Language"</h3>
            <select class="field" data-testid="language" aria-labelledby="language-title" translate="no" on:change=choose>
                {options.collect_view()}
            </select>
        </section>
    }
}

/// a notice if the dialog was closed in the meantime.
#[component]
fn Everything(dialog: NodeRef<html::Dialog>) -> impl IntoView {
    let services = expect_context::<Services>();
    let notices = expect_context::<NoticeBoard>();
    let busy = RwSignal::new(None::<&'static str>);
    let outcome = RwSignal::new(None::<Outcome>);
    let begin = move |what| {
        outcome.set(None);
        busy.set(Some(what));
    };
    let end = move |ended: Outcome| {
        busy.set(None);
        if !dialog.get_untracked().is_some_and(|dialog| dialog.open()) {
            let Outcome { text, problems, failed } = ended.clone();
            if failed { notices.failed(text, problems.join(" ")) } else { notices.done(text) }
        }
        outcome.set(Some(ended));
    };
    let export = move |_| {
        begin("Packing everything…");
        spawn_local(async move {
            end(match services.export_archive().await {
                Ok(()) => Outcome::done("Everything is packed; the download has started."),
                Err(problem) => problem.into(),
            });
        });
    };
    let picked = move |files: FileList| {
        let Some(file) = files.get(0) else { return };
        begin("Importing the archive…");
        spawn_local(async move {
            end(match services.import_archive(file).await {
                Ok(summary) => import_outcome(&summary),
                Err(problem) => problem.into(),
            });
        });
    };
    let is_busy = Signal::derive(move || busy.with(Option::is_some));
    let said =
        move || busy.get().map(str::to_owned).or_else(|| outcome.with(|outcome| Some(outcome.as_ref()?.text.clone())));
    let problems =
        move || outcome.with(|outcome| outcome.as_ref().map(|ended| ended.problems.clone()).unwrap_or_default());
    view! {
        <section class="everything" aria-labelledby="everything-title">
            <h3 id="everything-title">"Everything in this browser"</h3>
            <p class="small muted">
                "Batches with their pictures and results, your workflows, models, fonts, LUTs and custom actions, as one ZIP: as a backup, or for another browser. Importing never overwrites."
            </p>
            <div class="spread">
                <button class="button" data-testid="archive-export" disabled=move || is_busy.get() on:click=export>
                    <Icon shape=Shape::Download/>
                    "Save as ZIP"
                </button>
                <FilePicker
                    label="Archive"
                    accept=".zip,application/zip"
                    testid="archive-file"
                    button_testid="archive-import"
                    disabled=is_busy
                    on_pick=picked
                >
                    <Icon shape=Shape::Plus/>
                    "Add from ZIP…"
                </FilePicker>
            </div>
            <div class="outcome small" role="status" data-testid="archive-outcome">
                <p class:problem=move || outcome.with(|outcome| outcome.as_ref().is_some_and(|ended| ended.failed))>{said}</p>
                <ul>
                    {move || problems().into_iter().map(|problem| view! { <li>{problem}</li> }).collect::<Vec<_>>()}
                </ul>
            </div>
        </section>
    }
}

#[component]
fn Permission(preference: Preference, id: &'static str, text: &'static str, help: &'static str) -> impl IntoView {
    let services = expect_context::<Services>();
    let on = RwSignal::new(false);
    let problem = RwSignal::new(None::<UiError>);
    spawn_local(async move {
        match services.is_allowed(preference).await {
            Ok(allowed) => drop(on.try_set(allowed)),
            Err(why) => drop(problem.try_set(Some(why))),
        }
    });
    let change = move |wanted: bool| {
        problem.set(None);
        // The browser may only ask the user now, in response to the click.
        let asked = services.ask_for(preference, wanted);
        spawn_local(async move {
            let outcome = match asked.await {
                Ok(()) => services.allow(preference, wanted).await,
                Err(problem) => Err(problem),
            };
            // The switch shows what actually applies.
            on.set(wanted);
            if let Err(why) = outcome {
                on.set(!wanted);
                problem.set(Some(why));
            }
        });
    };
    let described_by = move || {
        if problem.with(Option::is_some) { format!("{id}-problem {id}-help") } else { format!("{id}-help") }
    };
    view! {
        <div class="parameter inline">
            <label for=id>{text}</label>
            <Switch id on=on.into() on_change=change described_by=Signal::derive(described_by)/>
            {move || problem.get().map(|UiError { text, hint }| view! {
                <p class="problem" role="alert" id=format!("{id}-problem") data-testid="preference-problem">{text} " " {hint}</p>
            })}
            <p class="small muted" id=format!("{id}-help")>{help}</p>
        </div>
    }
}
