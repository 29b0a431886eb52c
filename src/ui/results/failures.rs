//! Why pictures of a batch failed, by reason, each with what helps all of them.

use leptos::prelude::*;
use leptos::task::spawn_local;
use web_sys::HtmlDetailsElement;

use super::detail::place;
use crate::batch::records::{Progress, Subset};
use crate::ui::icons::{Icon, Shape};
use crate::ui::live::Live;
use crate::ui::notices::NoticeBoard;
use crate::ui::services::{Services, UiError};
use crate::view_model::failures::{Group, groups};
use crate::view_model::{form, format};

/// Executions that are read at once.
const PORTION: u32 = 500;

/// The groups, once they are opened; nothing unless several pictures of an ended batch have failed.
#[component]
pub(super) fn Failures(batch_id: StoredValue<String>, batch: Memo<Option<Progress>>) -> impl IntoView {
    let (services, notices) = (expect_context::<Services>(), expect_context::<NoticeBoard>());
    let count = Memo::new(move |_| {
        batch.with(|batch| batch.as_ref().filter(|batch| batch.status.is_end()).map_or(0, |batch| batch.assets.failed))
    });
    let several = Memo::new(move |_| count.get() > 1);
    let is_open = RwSignal::new(false);
    let groups = RwSignal::new(Vec::<Group>::new());
    Effect::new(move || {
        count.track();
        if !is_open.get() {
            return;
        }
        spawn_local(async move {
            match read(services, &batch_id.get_value()).await {
                Ok(read) => drop(groups.try_set(read)),
                Err(problem) => notices.failed(problem.text, problem.hint),
            }
        });
    });
    view! {
        <Show when=move || several.get()>
            <details
                class="group failures"
                data-testid="failures"
                prop:open=move || is_open.get()
                on:toggle=move |event| is_open.set(event_target::<HtmlDetailsElement>(&event).open())
            >
                <summary>
                    <Icon shape=Shape::Chevron/>
                    <span class="group-title">"Why pictures failed"</span>
                    <span class="group-summary">{move || format::count(u64::from(count.get()))}</span>
                </summary>
                <ul class="small">
                    <For each=move || groups.get() key=|group| group.execution_ids.clone() let:group>
                        <Reason group batch_id/>
                    </For>
                </ul>
            </details>
        </Show>
    }
}

/// Reads all failed executions of a batch.
async fn read(services: Services, batch_id: &str) -> Result<Vec<Group>, UiError> {
    let mut failed = Vec::new();
    loop {
        let page = services.executions(batch_id, Subset::Failed, failed.len() as u32, PORTION).await?;
        let is_last = page.executions.is_empty();
        failed.extend(page.executions);
        if is_last || failed.len() as u32 >= page.matching {
            return Ok(groups(&failed));
        }
    }
}

#[component]
fn Reason(group: Group, batch_id: StoredValue<String>) -> impl IntoView {
    let live = expect_context::<Live>();
    let count = group.execution_ids.len() as u64;
    let hint = form::in_words(&group.failure.hint);
    let example = match count {
        1 => group.failure.message.clone(),
        _ => format!("Such as: {}", group.failure.message),
    };
    let ids = group.execution_ids;
    let retry = move |_| live.retry(batch_id.get_value(), Some(ids.clone()));
    view! {
        <li data-testid="failure-group">
            <div>
                <p><strong>{format::plural(count, "picture", "pictures")}</strong> ": " {place(&group.failure)} " " {hint}</p>
                <p class="muted">{example}</p>
            </div>
            {group.can_retry.then(|| view! {
                <button class="button" data-testid="retry-group" on:click=retry>
                    <Icon shape=Shape::Retry/>
                    {format!("Retry {}", format::count(count))}
                </button>
            })}
        </li>
    }
}
