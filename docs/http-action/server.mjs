// A server for the action http-action, without dependencies: `node server.mjs 3000`, and http://localhost:3000/submit in the workflow.

import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { argv } from "node:process";
import { pathToFileURL } from "node:url";

/** What becomes of a picture: your own work goes here. This returns the picture as it is. */
async function work(picture, mimeType, parameters) {
  return { picture, mimeType, parameters };
}

/** Takes pictures at `/submit`, answers for jobs at `/status`, and has their results below `/results/`. */
export function serve(work, origin = "*") {
  const jobs = new Map();
  return createServer(async (request, response) => {
    const cors = { "access-control-allow-origin": origin, "access-control-allow-headers": "content-type", "access-control-expose-headers": "retry-after" };
    const send = (status, body, mimeType) => response.writeHead(status, { ...cors, "content-type": mimeType }).end(body);
    const say = (status, value) => send(status, JSON.stringify(value), "application/json");
    const url = new URL(request.url, `http://${request.headers.host}`);
    const job = jobs.get(url.searchParams.get("jobId") ?? url.pathname.replace("/results/", ""));
    if (request.method === "OPTIONS") return response.writeHead(204, cors).end();
    if (url.pathname === "/status") return job ? say(200, job.state) : say(404, { error: "There is no such job." });
    if (url.pathname.startsWith("/results/") && job?.picture) return send(200, job.picture, job.mimeType);
    if (request.method !== "POST" || url.pathname !== "/submit") return say(404, { error: "There is nothing here." });
    try {
      const parts = [];
      for await (const part of request) parts.push(part);
      const { inputs, parameters } = JSON.parse(Buffer.concat(parts));
      const { url: dataUrl, mimeType } = inputs.find(({ type }) => type === "image");
      const jobId = randomUUID();
      const accepted = { state: { jobId, status: "processing", statusUrl: `${url.origin}/status?jobId=${jobId}` } };
      jobs.set(jobId, accepted);
      work(Buffer.from(dataUrl.split(",")[1], "base64"), mimeType, parameters)
        .then(({ picture, mimeType }) => {
          const output = { port: "outputs", type: "image", name: "result", mimeType, url: `${url.origin}/results/${jobId}` };
          jobs.set(jobId, { picture, mimeType, state: { jobId, status: "completed", outputs: [output] } });
        })
        .catch((error) => jobs.set(jobId, { state: { jobId, status: "failed", error: String(error.message) } }));
      say(202, accepted.state);
    } catch (error) {
      say(400, { error: `The request cannot be read: ${error.message}` });
    }
  });
}

if (argv[1] && import.meta.url === pathToFileURL(argv[1]).href) serve(work).listen(Number(argv[2] ?? 3000), "127.0.0.1");
