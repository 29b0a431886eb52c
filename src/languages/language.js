// The page's language: the first one that the browser prefers and there is, until the user chooses one. English is what the programs
// say by themselves; for any other the translator is fetched, and nothing is shown until it is there.
//
// The program sends `pixelmill-language`, an event on the window, with the language that the user has chosen; a page may also send one
// with a table of its own.

const KEY = "pixelmill.language";
/** How long the page may stay empty for its translation, in ms. */
const PATIENCE = 3000;

const { documentElement: page } = document;
let stop = () => {};
let latest;

function kept() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null; // Storage is denied.
  }
}

async function use(language) {
  latest = language;
  try {
    const files = JSON.parse(document.querySelector("meta[name=pixelmill-files]").content);
    const { show } = await import(new URL(files["translate.js"] ?? "translation/translate.js", document.baseURI));
    if (latest !== language) return;
    stop();
    stop = await show(page, language);
  } catch (error) {
    console.warn(`The language could not be loaded: ${error.message}`);
  }
}

addEventListener("pixelmill-language", ({ detail }) => {
  try {
    if (typeof detail === "string") localStorage.setItem(KEY, detail);
  } catch {
    // It lasts until the page is closed.
  }
  use(typeof detail === "string" ? [detail] : detail);
});

const wished = [kept(), ...navigator.languages].filter(Boolean);
if (wished[0]?.split("-")[0] !== "en") {
  const show = () => page.style.removeProperty("visibility");
  page.style.visibility = "hidden";
  setTimeout(show, PATIENCE);
  use(wished).finally(show);
}
