//! Pinned pictures: small results of several pictures below the preview, so that an edit is seen on all of them.

use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::Value;

use super::draft::{Draft, PRIMARY};
use crate::protocol::{Look, Previewed};
use crate::ui::icons::{Icon, Shape};
use crate::ui::object_url::ObjectUrl;
use crate::ui::services::Services;

/// Most pictures that can be pinned.
const MOST: usize = 6;
/// How long after an edit they are rendered: the preview comes first.
const PAUSE: Duration = Duration::from_millis(400);

/// The pinned pictures, by their ids.
#[derive(Clone, Copy)]
pub(crate) struct Pins(RwSignal<Vec<u32>>);

impl Pins {
    pub(crate) fn new() -> Self {
        Self(RwSignal::new(Vec::new()))
    }

    /// Whether a picture is pinned, tracked.
    pub(crate) fn has(self, id: Option<u32>) -> bool {
        self.0.with(|pins| id.is_some_and(|id| pins.contains(&id)))
    }

    /// Whether another one can be pinned, tracked.
    pub(crate) fn has_room(self) -> bool {
        self.0.with(Vec::len) < MOST
    }

    /// Pins a picture, or no longer.
    pub(crate) fn toggle(self, id: u32) {
        self.0.update(|pins| match pins.iter().position(|one| *one == id) {
            Some(at) => drop(pins.remove(at)),
            None => pins.push(id),
        });
    }
}

/// What a pinned picture became.
#[derive(Clone)]
enum Made {
    /// The address of its first result.
    Picture(Rc<ObjectUrl>),
    /// Why there is none.
    Nothing(String),
}

type AllMade = RwSignal<HashMap<u32, Made>, LocalStorage>;

async fn made_of(services: Services, document: Value) -> Made {
    let look = Look { sample: true, steps: false, patient: true };
    match services.reduced_preview(document, look, || true).await {
        Ok((Previewed::Done(rendered), files)) => {
            let first = files.first().filter(|_| !rendered.outputs.is_empty());
            match first.and_then(ObjectUrl::of) {
                Some(url) => Made::Picture(url),
                None => Made::Nothing("It reaches no output.".to_owned()),
            }
        }
        Ok((Previewed::Failed(failure), _)) => Made::Nothing(failure.message),
        Ok((Previewed::Steps(_) | Previewed::NoSample, _)) => Made::Nothing(String::new()),
        Err(problem) => Made::Nothing(problem.text),
    }
}

/// Renders the pinned pictures, one after the other, some time after each edit.
fn follow(draft: Draft, services: Services, shown: Memo<Vec<(u32, String)>>) -> AllMade {
    let made: AllMade = RwSignal::new_local(HashMap::new());
    let requests = Memo::new(move |_| {
        let request = |(id, _): &(u32, String)| Some((*id, draft.preview_request(Some(*id), None).ok()?));
        shown.with(|shown| shown.iter().filter_map(request).collect::<Vec<_>>())
    });
    let newest = StoredValue::new(0_u32);
    Effect::new(move || {
        let requests = requests.get();
        newest.update_value(|number| *number += 1);
        let mine = newest.get_value();
        let is_newest = move || newest.try_get_value() == Some(mine);
        set_timeout(
            move || {
                spawn_local(async move {
                    for (id, document) in requests {
                        if !is_newest() {
                            return;
                        }
                        let one = made_of(services, document).await;
                        made.try_update(|made| made.insert(id, one));
                    }
                });
            },
            PAUSE,
        );
    });
    made
}

/// The strip; nothing while no picture is pinned. `choose` shows a picture in the preview.
#[component]
pub(crate) fn Strip(pins: Pins, chosen: Memo<Option<u32>>, choose: Callback<u32>) -> impl IntoView {
    let (draft, services) = (expect_context::<Draft>(), expect_context::<Services>());
    let shown = Memo::new(move |_| {
        draft.with_pictures(PRIMARY, |all| {
            let name = |id: &u32| all.iter().find(|one| one.id == *id).map(|one| (*id, one.name.clone()));
            pins.0.with(|pins| pins.iter().filter_map(name).collect::<Vec<_>>())
        })
    });
    let made = follow(draft, services, shown);
    let item = move |(id, name): (u32, String)| {
        let (title, about) = (name.clone(), name.clone());
        let picture = move || match made.with(|made| made.get(&id).cloned()) {
            Some(Made::Picture(address)) => {
                view! { <img src=address.text() alt="" decoding="async" draggable="false"/> }.into_any()
            }
            Some(Made::Nothing(why)) => {
                let title = why.clone();
                view! { <span class="bad" title=title><Icon shape=Shape::Warning/><span class="unseen">{why}</span></span> }.into_any()
            }
            None => view! { <span class="unseen">"Rendering…"</span> }.into_any(),
        };
        view! {
            <li class="pinned">
                <button
                    class="pinned-picture checkerboard"
                    data-testid="pinned"
                    aria-pressed=move || (chosen.get() == Some(id)).to_string()
                    aria-label=format!("Show {name} in the preview")
                    title=name
                    on:click=move |_| choose.run(id)
                >
                    {picture}
                </button>
                <span class="small muted truncate" aria-hidden="true">{title}</span>
                <button
                    class="button quiet square small pinned-remove"
                    data-testid="unpin"
                    aria-label=format!("Unpin {about}")
                    title="Unpin"
                    on:click=move |_| pins.toggle(id)
                >
                    <Icon shape=Shape::Close/>
                </button>
            </li>
        }
    };
    let is_there = Memo::new(move |_| shown.with(|shown| !shown.is_empty()));
    view! {
        <Show when=move || is_there.get()>
            <ul class="pinned-strip" aria-label="Pinned pictures" data-testid="pinned-strip">
                <For each=move || shown.get() key=|(id, _)| *id children=item/>
            </ul>
        </Show>
    }
}
