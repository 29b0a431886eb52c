// Firefox, driven by WebDriver BiDi (https://w3c.github.io/webdriver-bidi/), which it speaks by itself.

import { spawn } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { scratchFolder, within } from "./harness.mjs";
import { connect } from "./websocket.mjs";

const CANDIDATES = [process.env.PIXELMILL_FIREFOX, "/usr/bin/firefox-esr", "/usr/bin/firefox"];

/** Where Firefox is, if it is installed. */
export const FIREFOX = CANDIDATES.find((path) => path && existsSync(path));

/** How long Firefox may take for one command, in ms. */
const PATIENCE = 90_000;

/** Starts Firefox with an empty profile; it ends with the test. */
export async function startFirefox(t) {
  const profile = join(scratchFolder("firefox"), "profile");
  mkdirSync(profile);
  const child = spawn(FIREFOX, ["--headless", "--no-remote", "--profile", profile, "--new-instance", "--remote-debugging-port", "0"], { stdio: ["ignore", "ignore", "pipe"] });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  t.after(async () => {
    child.kill();
    await within(20_000, "closing Firefox", ended).catch(() => child.kill("SIGKILL"));
  });
  const address = new Promise((resolve, reject) => {
    createInterface({ input: child.stderr }).on("line", (line) => {
      const found = /WebDriver BiDi listening on (ws:\S+)/.exec(line);
      if (found) resolve(found[1]);
    });
    child.once("exit", (code) => reject(new Error(`Firefox exited at once with ${code}`)));
  });
  const pending = new Map();
  const socket = await connect(`${await within(PATIENCE, "starting Firefox", address)}/session`, (text) => {
    const { id, result, error, message } = JSON.parse(text);
    if (!pending.has(id)) return;
    const { resolve, reject } = pending.get(id);
    pending.delete(id);
    if (error) reject(new Error(`${error}: ${message}`));
    else resolve(result);
  });
  let last = 0;
  const send = (method, params) => {
    last += 1;
    const id = last;
    const answer = new Promise((resolve, reject) => pending.set(id, { resolve, reject }));
    socket.send(JSON.stringify({ id, method, params }));
    return within(PATIENCE, `Firefox's ${method}`, answer);
  };
  await send("session.new", { capabilities: {} });
  return { open: (url) => openTab(send, url) };
}

async function openTab(send, url) {
  const { context } = await send("browsingContext.create", { type: "tab" });
  await send("browsingContext.navigate", { context, url, wait: "complete" });
  /** Calls a function of the page's with these arguments, which are JSON values, and resolves with what it returns. */
  const evaluate = async (work, ...values) => {
    const functionDeclaration = `async (text) => JSON.stringify((await (${work})(...JSON.parse(text))) ?? null)`;
    const target = { context };
    const parameters = [{ type: "string", value: JSON.stringify(values) }];
    const answer = await send("script.callFunction", { functionDeclaration, target, arguments: parameters, awaitPromise: true });
    if (answer.type === "exception") throw new Error(answer.exceptionDetails.text);
    return JSON.parse(answer.result.value);
  };
  /** Waits until a function of the page's returns something true, and resolves with it. */
  const until = async (work, ...values) => {
    for (const end = Date.now() + PATIENCE; Date.now() < end; ) {
      const found = await evaluate(work, ...values);
      if (found) return found;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`Firefox: waited in vain for ${work}`);
  };
  /** Clicks the middle of an element with the mouse, once it is there and enabled. */
  const click = async (selector) => {
    const middle = (selector) => {
      const element = document.querySelector(selector);
      if (!element || element.disabled) return null;
      element.scrollIntoView({ block: "center" });
      const { left, top, width, height } = element.getBoundingClientRect();
      return width > 0 && { x: Math.round(left + width / 2), y: Math.round(top + height / 2) };
    };
    await until(middle, selector);
    // Once it does not move any more.
    const place = await evaluate(middle, selector);
    const actions = [{ type: "pointerMove", ...place }, { type: "pointerDown", button: 0 }, { type: "pointerUp", button: 0 }];
    await send("input.performActions", { context, actions: [{ type: "pointer", id: "mouse", actions }] });
  };
  /** Presses and releases keys one after the other: characters, or the values that WebDriver has for other keys. */
  const press = async (...keys) => {
    const actions = keys.flatMap((value) => [{ type: "keyDown", value }, { type: "keyUp", value }]);
    await send("input.performActions", { context, actions: [{ type: "key", id: "keys", actions }] });
  };
  return { evaluate, until, click, press, reload: () => send("browsingContext.reload", { context, wait: "complete" }) };
}
