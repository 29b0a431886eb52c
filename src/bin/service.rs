//! The service: accepts batches and has them run. The page starts it from its script's text and the compiled module.

fn main() {
    #[cfg(target_arch = "wasm32")]
    {
        console_error_panic_hook::set_once();
        pixelmill::browser::service::serve();
    }
}
