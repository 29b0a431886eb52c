//! Reading pixels of a picture that the page shows, as the browser shows them: in sRGB, upright.

use js_sys::{Object, Reflect};
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, HtmlImageElement};

use crate::view_model::histogram::Histogram;

/// A picture is counted at most at this many pixels a side.
const COUNTED: f64 = 512.0;

/// A canvas for reading, which keeps its pixels in the memory of the processor.
fn canvas(width: u32, height: u32) -> Option<CanvasRenderingContext2d> {
    let canvas: HtmlCanvasElement = leptos::prelude::document().create_element("canvas").ok()?.unchecked_into();
    canvas.set_width(width);
    canvas.set_height(height);
    let options = Object::new();
    Reflect::set(&options, &"willReadFrequently".into(), &true.into()).ok()?;
    canvas.get_context_with_context_options("2d", &options).ok()??.dyn_into().ok()
}

/// The picture's own size, once it is loaded.
fn size(image: &HtmlImageElement) -> Option<(f64, f64)> {
    let size = (f64::from(image.natural_width()), f64::from(image.natural_height()));
    (image.complete() && size.0 > 0.0 && size.1 > 0.0).then_some(size)
}

/// Whether this is the picture itself, which has this size, rather than a thumbnail in its place.
pub(super) fn shows(image: &HtmlImageElement, size: (u32, u32)) -> bool {
    (image.natural_width(), image.natural_height()) == size
}

/// One pixel at a time.
pub(super) struct Picker(CanvasRenderingContext2d);

impl Picker {
    pub(super) fn new() -> Option<Self> {
        canvas(1, 1).map(Self)
    }

    /// Straight RGBA at a point of the picture, given as parts of its width and height.
    pub(super) fn pick(&self, image: &HtmlImageElement, at: (f64, f64)) -> Option<[u8; 4]> {
        let (width, height) = size(image)?;
        let inside = |at: f64| (0.0..1.0).contains(&at);
        if !inside(at.0) || !inside(at.1) {
            return None;
        }
        let (x, y) = ((at.0 * width).floor(), (at.1 * height).floor());
        self.0.clear_rect(0.0, 0.0, 1.0, 1.0);
        let drawn = self.0.draw_image_with_html_image_element_and_sw_and_sh_and_dx_and_dy_and_dw_and_dh(
            image, x, y, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0,
        );
        drawn.ok()?;
        self.0.get_image_data(0.0, 0.0, 1.0, 1.0).ok()?.data().0.try_into().ok()
    }
}

/// The levels of a picture.
pub(super) fn histogram(image: &HtmlImageElement) -> Option<Histogram> {
    let (width, height) = size(image)?;
    let scale = (COUNTED / width.max(height)).min(1.0);
    let side = |length: f64| (length * scale).round().max(1.0);
    let (width, height) = (side(width), side(height));
    let context = canvas(width as u32, height as u32)?;
    // Without smoothing, the levels are the picture's own.
    context.set_image_smoothing_enabled(false);
    context.draw_image_with_html_image_element_and_dw_and_dh(image, 0.0, 0.0, width, height).ok()?;
    let data = context.get_image_data(0.0, 0.0, width, height).ok()?.data();
    Some(Histogram::of(&data.0))
}
