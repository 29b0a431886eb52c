//! The allocator of the binaries that run in workers: it records that memory ran out, which a trap alone does not show.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, Ordering};

static EXHAUSTED: AtomicBool = AtomicBool::new(false);

/// The system's allocator, with a flag that is set when it fails: on exhaustion Rust aborts without a panic, and the
/// trap only says `unreachable`.
#[derive(Debug)]
pub struct WatchedAllocator;

fn watched(pointer: *mut u8) -> *mut u8 {
    if pointer.is_null() {
        EXHAUSTED.store(true, Ordering::Relaxed);
    }
    pointer
}

// SAFETY: every call goes to `System` unchanged, which keeps the contract.
unsafe impl GlobalAlloc for WatchedAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as our caller promises.
        watched(unsafe { System.alloc(layout) })
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as our caller promises.
        watched(unsafe { System.alloc_zeroed(layout) })
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as our caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as our caller promises.
        watched(unsafe { System.realloc(pointer, layout, size) })
    }
}

/// Whether an allocation has failed in this program.
pub fn exhausted() -> bool {
    EXHAUSTED.load(Ordering::Relaxed)
}
