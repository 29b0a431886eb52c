// Starts the page: loads the module and the WebAssembly file that Trunk names in the attributes of this script's element.
// It is an external file because the page's Content-Security-Policy allows no inline script. Nothing else belongs here.

const { page, wasm } = document.querySelector("script[data-page]").dataset;

try {
  const { default: initialize } = await import(new URL(page, document.baseURI));
  await initialize({ module_or_path: new URL(wasm, document.baseURI) });
} catch (error) {
  const note = document.createElement("p");
  note.setAttribute("role", "alert");
  note.textContent = `Pixelmill could not start: ${error?.message ?? error}. If the page was updated just now, reload it; otherwise update the browser.`;
  document.body.prepend(note);
  window.dispatchEvent(new Event("pixelmill-failed"));
  throw error;
}
