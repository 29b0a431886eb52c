//! What the programs that decode animations export besides.
//!
//! The protocol: `room` for the data, write it there, `begin_series`, which returns a handle. For each picture: `room` for the data,
//! write it there, `next_picture` with the handle; then report and data are as after `decode`. At last `end_series` with the handle, which frees
//! everything. Several animations may be open at once.

use std::cell::RefCell;

use pixelmill::codecs::Series;

use super::begin_animation;
use super::exports::{give, written};

thread_local! {
    /// Those that are open, by their handles.
    static OPEN: RefCell<Vec<Option<Box<dyn Series>>>> = RefCell::default();
}

/// Begins an animation with what was written, and returns its handle.
#[unsafe(no_mangle)]
extern "C" fn begin_series() -> usize {
    let series = begin_animation(written());
    OPEN.with_borrow_mut(|open| {
        let handle = open.iter().position(Option::is_none).unwrap_or(open.len());
        match open.get_mut(handle) {
            Some(place) => *place = Some(series),
            None => open.push(Some(series)),
        }
        handle
    })
}

/// Decodes the next picture of an animation, with what was written.
#[unsafe(no_mangle)]
extern "C" fn next_picture(handle: usize) {
    let data = written();
    let product = OPEN.with_borrow_mut(|open| open.get_mut(handle)?.as_mut()?.next(&data).ok());
    // A report that is empty makes no sense to anybody.
    give(product.unwrap_or_default());
}

/// Ends an animation.
#[unsafe(no_mangle)]
extern "C" fn end_series(handle: usize) {
    OPEN.with_borrow_mut(|open| open.get_mut(handle).map(Option::take));
}
