//! What every program without glue code exports so that its host learns why a call failed or trapped
//! (`browser/worker/instance.rs`), and the allocator that notices when memory runs out.

use std::sync::{Mutex, MutexGuard, PoisonError};

#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: pixelmill::allocator::WatchedAllocator = pixelmill::allocator::WatchedAllocator;

/// Apart from the program's state, because a panic is noted while that is borrowed.
static MESSAGE: Mutex<String> = Mutex::new(String::new());

fn message_lock() -> MutexGuard<'static, String> {
    MESSAGE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps why a call failed.
pub(crate) fn say(message: String) {
    *message_lock() = message;
}

/// Keeps why each call panics from now on.
pub(crate) fn note_panics() {
    std::panic::set_hook(Box::new(|panic| say(panic.to_string())));
}

/// Address of the message of the last failure or panic, in UTF-8.
#[unsafe(no_mangle)]
extern "C" fn message() -> *const u8 {
    message_lock().as_ptr()
}

/// Its length in bytes.
#[unsafe(no_mangle)]
extern "C" fn message_length() -> usize {
    message_lock().len()
}

/// Whether memory has run out; 1 when it has.
#[unsafe(no_mangle)]
extern "C" fn exhausted() -> u32 {
    u32::from(pixelmill::allocator::exhausted())
}
