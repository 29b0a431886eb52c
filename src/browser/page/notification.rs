//! System notifications, which the service asks for where the user allows them.

use wasm_bindgen::prelude::*;
use web_sys::{Notification, NotificationOptions, NotificationPermission};

use super::super::interop::{Listener, describe};

/// Notifies the user that a batch has ended; a click opens its results, if they have an address. Does nothing without
/// permission.
pub(super) fn show(title: &str, body: &str, batch_id: &str, address: Option<String>) {
    if Notification::permission() != NotificationPermission::Granted {
        return;
    }
    if let Err(error) = try_to_show(title, body, batch_id, address) {
        web_sys::console::warn_2(&"No notification:".into(), &describe(&error).into());
    }
}

fn try_to_show(title: &str, body: &str, batch_id: &str, address: Option<String>) -> Result<(), JsValue> {
    let options = NotificationOptions::new();
    options.set_body(body);
    // One per batch, however often it ends.
    options.set_tag(batch_id);
    let notification = Notification::new_with_options(title, &options)?;
    let listener = Listener::new(&notification, "click", move |_| {
        if let Some(window) = web_sys::window() {
            let _refused = window.focus();
            let _refused = address.as_ref().map(|address| window.location().set_href(address));
        }
    });
    // Lives as long as the notification.
    std::mem::forget(listener);
    Ok(())
}
