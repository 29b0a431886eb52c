//! Servers to which workflows send pictures: the question whether they may, and the list of answers in the settings. An answer is
//! a setting of this browser, under the origin of a server.

use std::sync::LazyLock;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::new::draft::Draft;
use super::notices::NoticeBoard;
use super::services::Services;
use crate::submission::{ALLOWED, CONSENT, REFUSED, consent_key};
use crate::workflow::servers;

/// Counts the answers, for whatever depends on them.
static ANSWERS: LazyLock<ArcRwSignal<u32>> = LazyLock::new(|| ArcRwSignal::new(0));

/// Runs again after an answer.
pub(crate) fn track_answers() {
    ANSWERS.track();
}

/// What answers are read with and written by.
#[derive(Clone, Copy)]
struct Answers {
    services: Services,
    notices: NoticeBoard,
    /// Origins with their values; `None` until they are known.
    known: RwSignal<Option<Vec<(String, String)>>>,
}

impl Answers {
    /// Reads them, now and after each change.
    fn follow() -> Self {
        let all = Self { services: expect_context(), notices: expect_context(), known: RwSignal::new(None) };
        Effect::new(move || {
            track_answers();
            spawn_local(async move {
                match all.services.settings_below(CONSENT).await {
                    Ok(found) => {
                        let origin = |(key, value): (String, String)| (key[CONSENT.len()..].to_owned(), value);
                        let _view_is_gone = all.known.try_set(Some(found.into_iter().map(origin).collect()));
                    }
                    Err(problem) => all.notices.failed(problem.text, problem.hint),
                }
            });
        });
        all
    }

    /// Stores an answer, or forgets it.
    fn set(self, origin: &str, value: Option<&'static str>) {
        let change = (consent_key(origin), value.map(str::to_owned));
        spawn_local(async move {
            match self.services.change_settings(vec![change]).await {
                Ok(()) => ANSWERS.update(|count| *count += 1),
                Err(problem) => self.notices.failed(problem.text, problem.hint),
            }
        });
    }
}

/// Asks for each server that the chosen workflow names and that is not allowed.
#[component]
pub(crate) fn Questions() -> impl IntoView {
    let draft = expect_context::<Draft>();
    let answers = Answers::follow();
    let question = move |origin: String, is_refused: bool| {
        let (name, yes, no) = (origin.clone(), origin.clone(), origin.clone());
        let text = match is_refused {
            true => "You do not allow this workflow to send pictures to ",
            false => "This workflow sends your pictures to ",
        };
        view! {
            <div class="note" role="status" data-testid="server-question" data-origin=name>
                <p>{text} <strong>{origin}</strong> "."</p>
                <button class="button" data-testid="server-allow" on:click=move |_| answers.set(&yes, Some(ALLOWED))>
                    "Allow"
                </button>
                {(!is_refused).then(|| view! {
                    <button class="button" data-testid="server-refuse" on:click=move |_| answers.set(&no, Some(REFUSED))>
                        "Don’t allow"
                    </button>
                })}
            </div>
        }
    };
    move || {
        let known = answers.known.get()?;
        let named = draft.with_document(servers::of).into_iter();
        let open = named.filter_map(|server| {
            let value = known.iter().find(|(other, _)| *other == server.origin).map(|(_, value)| value.as_str());
            (value != Some(ALLOWED)).then(|| question(server.origin, value.is_some()))
        });
        Some(open.collect::<Vec<_>>())
    }
}

/// The servers about which the user has decided, each with a button that forgets the decision.
#[component]
pub(crate) fn Servers() -> impl IntoView {
    let answers = Answers::follow();
    let row = move |(origin, value): (String, String)| {
        let may = if value == ALLOWED { "may receive your pictures" } else { "is not allowed" };
        let forgotten = origin.clone();
        view! {
            <li class="spread small" data-testid="server" data-origin=origin.clone()>
                <span>{format!("{origin} {may}")}</span>
                <button class="button" data-testid="server-remove" on:click=move |_| answers.set(&forgotten, None)>
                    "Remove"
                </button>
            </li>
        }
    };
    move || {
        let known = answers.known.get().filter(|known| !known.is_empty())?;
        Some(view! {
            <section aria-labelledby="servers-title">
                <h3 id="servers-title">"Servers of workflows"</h3>
                <ul>{known.into_iter().map(row).collect::<Vec<_>>()}</ul>
            </section>
        })
    }
}
