//! Before and after on top of each other, with a divider that follows the pointer and the arrow keys.

use leptos::prelude::*;

/// The pictures with their divider. The tags are what stands beside "Before" and "After".
#[component]
pub(crate) fn BeforeAfter(
    /// Width by height of the frame.
    #[prop(into)]
    ratio: Signal<f64>,
    /// What is behind the result; the checkerboard if empty.
    #[prop(into)]
    background: Signal<String>,
    #[prop(into)] before_tag: Signal<Option<String>>,
    #[prop(into)] after_tag: Signal<Option<String>>,
    before: AnyView,
    after: AnyView,
) -> impl IntoView {
    let split = RwSignal::new(50.0_f64);
    let tag = |text: Signal<Option<String>>| move || text.get().map(|text| view! { <i>{text}</i> });
    view! {
        <div class="compare-frame">
            <div
                class="compare checkerboard"
                data-testid="before-after"
                style=("--split", move || format!("{}%", split.get()))
                style=("--ratio", move || ratio.get().to_string())
            >
                <div class="after" data-testid="after" style:background=background>{after}</div>
                <div class="before checkerboard">{before}</div>
                <input
                    type="range"
                    min="0"
                    max="100"
                    step="0.5"
                    aria-label="Divider between before and after"
                    data-testid="before-after-range"
                    prop:value=move || split.get().to_string()
                    on:input=move |event| split.set(crate::number::parse(&event_target_value(&event)).unwrap_or(50.0))
                />
                <span class="divider" aria-hidden="true"></span>
                <span class="tag left">"Before" {tag(before_tag)}</span>
                <span class="tag right">"After" {tag(after_tag)}</span>
            </div>
        </div>
    }
}
