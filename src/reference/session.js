// What has been made on this page so far: a picture, files, batches. Steps and forms fill in their values from here.

/** The values that are known, and an event when one changes. */
class Session extends EventTarget {
  /** The picture to upload. */
  file = undefined;
  /** The latest stored file: `{ assetId, name, url }`. */
  asset = undefined;
  batchId = undefined;
  /** The first batch of the guide. */
  first = undefined;
  workflowId = undefined;
  /** Every batch that was made here. */
  batches = [];

  set(values) {
    Object.assign(this, values);
    if (values.batchId && !this.batches.includes(values.batchId)) this.batches = [...this.batches, values.batchId];
    this.dispatchEvent(new Event("change"));
  }

  /** Learns from an answer. */
  note(operation, { status, body }) {
    if (!(status < 300)) return;
    if (operation.id === "importAssets") this.set({ asset: body.assets[0] });
    else if (operation.id === "executeBatch") this.set({ batchId: body.batchId });
    else if (["saveWorkflow", "changeWorkflow"].includes(operation.id)) this.set({ workflowId: body.workflowId });
  }

  /** A value for a parameter of this name, if there is one. */
  value(name) {
    return { batchId: this.batchId, assetId: this.asset?.assetId, workflowId: this.workflowId }[name] ?? "";
  }
}

export const session = new Session();

/** A picture drawn on the spot, with a size that most actions change: hills and a sun. */
export function draw(canvas) {
  const [width, height] = [canvas.width, canvas.height];
  const context = canvas.getContext("2d");
  const sky = context.createLinearGradient(0, 0, 0, height);
  for (const [at, color] of [[0, "#31408f"], [0.5, "#d97a6c"], [0.75, "#f6c786"]]) sky.addColorStop(at, color);
  context.fillStyle = sky;
  context.fillRect(0, 0, width, height);
  context.fillStyle = "#ffe9b8";
  context.beginPath();
  context.arc(width * 0.66, height * 0.48, height * 0.11, 0, 2 * Math.PI);
  context.fill();
  const hills = [["#7f4b6b", 0.58, 0.06, 2.2, 0.4], ["#533a63", 0.7, 0.05, 3.4, 2], ["#2b2748", 0.84, 0.04, 5, 4.1]];
  for (const [color, level, rise, waves, start] of hills) {
    context.fillStyle = color;
    context.beginPath();
    context.moveTo(0, height);
    for (let x = 0; x <= width; x += 4) context.lineTo(x, height * (level - rise * Math.sin(start + (x / width) * waves * Math.PI)));
    context.lineTo(width, height);
    context.fill();
  }
}

/** The drawn picture as a file. */
export async function drawnFile(canvas, type = "image/png") {
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, type));
  return new File([blob], "evening.png", { type: blob.type });
}

/** A small drawn picture as an address that a request can carry. */
export function smallPicture() {
  const canvas = Object.assign(document.createElement("canvas"), { width: 48, height: 32 });
  const context = canvas.getContext("2d");
  for (const [color, top] of [["#31408f", 0], ["#d97a6c", 14], ["#2b2748", 24]]) {
    context.fillStyle = color;
    context.fillRect(0, top, 48, 32 - top);
  }
  return canvas.toDataURL("image/png");
}

/** An example with the picture of this page in place of files that are not there. */
export function withPicture(value) {
  const url = session.asset?.url ?? smallPicture();
  return JSON.parse(JSON.stringify(value), (key, inner) => (typeof inner === "string" && inner.startsWith("asset:") ? url : inner));
}
