//! The worker: what runs pictures through workflows, started by the page from text and module.

#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: pixelmill::allocator::WatchedAllocator = pixelmill::allocator::WatchedAllocator;

fn main() {
    #[cfg(target_arch = "wasm32")]
    pixelmill::browser::worker::serve();
}
