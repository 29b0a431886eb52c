//! Small previews of picked files. The browser makes them off the main thread, two at a time; they are cached while
//! they are likely to be shown again.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{HtmlCanvasElement, ImageBitmap, ImageBitmapOptions, ImageBitmapRenderingContext, ImageOrientation};

use super::draft::Entry;
use crate::selection::HeaderCheck;
use crate::ui::icons::{Icon, Shape};
use crate::ui::services::Services;

/// Width of a preview in device pixels.
const WIDTH: u32 = 200;
/// Most previews cached.
const KEPT: usize = 400;
/// Previews made at a time.
const AT_ONCE: u32 = 2;

#[derive(Default)]
struct Queue {
    /// Waiting requests; the latest comes first, since it is visible.
    waiting: VecDeque<(Entry, RwSignal<Preview, LocalStorage>)>,
    running: u32,
    kept: HashMap<u32, HtmlCanvasElement>,
    order: VecDeque<u32>,
}

#[derive(Clone)]
enum Preview {
    Waiting,
    Ready(HtmlCanvasElement),
    /// The browser cannot show it.
    Unreadable,
}

/// The previews of one draft: ids are unique in it only.
#[derive(Clone, Copy)]
struct Previews(StoredValue<Rc<RefCell<Queue>>, LocalStorage>);

/// Provides a place for the previews.
pub(crate) fn provide_previews() {
    provide_context(Previews(StoredValue::new_local(Rc::default())));
}

fn request(services: Services, entry: &Entry) -> RwSignal<Preview, LocalStorage> {
    let shared = expect_context::<Previews>().0.get_value();
    let queue = shared.clone();
    let mut queue = queue.borrow_mut();
    if let Some(canvas) = queue.kept.get(&entry.id) {
        return RwSignal::new_local(Preview::Ready(canvas.clone()));
    }
    let preview = RwSignal::new_local(Preview::Waiting);
    queue.waiting.push_front((entry.clone(), preview));
    drop(queue);
    work(services, &shared);
    preview
}

fn work(services: Services, queue: &Rc<RefCell<Queue>>) {
    while queue.borrow().running < AT_ONCE {
        let Some((entry, preview)) = queue.borrow_mut().waiting.pop_front() else { return };
        // It was scrolled away before its turn.
        if preview.is_disposed() {
            continue;
        }
        queue.borrow_mut().running += 1;
        let shared = queue.clone();
        spawn_local(async move {
            let drawn = match content(services, &entry).await {
                Some(content) => draw(&content).await,
                None => None,
            };
            let id = entry.id;
            let mut queue = shared.borrow_mut();
            queue.running -= 1;
            if let Some(canvas) = &drawn {
                queue.kept.insert(id, canvas.clone());
                queue.order.push_back(id);
                while queue.order.len() > KEPT {
                    let oldest = queue.order.pop_front();
                    oldest.and_then(|id| queue.kept.remove(&id));
                }
            }
            drop(queue);
            preview.try_set(drawn.map_or(Preview::Unreadable, Preview::Ready));
            work(services, &shared);
        });
    }
}

/// The picked file, or its stored copy.
async fn content(services: Services, entry: &Entry) -> Option<web_sys::Blob> {
    match (&entry.file, entry.source_url.strip_prefix("asset:")) {
        (Some(file), _) => Some(file.clone().into()),
        (None, Some(asset_id)) => services.content(asset_id).await.ok(),
        (None, None) => None,
    }
}

async fn draw(file: &web_sys::Blob) -> Option<HtmlCanvasElement> {
    let options = ImageBitmapOptions::new();
    options.set_resize_width(WIDTH);
    options.set_image_orientation(ImageOrientation::FromImage);
    let promise = window().create_image_bitmap_with_blob_and_image_bitmap_options(file, &options).ok()?;
    let bitmap: ImageBitmap = JsFuture::from(promise).await.ok()?.unchecked_into();
    let canvas: HtmlCanvasElement = document().create_element("canvas").ok()?.unchecked_into();
    canvas.set_width(bitmap.width());
    canvas.set_height(bitmap.height());
    let context = canvas.get_context("bitmaprenderer").ok()??;
    context.unchecked_into::<ImageBitmapRenderingContext>().transfer_from_image_bitmap(&bitmap);
    Some(canvas)
}

/// The preview of a picked file.
#[component]
pub(crate) fn PickedPreview(entry: Entry) -> impl IntoView {
    let frame = NodeRef::<html::Div>::new();
    let preview = request(expect_context(), &entry);
    // Browsers do not show every format that can be read. If it cannot be read, the run will report why.
    let is_readable = matches!(entry.header, Some(HeaderCheck::Picture { .. }));
    Effect::new(move || {
        if let (Some(frame), Preview::Ready(canvas)) = (frame.get(), preview.get()) {
            let _detached = frame.append_child(&canvas);
        }
    });
    view! {
        <div class="preview checkerboard" node_ref=frame aria-hidden="true">
            {move || match preview.get() {
                Preview::Unreadable => Some(view! { <Icon shape=if is_readable { Shape::Picture } else { Shape::Warning }/> }),
                _ => None,
            }}
        </div>
    }
}
