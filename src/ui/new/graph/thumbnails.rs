//! Small pictures of what the steps give.

use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::super::draft::Draft;
use super::super::settings::Previewing;
use crate::protocol::{Look, Previewed};
use crate::ui::object_url::ObjectUrl;
use crate::ui::services::Services;

/// By `actionId`, small pictures of what the steps give.
pub(super) type Thumbnails = RwSignal<HashMap<String, Rc<ObjectUrl>>, LocalStorage>;

/// How long after an edit thumbnails are requested: the preview comes first.
const PAUSE: Duration = Duration::from_millis(500);

/// Requests thumbnails of the previewed picture after every step, some time after each edit.
pub(super) fn follow_thumbnails(draft: Draft) -> Thumbnails {
    let (services, Previewing(previewing)) = (expect_context::<Services>(), expect_context());
    let thumbnails: Thumbnails = RwSignal::new_local(HashMap::new());
    let request = Memo::new(move |_| draft.previewable(previewing.get(), None).ok());
    let newest = StoredValue::new(0_u32);
    Effect::new(move || {
        let Some(document) = request.get() else { return };
        newest.update_value(|number| *number += 1);
        let mine = newest.get_value();
        let is_newest = move || newest.try_get_value() == Some(mine);
        set_timeout(
            move || {
                if !is_newest() {
                    return;
                }
                spawn_local(async move {
                    let look = Look { sample: true, steps: true, patient: false };
                    let made = services.reduced_preview(document, look, is_newest).await;
                    let Ok((Previewed::Steps(ids), files)) = made else { return };
                    let made = ids.into_iter().zip(&files);
                    let made = made.filter_map(|(id, file)| Some((id, ObjectUrl::of(file)?))).collect();
                    if is_newest() {
                        thumbnails.try_set(made);
                    }
                });
            },
            PAUSE,
        );
    });
    thumbnails
}
