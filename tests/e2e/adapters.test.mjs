// The examples that the npm package has, each with the real library: bundled by esbuild into a page of another origin.

import assert from "node:assert/strict";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import sharp from "sharp";
import { open, scratchFolder, serve, suite, test } from "./support/harness.mjs";
import * as pictures from "./support/pictures.mjs";
import { here, serveShop } from "./support/shop.mjs";

suite(test);

const SOURCES = fileURLToPath(new URL("../../src/", import.meta.url));
const MODULES = fileURLToPath(new URL("node_modules/", import.meta.url));
const MIRROR = pictures.chain("mirror", [["flip", { direction: "horizontal" }]], { format: "png" });

/** Bundles a script with the package's modules, as `cargo xtask package` lays them out. */
async function bundled(script) {
  const folder = scratchFolder("adapters");
  const own = join(folder, "node_modules", "pixelmill");
  mkdirSync(own, { recursive: true });
  for (const name of ["pixelmill.js", "process.js", "examples"]) cpSync(join(SOURCES, "client", name), join(own, name), { recursive: true });
  writeFileSync(join(own, "element.js"), readFileSync(join(SOURCES, "embed", "element.js"), "utf8").replace("../client/", "./"));
  writeFileSync(join(own, "package.json"), JSON.stringify({ name: "pixelmill", type: "module", exports: { ".": "./pixelmill.js", "./element": "./element.js", "./examples/*": "./examples/*" } }));
  const entry = join(folder, "entry.jsx");
  writeFileSync(entry, script);
  const result = await build({ entryPoints: [entry], bundle: true, write: false, format: "esm", target: "es2022", jsx: "automatic", nodePaths: [MODULES], define: { "process.env.NODE_ENV": '"production"', __VUE_OPTIONS_API__: "false", __VUE_PROD_DEVTOOLS__: "false", __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: "false" } });
  return result.outputFiles[0].text;
}

const START = `
import { connect } from "pixelmill";
const base = document.querySelector("main").dataset.base;
const bytes = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
window.picture = (text) => new File([bytes(text)], "cat-0.png", { type: "image/png" });
window.textOf = async (blob) => btoa(String.fromCharCode(...new Uint8Array(await blob.arrayBuffer())));
`;

/** Opens a page with this script, and calls `window.start(picture, workflow)` in it: what it resolves with, as a picture. */
async function through(t, script) {
  const deployment = await serve(undefined, { cors: true });
  const files = { "app.js": await bundled(START + script) };
  const markup = (base) => `<main data-base="${base}"></main><script type="module" src="app.js"></script>`;
  const policy = (base) => ({ ...here(base), "img-src": "blob: data:", "style-src": "'self' 'unsafe-inline'" });
  const shop = await serveShop({ deployment, policy, markup, files });
  const { page } = await open(t, { server: shop, uses: [deployment.url], unready: true });
  t.after(async () => {
    await shop.stop();
    await deployment.stop();
  });
  await page.waitForFunction(() => window.start);
  const photo = await sharp(pictures.photo("cat")).resize(130, 90, { fit: "fill" }).png().toBuffer();
  const [name, text] = await page.evaluate(
    async ([text, workflow]) => {
      const result = await window.start(window.picture(text), workflow);
      return [result.name, await window.textOf(result.blob ?? result)];
    },
    [photo.toString("base64"), MIRROR],
  );
  assert.equal(name, "cat-0.png");
  const expected = await pictures.decode(await sharp(photo).flop().png().toBuffer());
  pictures.assertNear(await pictures.decode(Buffer.from(text, "base64")), expected, { largest: 0 }, name);
}

test("FilePond uploads what the workflow made", async (t) => {
  await through(t, `
import { create, registerPlugin } from "filepond";
import { pixelmillPlugin } from "pixelmill/examples/filepond.js";
window.start = async (picture, workflow) => {
  registerPlugin(pixelmillPlugin(await connect({ base }), workflow));
  return await new Promise((resolve, reject) => {
    const process = (field, file, metadata, load) => {
      resolve(file);
      load("1");
      return { abort() {} };
    };
    const input = document.createElement("input");
    input.type = "file";
    document.querySelector("main").append(input);
    const pond = create(input, { server: { process }, instantUpload: true, onerror: reject });
    pond.addFile(picture).catch(reject);
  });
};`);
});

test("Uppy hands on what the workflow made", async (t) => {
  await through(t, `
import { Uppy } from "@uppy/core";
import { addPixelmill } from "pixelmill/examples/uppy.js";
window.start = async (picture, workflow) => {
  const uppy = addPixelmill(new Uppy(), await connect({ base }), workflow);
  const uploaded = new Promise((resolve) => uppy.addUploader(async ([id]) => {
    const { data, name } = uppy.getFile(id);
    resolve({ name, blob: data });
    uppy.emit("upload-success", uppy.getFile(id), { status: 200, body: {} });
  }));
  uppy.addFile({ name: picture.name, type: picture.type, data: picture });
  const { failed } = await uppy.upload();
  if (failed.length > 0) throw failed[0].error;
  return await uploaded;
};`);
});

test("a React component runs a workflow", async (t) => {
  await through(t, `
import { createRoot } from "react-dom/client";
import { Pixelmill } from "pixelmill/examples/react.jsx";
window.start = (picture, workflow) => new Promise((resolve) => {
  createRoot(document.querySelector("main")).render(<Pixelmill base={base} workflow={workflow} layout="drop" autostart="" onDone={([result]) => resolve(result)} />);
  document.addEventListener("pixelmill-ready", ({ target }) => target.addFiles([picture]));
});`);
});

test("a Vue component runs a workflow", async (t) => {
  await through(t, `
import { createApp, h } from "vue";
import { Pixelmill } from "pixelmill/examples/vue.js";
window.start = (picture, workflow) => new Promise((resolve) => {
  const App = { render: () => h(Pixelmill, { base, workflow, layout: "drop", autostart: "", onDone: ([result]) => resolve(result) }) };
  createApp(App).mount("main");
  document.addEventListener("pixelmill-ready", ({ target }) => target.addFiles([picture]));
});`);
});

test("a picture field of a content management system saves what the workflow made", async (t) => {
  await through(t, `
import { pictureField } from "pixelmill/examples/cms.js";
window.start = (picture, workflow) => new Promise(async (resolve) => {
  const field = document.querySelector("main");
  field.innerHTML = '<input type="file"><p role="status"></p><img alt="">';
  pictureField(field, await connect({ base }), workflow, async (file) => resolve(file));
  const transfer = new DataTransfer();
  transfer.items.add(picture);
  const input = field.querySelector("input");
  input.files = transfer.files;
  input.dispatchEvent(new Event("change"));
});`);
});
