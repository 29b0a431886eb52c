//! The worker: runs pictures through workflows. The page starts it from its script's text and the compiled module.

#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: pixelmill::allocator::WatchedAllocator = pixelmill::allocator::WatchedAllocator;

fn main() {
    #[cfg(target_arch = "wasm32")]
    pixelmill::browser::worker::serve();
}
