//! The controls that the first view can do without, loaded when they are first shown.

use leptos::prelude::*;
use serde_json::Value;
use web_sys::FileList;

use super::curve::CurveEditor;
use super::custom::CustomSettings;
use super::fields::{Edited, TextControl};
use super::gradient::GradientControl;
use super::user_files::UserFiles;
use crate::ui::widgets::FilePicker;
use crate::user_file::FileKind;
use crate::view_model::form::{self, Control};
use crate::view_model::{curve, document};

/// The control, if it is one of these.
pub(crate) fn editor(control: Control, edited: Edited, action_id: StoredValue<String>) -> AnyView {
    match control {
        Control::Color => view! { <ColorControl edited/> }.into_any(),
        Control::Pattern => view! { <PatternControl edited/> }.into_any(),
        Control::Caption => view! { <CaptionControl edited/> }.into_any(),
        Control::File(kind) => view! { <FileControl edited action_id kind/> }.into_any(),
        Control::Point => view! { <PointControl edited/> }.into_any(),
        Control::Curve => view! { <CurveControl edited/> }.into_any(),
        Control::Gradient => view! { <GradientControl edited/> }.into_any(),
        Control::Renditions => view! { <RenditionsControl edited/> }.into_any(),
        Control::Object => view! { <CustomSettings edited action_id/> }.into_any(),
        Control::Choices(words) => view! { <ChoicesControl edited words/> }.into_any(),
        _ => ().into_any(),
    }
}

/// The words of the control for a kind of file.
struct FileWords {
    label: &'static str,
    accept: &'static str,
    testid: &'static str,
    button_testid: &'static str,
    remove_testid: &'static str,
    title: &'static str,
    none: &'static str,
}

const fn file_words(kind: FileKind) -> FileWords {
    match kind {
        FileKind::Model => FileWords {
            label: "Model file",
            accept: ".onnx",
            testid: "model-file",
            button_testid: "model-add",
            remove_testid: "model-remove",
            title: "Add a U²-Net model from an ONNX file",
            none: "Choose a model",
        },
        FileKind::Font => FileWords {
            label: "Font file",
            accept: ".ttf,.otf,.ttc,.woff,.woff2",
            testid: "font-file",
            button_testid: "font-add",
            remove_testid: "font-remove",
            title: "Add a font from a TrueType, OpenType or WOFF file",
            none: "Choose a font",
        },
        FileKind::Lut => FileWords {
            label: "LUT file",
            accept: ".cube",
            testid: "lut-file",
            button_testid: "lut-add",
            remove_testid: "lut-remove",
            title: "Add a LUT from a .cube file",
            none: "Choose a LUT",
        },
        FileKind::Action => FileWords {
            label: "WebAssembly module",
            accept: ".wasm",
            testid: "action-file",
            button_testid: "action-add",
            remove_testid: "action-remove",
            title: "Add a custom action from a WebAssembly module (.wasm)",
            none: "Choose a custom action",
        },
    }
}

#[component]
fn FileControl(edited: Edited, action_id: StoredValue<String>, kind: FileKind) -> impl IntoView {
    let files = expect_context::<UserFiles>();
    let words = file_words(kind);
    let id = edited.id.get_value();
    // No name means the built-in file, if there is one.
    let chosen = move || {
        let name = edited.text();
        let built_in = || kind.built_in().map_or(String::new(), |file| file.name.to_owned());
        if name.trim().is_empty() { built_in() } else { name }
    };
    // A missing file is listed too: the document names it.
    let options = move || {
        let mut options = files.names(kind);
        let chosen = chosen();
        if chosen.is_empty() {
            options.insert(0, (chosen, words.none.to_owned()));
        } else if !options.iter().any(|(name, _)| *name == chosen) {
            options.push((chosen.clone(), format!("{chosen} (not in this browser)")));
        }
        options
    };
    let chosen_own = move || files.is_own(kind, &edited.text());
    let draft = edited.draft;
    // By then another workflow may be chosen and this form gone.
    let set_later = move || {
        let (choice, action_id, field) = (untrack(|| draft.choice()), action_id.get_value(), edited.field);
        move |value: Value| {
            let index = untrack(|| {
                let is_chosen = draft.choice() == choice;
                draft.with_document(|now| document::index_of(now, &action_id)).filter(|_| is_chosen)
            });
            if let Some(index) = index {
                draft.set_parameter(index, field, Some(value));
            }
        }
    };
    let picked = move |list: FileList| {
        if let Some(file) = list.get(0) {
            let set = set_later();
            files.add(kind, file, move |name| set(name.into()));
        }
    };
    let remove = move |_| {
        let (fallback, set) = (edited.field.default, set_later());
        files.remove(kind, untrack(|| edited.text()), move || set(fallback.value()));
    };
    view! {
        <div class="user-file">
            <select
                class="field"
                id=id.clone()
                data-testid=id
                aria-invalid=move || edited.invalid()
                aria-describedby=move || edited.described_by()
                on:change=move |event| edited.set_text(event_target_value(&event))
            >
                {move || {
                    let chosen = chosen();
                    let option = |(name, label): (String, String)| {
                        view! { <option prop:selected=name == chosen value=name>{label}</option> }
                    };
                    options().into_iter().map(option).collect::<Vec<_>>()
                }}
            </select>
            <FilePicker
                label=words.label
                accept=words.accept
                testid=words.testid
                button_testid=words.button_testid
                title=words.title
                disabled=Signal::derive(move || files.adding().is_some())
                on_pick=picked
            >
                {move || if files.adding() == Some(kind) { "Testing…" } else { "Add…" }}
            </FilePicker>
            <Show when=chosen_own>
                <button type="button" class="button" data-testid=words.remove_testid on:click=remove>"Remove"</button>
            </Show>
        </div>
    }
}

#[component]
fn PointControl(edited: Edited) -> impl IntoView {
    let id = edited.id.get_value();
    let share = |name: &'static str, label: &'static str| {
        view! {
            <input
                class="field numbers"
                type="text"
                inputmode="decimal"
                autocomplete="off"
                placeholder=label
                aria-label=label
                aria-invalid=move || edited.invalid()
                data-testid=edited.id.with_value(|id| format!("{id}-{name}"))
                prop:value=move || edited.value.with(|point| form::share_text(point, name))
                on:change=move |event| {
                    let share = form::typed_number(&event_target_value(&event));
                    edited.set(edited.value.with_untracked(|point| form::with_share(point, name, share)));
                }
            />
        }
    };
    view! {
        <div
            class="point"
            role="group"
            id=id.clone()
            data-testid=id.clone()
            aria-labelledby=format!("{id}-label")
            aria-describedby=move || edited.described_by()
        >
            {share("x", "Across")}
            {share("y", "Down")}
        </div>
    }
}

#[component]
fn CurveControl(edited: Edited) -> impl IntoView {
    let id = edited.id.get_value();
    let text = move || {
        edited.value.with(|value| value.as_str().map_or_else(|| curve::text(&curve::points(value)), str::to_owned))
    };
    view! {
        <CurveEditor
            value=edited.value.into()
            set=Callback::new(move |value| edited.set(value))
            labelled_by=format!("{id}-label")
            testid=format!("{id}-curve")
        />
        <input
            class="field numbers"
            type="text"
            autocomplete="off"
            spellcheck="false"
            id=id.clone()
            data-testid=id
            aria-invalid=move || edited.invalid()
            aria-describedby=move || edited.described_by()
            prop:value=text
            on:change=move |event| edited.set(curve::typed(&event_target_value(&event)))
        />
    }
}

/// A box to tick for each of the choices; the list is in their order.
#[component]
fn ChoicesControl(edited: Edited, words: &'static [&'static str]) -> impl IntoView {
    let id = edited.id.get_value();
    let boxes = words
        .iter()
        .map(|word| {
            let is_chosen = move |list: &Value| list.as_array().is_some_and(|list| list.iter().any(|one| one == word));
            let turn = move |event| {
                let is_on = event_target_checked(&event);
                let now = edited.value.get_untracked();
                let list = words.iter().filter(|one| {
                    if *one == word {
                        is_on
                    } else {
                        now.as_array().is_some_and(|list| list.iter().any(|it| it == **one))
                    }
                });
                edited.set(Some(list.copied().collect()));
            };
            view! {
                <label class="choice">
                    <input
                        type="checkbox"
                        data-testid=format!("{id}-{word}")
                        aria-invalid=move || edited.invalid()
                        aria-describedby=move || edited.described_by()
                        prop:checked=move || edited.value.with(is_chosen)
                        on:change=turn
                    />
                    {form::choice(word)}
                </label>
            }
        })
        .collect::<Vec<_>>();
    view! {
        <div
            class="choices"
            role="group"
            id=id.clone()
            data-testid=id.clone()
            aria-labelledby=format!("{id}-label")
            aria-describedby=move || edited.described_by()
        >
            {boxes}
        </div>
    }
}

#[component]
fn RenditionsControl(edited: Edited) -> impl IntoView {
    let id = edited.id.get_value();
    // Rows stay while their values change, so that the focus does.
    let count = Memo::new(move |_| edited.value.with(form::row_count));
    let add_button = NodeRef::<leptos::html::Button>::new();
    let add = move |_| edited.set(Some(edited.value.with_untracked(form::with_row)));
    let remove = Callback::new(move |row: usize| {
        edited.set(Some(edited.value.with_untracked(|list| form::without_row(list, row))));
        // The button that had the focus is gone.
        if let Some(button) = add_button.get_untracked() {
            let _it_is_visible = button.focus();
        }
    });
    view! {
        <div
            class="renditions"
            role="group"
            id=id.clone()
            data-testid=id.clone()
            aria-labelledby=format!("{id}-label")
            aria-describedby=move || edited.described_by()
        >
            {move || (0..count.get()).map(|row| view! { <RenditionRow edited row remove/> }).collect::<Vec<_>>()}
            <button type="button" class="button" node_ref=add_button data-testid=format!("{id}-add") on:click=add>
                "Add a rendition"
            </button>
        </div>
    }
}

/// Size, format and suffix of a result.
#[component]
fn RenditionRow(edited: Edited, row: usize, remove: Callback<usize>) -> impl IntoView {
    let text = move |key: &str| edited.value.with(|list| form::row_text(list, row, key));
    let set = move |key: &str, value: Option<Value>| {
        edited.set(Some(edited.value.with_untracked(|list| form::with_row_value(list, row, key, value))));
    };
    let place = row + 1;
    let testid = move |key: &str| edited.id.with_value(|id| format!("{id}-{row}-{key}"));
    let number = move |key: &'static str, label: &'static str, placeholder: &'static str| {
        view! {
            <input
                class="field numbers"
                type="text"
                inputmode="numeric"
                autocomplete="off"
                placeholder=placeholder
                title=label
                aria-label=format!("{label} of rendition {place}")
                aria-invalid=move || edited.invalid()
                data-testid=testid(key)
                prop:value=move || text(key)
                on:change=move |event| set(key, form::typed_number(&event_target_value(&event)))
            />
        }
    };
    let select = move |key: &'static str, label: &'static str, words: Vec<&'static str>| {
        // The first word is what a missing value means.
        let first = words.first().copied().unwrap_or_default();
        let options = words
            .into_iter()
            .map(|word| {
                let chosen = move || {
                    let text = text(key);
                    text == word || (text.is_empty() && word == first)
                };
                view! { <option value=word prop:selected=chosen>{form::choice(word)}</option> }
            })
            .collect::<Vec<_>>();
        view! {
            <select
                class="field"
                title=label
                aria-label=format!("{label} of rendition {place}")
                aria-invalid=move || edited.invalid()
                data-testid=testid(key)
                on:change=move |event| {
                    let word = event_target_value(&event);
                    set(key, (word != first).then_some(Value::String(word)));
                }
            >
                {options}
            </select>
        }
    };
    let fits = form::words("resize", "mode").iter().copied().filter(|word| *word != "percent").collect();
    let formats = form::words("output", "format").to_vec();
    view! {
        <div class="rendition" role="group" aria-label=format!("Rendition {place}")>
            {number("width", "Width", "Width")}
            {number("height", "Height", "Height")}
            {select("fit", "Fit", fits)}
            {select("format", "Format", formats)}
            {number("quality", "Quality", "Quality 80")}
            <input
                class="field"
                type="text"
                autocomplete="off"
                spellcheck="false"
                placeholder="No suffix"
                title="Suffix of the file name"
                aria-label=format!("Suffix of rendition {place}")
                aria-invalid=move || edited.invalid()
                data-testid=testid("suffix")
                prop:value=move || edited.value.with(|list| form::row_suffix(list, row))
                on:change=move |event| set("suffix", Some(Value::String(event_target_value(&event))))
            />
            <button
                type="button"
                class="button quiet remove"
                aria-label=format!("Remove rendition {place}")
                data-testid=testid("remove")
                on:click=move |_| remove.run(row)
            >
                "Remove"
            </button>
        </div>
    }
}

#[component]
fn ColorControl(edited: Edited) -> impl IntoView {
    let id = edited.id.get_value();
    let parts = move || form::color_parts(&edited.text());
    view! {
        <div class="color">
            <input
                type="color"
                aria-label=format!("{}, picked", form::field_label(edited.field))
                prop:value=move || parts().0
                on:input=move |event| {
                    let alpha = untrack(parts).1;
                    edited.set_text(form::color(&event_target_value(&event), alpha));
                }
            />
            <TextControl edited placeholder="#rrggbb"/>
            <input
                class="field numbers"
                type="number"
                min="0"
                max="100"
                aria-label="Opacity in percent"
                data-testid=format!("{id}-alpha")
                prop:value=move || parts().1.to_string()
                on:change=move |event| {
                    let alpha = event_target_value(&event).parse().unwrap_or(100);
                    edited.set_text(form::color(&untrack(parts).0, alpha));
                }
            />
            <span class="small muted">"%"</span>
        </div>
    }
}

#[component]
fn PatternControl(edited: Edited) -> impl IntoView {
    let id = edited.id.get_value();
    let sample = Memo::new(move |_| edited.draft.name_sample(edited.index));
    let example = move || sample.with(|sample| form::name_example(&edited.text(), sample)).ok();
    view! {
        <input
            class="field"
            type="text"
            autocomplete="off"
            spellcheck="false"
            id=id.clone()
            data-testid=id
            aria-invalid=move || edited.invalid()
            aria-describedby=move || edited.described_by()
            prop:value=move || edited.text()
            on:input=move |event| edited.set_text(event_target_value(&event))
        />
        {move || example().map(|name| view! { <p class="small muted example truncate">"Example: " <code>{name}</code></p> })}
    }
}

#[component]
fn CaptionControl(edited: Edited) -> impl IntoView {
    let id = edited.id.get_value();
    view! {
        <textarea
            class="field"
            rows="2"
            id=id.clone()
            data-testid=id
            aria-invalid=move || edited.invalid()
            aria-describedby=move || edited.described_by()
            prop:value=move || edited.text()
            on:change=move |event| edited.set_text(event_target_value(&event))
        ></textarea>
    }
}
