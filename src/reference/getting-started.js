// The parts of the guide "Get started" that run in place. Each step makes a request with the values of the steps before it.

import { examplesOf, json, send, snippets } from "./api.js";
import { panel, tabs } from "./code.js";
import { announce, el, icon } from "./dom.js";
import { draw, drawnFile, session } from "./session.js";
import { fileOf, showOutcome, transportNote, workButton } from "./try.js";

/** How many executions the batch has that is cancelled: enough that some are left. */
const MANY = 24;

/** What stands for `@name argument` in the guide. */
export function parts(api) {
  const request = () => {
    const [{ value }] = examplesOf(api.operation("executeBatch").body);
    const copy = structuredClone(value);
    if (session.asset) copy.workflow.actions[0].parameters.images = [picture()];
    return copy;
  };
  const picture = () => ({ name: session.asset.name, sourceUrl: session.asset.url, storageType: "local" });

  const steps = {
    importAssets: { label: "Upload", values: () => ({ file: session.file }), needs: () => session.file && "" },
    executeBatch: { label: "Execute", values: () => ({ body: json(request()) }), needs: () => (session.asset ? "" : "Upload the picture first.") },
    listBatches: { label: "List", values: () => ({ workflowId: request().workflowId, limit: "5" }), needs: () => "" },
    getBatchStatus: { label: "Check", values: () => ({ batchId: session.batchId }), needs: needsBatch },
    cancelBatch: { label: "Start and cancel", values: () => ({ batchId: session.batchId }), needs: needsBatch, work: cancelled },
    listExecutions: { label: "Retrieve", values: () => ({ batchId: session.first, status: "success" }), needs: () => (session.first ? "" : "Execute a batch first."), show: results },
  };

  /** Starts a batch with many executions and cancels it. */
  async function cancelled() {
    const many = request();
    many.workflow.actions[0].parameters.images = Array(MANY).fill(picture());
    const { status, body } = await send(api.operation("executeBatch"), { body: json(many) });
    if (status !== 202) return { status, body };
    session.set({ batches: [...session.batches, body.batchId] });
    return await send(api.operation("cancelBatch"), { batchId: body.batchId });
  }

  /** The result's pictures, below the answer. */
  async function results(place, { body }, urls) {
    const outputs = (body?.executions ?? []).flatMap(({ outputs }) => outputs ?? []);
    for (const { name, url } of outputs) {
      const blob = await window.pixelmill.readAsset(url);
      place.append(fileOf(blob, urls, name));
    }
    place.append(outputs.length === 0 ? el("p", { class: "ref-failed" }, "There is no result yet. Check the status, and retrieve the results again.") : "");
  }

  function step(id) {
    const operation = api.operation(id);
    const { label, values, needs, work, show } = steps[id];
    const code = tabs(`Snippets: ${operation.summary}`, () => snippets(operation, values()));
    const hint = el("span", { class: "small muted", "data-testid": "ref-hint" });
    const outcome = el("div", { class: "ref-outcome-place", "data-testid": "ref-outcome" });
    const button = workButton(
      label,
      async () => {
        if (needs() !== "") return announce(outcome, needs());
        const answer = await (work ? work() : send(operation, values()));
        if (id === "executeBatch" && answer.status === 202) session.set({ first: answer.body.batchId });
        session.note(operation, answer);
        const urls = showOutcome(outcome, answer);
        await show?.(outcome, answer, urls);
      },
      { "data-testid": `ref-run-${id}` },
    );
    const update = () => {
      code.refresh();
      hint.textContent = needs();
    };
    session.addEventListener("change", update, { signal: api.signal });
    update();
    return el("div", { class: "ref-step" }, code, el("div", { class: "ref-step-foot" }, button, hint), outcome);
  }

  return { picture: pictureStep, step, transport: () => transportNote(api.signal), cleanup: () => cleanup(api.signal) };
}

const needsBatch = () => (session.batchId ? "" : "Execute a batch first.");

/** The picture to upload: drawn here, or the user's own. */
function pictureStep() {
  const canvas = el("canvas", { width: 960, height: 640, role: "img", "aria-label": "A drawn landscape in the evening" });
  const preview = el("div", { class: "ref-picture" }, canvas);
  const name = el("span", { class: "small muted", role: "status" });
  const use = (file) => {
    session.set({ file });
    name.textContent = `${file.name}, ${file.size.toLocaleString("en")} bytes`;
  };
  const input = el("input", {
    type: "file",
    accept: "image/*",
    class: "unseen",
    tabIndex: -1,
    "aria-label": "Your own picture",
    "data-testid": "ref-own-picture",
    onchange() {
      if (input.files.length > 0) show(input.files[0]);
    },
  });
  const show = (file) => {
    const image = el("img", { alt: `Your picture ${file.name}`, src: URL.createObjectURL(file) });
    const seen = () => URL.revokeObjectURL(image.src);
    image.addEventListener("load", seen, { once: true });
    image.addEventListener("error", () => (seen(), preview.replaceChildren()), { once: true });
    preview.replaceChildren(image);
    use(file);
  };
  if (session.file) {
    show(session.file);
  } else {
    draw(canvas);
    drawnFile(canvas).then(use);
  }
  return el("div", { class: "ref-step ref-choose" }, preview, el("div", { class: "ref-step-foot" }, el("button", { type: "button", class: "button", onclick: () => input.click() }, icon("picture"), "Use your own picture"), input, name));
}

/** Deletes what the guide has made. */
function cleanup(signal) {
  const line = () => `${(session.batches.length ? session.batches : ["…"]).map((id) => `await pixelmill.deleteBatch(${JSON.stringify(id)});`).join("\n")}`;
  const place = el("div", {}, panel("npm and window.pixelmill", line(), "js"));
  const said = el("span", { class: "small", role: "status", "data-testid": "ref-cleaned" });
  const button = workButton(
    "Delete",
    async () => {
      const { batches } = session;
      if (batches.length === 0) return (said.textContent = "There is nothing to delete.");
      const outcomes = await Promise.allSettled(batches.map((batchId) => window.pixelmill.deleteBatch(batchId)));
      const refused = outcomes.find(({ status, reason }) => status === "rejected" && reason?.code !== 404);
      session.set({ batches: [], batchId: undefined, first: undefined });
      said.textContent = refused ? `Not everything could be deleted: ${refused.reason?.message ?? refused.reason}` : `Deleted ${batches.length} ${batches.length === 1 ? "batch" : "batches"}.`;
    },
    { "data-testid": "ref-run-cleanup" },
  );
  session.addEventListener("change", () => place.replaceChildren(panel("npm and window.pixelmill", line(), "js")), { signal });
  return el("div", { class: "ref-step" }, place, el("div", { class: "ref-step-foot" }, button, said));
}
