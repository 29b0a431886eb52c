//! The worker's entry point: makes panics readable and starts serving the page. Nothing else belongs here.

fn main() {
    #[cfg(target_arch = "wasm32")]
    console_error_panic_hook::set_once();
}
