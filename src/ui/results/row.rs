//! One execution as a row.

use std::sync::Arc;

use leptos::prelude::*;
use leptos::task::spawn_local;
use web_sys::FileList;

use super::list::focus_around;
use super::marks::{MarkBox, Marking};
use super::state::ExecutionList;
use crate::batch::records::{Execution, ExecutionStatus, OutputFile};
use crate::ui::icons::{Icon, Shape};
use crate::ui::live::Live;
use crate::ui::notices::NoticeBoard;
use crate::ui::services::Services;
use crate::ui::stage::Stage;
use crate::ui::widgets::{FilePicker, StoredImage, TabStop, tab_index};
use crate::view_model::{accept, form, format};

/// Lines for the outputs of a row; what they do not show is in the detail.
const LINES: usize = 2;

/// The status in the contract, the badge's text and its tone.
pub(crate) const fn status(status: ExecutionStatus) -> (&'static str, &'static str, &'static str) {
    match status {
        ExecutionStatus::Pending => ("pending", "Waiting", ""),
        ExecutionStatus::Running => ("running", "Running", "running"),
        ExecutionStatus::Success => ("success", "Done", "good"),
        ExecutionStatus::Failed => ("failed", "Failed", "bad"),
    }
}

/// The file's name as given, or what the execution makes of all pictures.
pub(crate) fn name(execution: &Execution) -> String {
    if let Some(gathered) = &execution.input_asset.gathered {
        let label = form::label(&gathered.action_id);
        return if gathered.part == 0 { label } else { format!("{label} ({})", gathered.part + 1) };
    }
    let name = execution.input_asset.inputs.first().map(|input| input.name.clone()).filter(|name| !name.is_empty());
    name.unwrap_or_else(|| format!("Picture {}", execution.asset_index + 1))
}

/// The row of an execution, updated in place as its state changes: its focus stays.
#[component]
pub(crate) fn Row(first: Arc<Execution>, at: u32, total: Memo<u32>) -> impl IntoView {
    let list = expect_context::<ExecutionList>();
    let marking = expect_context::<Marking>();
    let index = first.asset_index;
    let name = name(&first);
    provide_context(TabStop(Signal::derive(move || list.is_tab_stop(index))));
    // Its last state, while it is not visible.
    let entry = Memo::new(move |before: Option<&(u32, Arc<Execution>)>| {
        list.find(index).or_else(|| before.cloned()).unwrap_or_else(|| (at, first.clone()))
    });
    let execution = Memo::new(move |_| entry.with(|entry| entry.1.clone()));
    let state = move || execution.with(|execution| status(execution.status()));
    // The name is already shown above.
    let named = StoredValue::new(format!("\"{name}\" "));
    let failure = Memo::new(move |_| {
        execution.with(|execution| {
            let message = &execution.failure()?.message;
            Some(named.with_value(|named| message.strip_prefix(named.as_str()).unwrap_or(message).to_owned()))
        })
    });
    let sub = move || {
        let measure = |execution: &Arc<Execution>| {
            if let Some(gathered) = &execution.input_asset.gathered {
                return Some(format!("Of {}", format::plural(gathered.count.into(), "picture", "pictures")));
            }
            let size = execution.input_size?;
            Some(format!("{} × {} · {}", size.width, size.height, format::bytes(size.bytes)))
        };
        failure.get().or_else(|| execution.with(measure))
    };
    let thumbnail = Memo::new(move |_| {
        execution.with(|execution| execution.output_thumbnail().or(execution.input_thumbnail.as_ref()).cloned())
    });
    let time = move || {
        execution.with(|execution| match execution.duration_ms() {
            _ if execution.reused().is_some() => Some("reused".to_owned()),
            duration => duration.map(format::duration),
        })
    };
    let doubt = Memo::new(move |_| {
        execution.with(|one| one.warnings().iter().find(|one| one.is_doubt()).map(|doubt| doubt.message.clone()))
    });
    view! {
        <li
            class="row"
            class:selected=move || list.is_selected(index)
            class:marked=move || marking.is_marked(index)
            data-testid="execution-row"
            data-index=index
            data-status=move || state().0
            on:focusin=move |_| list.set_current(index)
            aria-posinset=move || entry.with(|entry| entry.0 + 1)
            aria-setsize=move || total.get()
        >
            <MarkBox index name=name.clone()/>
            <div class="thumb checkerboard">
                {move || thumbnail.get().map(|asset_id| view! { <StoredImage asset_id alt=""/> })}
            </div>
            <div class="row-name">
                <button class="open truncate" translate="no" tabindex=tab_index() on:click=move |_| list.select(execution.get_untracked())>{name}</button>
                <span class="small muted truncate" class:problem=move || failure.with(Option::is_some)>
                    {move || doubt.get().map(|message| view! { <Doubt message/> })}
                    {sub}
                </span>
            </div>
            <div class="row-status">
                <span class=move || format!("badge {}", state().2) data-testid="status">{move || state().1}</span>
                <span class="small muted numbers">{time}</span>
            </div>
            {move || view! { <RowOutputs execution=execution.get()/> }}
        </li>
    }
}

/// A sign that the result needs review; the detail says why.
#[component]
fn Doubt(message: String) -> impl IntoView {
    view! {
        <span class="doubt" role="img" data-testid="warning" aria-label="Needs review" title=message>
            <Icon shape=Shape::Warning/>
        </span>
    }
}

#[component]
fn RowOutputs(execution: Arc<Execution>) -> impl IntoView {
    let before = execution.input_size.map_or(0, |size| size.bytes);
    if execution.status() == ExecutionStatus::Failed {
        // With the stored file it would fail again.
        let again = if execution.needs_another_file() {
            view! { <Replace execution/> }.into_any()
        } else {
            view! { <Retry execution/> }.into_any()
        };
        return view! { <div class="row-outputs">{again}</div> }.into_any();
    }
    if execution.status() == ExecutionStatus::Success && execution.outputs().is_empty() {
        let said = match execution.staged().first() {
            Some(staged) => format!("For {}", form::label(&staged.action_id)),
            None => "No output".to_owned(),
        };
        return view! { <div class="row-outputs"><span class="small muted" data-testid="no-output">{said}</span></div> }
            .into_any();
    }
    let count = execution.outputs().len();
    // The last line says how many there are besides, if they are too many.
    let listed = if count > LINES { LINES - 1 } else { count };
    let more = count - listed;
    let outputs = execution
        .outputs()
        .iter()
        .take(listed)
        .map(|output| view! { <OutputLine output=output.clone() before/> })
        .collect::<Vec<_>>();
    view! {
        <div class="row-outputs">
            {outputs}
            {(more > 0).then(|| view! { <span class="small muted">{format!("+{more} more")}</span> })}
        </div>
    }
    .into_any()
}

/// An output with its size before and after, and its download.
#[component]
pub(crate) fn OutputLine(output: OutputFile, before: u64) -> impl IntoView {
    let change = format::change(before, output.bytes);
    let grown = output.bytes > before;
    let title = format!("{}, {} × {}, {}", output.name, output.width, output.height, output.encoder);
    view! {
        <div class="output" data-testid="output" title=title>
            <span class="output-name truncate" translate="no">{output.name.clone()}</span>
            <span class="format">{format::media_type(&output.mime_type)}</span>
            <span class="small numbers">{format::bytes(output.bytes)}</span>
            <span class="small numbers change" class:grown=grown>{change}</span>
            <Download output/>
        </div>
    }
}

#[component]
fn Download(output: OutputFile) -> impl IntoView {
    let services = expect_context::<Services>();
    let notices = expect_context::<NoticeBoard>();
    let label = format!("Download {}", output.name);
    let download = move |_| {
        let output = output.clone();
        spawn_local(async move {
            if let Err(problem) = services.download(&output.sha256, &output.name).await {
                notices.failed(problem.text, problem.hint);
            }
        });
    };
    view! {
        <button class="button quiet square" data-testid="download" tabindex=tab_index() aria-label=label.clone() title=label on:click=download>
            <Icon shape=Shape::Download/>
        </button>
    }
}

/// Retries a failed one with another file.
#[component]
pub(crate) fn Replace(execution: Arc<Execution>) -> impl IntoView {
    let live = expect_context::<Live>();
    let label = format!("Replacement file for {}", name(&execution));
    let batch_id = execution.batch_id.clone();
    let underway = Signal::derive(move || !live.batch(&batch_id).is_some_and(|batch| batch.status.is_end()));
    let picked = move |files: FileList| {
        if let Some(file) = files.get(0) {
            live.retry_with(execution.clone(), file);
        }
    };
    view! {
        <FilePicker
            label=label
            accept=accept::pictures()
            testid="replace-input"
            button_testid="replace"
            disabled=underway
            on_pick=picked
        >
            <Icon shape=Shape::Folder/>
            "Replace file…"
        </FilePicker>
    }
}

/// Retries a failed one.
#[component]
pub(crate) fn Retry(execution: Arc<Execution>) -> impl IntoView {
    let (live, stage) = (expect_context::<Live>(), expect_context::<Stage>());
    let label = format!("Retry {}", name(&execution));
    let batch_id = execution.batch_id.clone();
    let underway = Memo::new(move |_| !live.batch(&batch_id).is_some_and(|batch| batch.status.is_end()));
    let retry = move |event: leptos::ev::MouseEvent| {
        // The button disappears with the failure; the focus stays nearby.
        focus_around(stage, &event, execution.asset_index);
        live.retry(execution.batch_id.clone(), Some(vec![execution.execution_id()]));
    };
    view! {
        <button
            class="button"
            data-testid="retry"
            tabindex=tab_index()
            aria-label=label
            title=move || underway.get().then_some("Available when the batch has ended")
            disabled=move || underway.get()
            on:click=retry
        >
            <Icon shape=Shape::Retry/>
            "Retry"
        </button>
    }
}

/// A row that is being read.
#[component]
pub(crate) fn WaitingRow() -> impl IntoView {
    view! {
        <li class="row" aria-hidden="true">
            <div class="thumb"></div>
        </li>
    }
}
