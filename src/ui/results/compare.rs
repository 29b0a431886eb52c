//! The comparison of a picture with its results.

use std::sync::Arc;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::behind::{Behind, BehindChoice};
use super::row::name;
use crate::batch::records::{Execution, OutputFile};
use crate::ui::services::Services;
use crate::ui::viewer::{OutputChoice, OutputSwitch, Viewer};
use crate::ui::widgets::{Instead, StoredImage};

/// The slider, with a switch between several outputs.
#[component]
pub(crate) fn Compare(execution: Arc<Execution>) -> impl IntoView {
    let outputs = StoredValue::new(execution.outputs().to_vec());
    let chosen = RwSignal::new(0_usize);
    let output = move || outputs.with_value(|outputs| outputs.get(chosen.get()).cloned());
    let input = execution.input_asset.asset_id.clone();
    // There may be nothing before it, as where pictures were gathered.
    let is_alone = input.is_none();
    let thumbnail = execution.input_thumbnail.clone().map(Instead::Asset);
    let alt = name(&execution);
    let choice =
        |output: &OutputFile| OutputChoice::new(&output.name, &output.mime_type, (output.width, output.height));
    let choices: Vec<OutputChoice> = execution.outputs().iter().map(choice).collect();
    let behind = expect_context::<Behind>();
    let transparent = transparent(output);
    let measure = execution.input_size.map(|size| (size.width, size.height));
    let before = move || {
        let instead = thumbnail.clone();
        input.clone().map(|asset_id| view! { <StoredImage asset_id alt=format!("{alt}, before") instead/> })
    };
    // It is the first output's.
    let result = execution.output_thumbnail().cloned().map(Instead::Asset);
    let after = move || {
        let instead = result.clone().filter(|_| chosen.get() == 0);
        output()
            .map(|output| view! { <StoredImage asset_id=output.sha256 alt=format!("{}, after", output.name) instead/> })
    };
    view! {
        <OutputSwitch choices=Signal::derive(move || choices.clone()) chosen/>
        <Viewer
            before_size=Signal::derive(move || measure)
            after_size=Signal::derive(move || output().map(|output| (output.width, output.height)))
            background=Signal::derive(move || if transparent.get() { behind.background() } else { String::new() })
            before
            after
            alone=Signal::derive(move || is_alone)
        />
        <Show when=move || transparent.get()><BehindChoice/></Show>
    }
}

/// Whether the output has transparency, once its file has been read.
fn transparent(output: impl Fn() -> Option<OutputFile> + Copy + Send + Sync + 'static) -> RwSignal<bool> {
    let services = expect_context::<Services>();
    let transparent = RwSignal::new(false);
    let wanted = StoredValue::new(String::new());
    Effect::new(move || {
        let Some(OutputFile { sha256, .. }) = output() else { return };
        wanted.set_value(sha256.clone());
        spawn_local(async move {
            let answer = services.has_alpha(&sha256).await;
            // Meanwhile another output may be chosen or the panel closed.
            if wanted.try_get_value() == Some(sha256) {
                transparent.try_set(answer);
            }
        });
    });
    transparent
}
