// A WebSocket (RFC 6455) as far as the driver of Firefox needs it: text messages to and from this machine. Node.js 20 has
// none of its own.

import { randomBytes } from "node:crypto";
import { request } from "node:http";

const [CONTINUATION, TEXT, CLOSE, PING, PONG] = [0, 1, 8, 9, 10];

/** Connects; `onMessage` receives each text. Resolves with `{ send, close }`. */
export async function connect(url, onMessage) {
  const headers = { connection: "Upgrade", upgrade: "websocket", "sec-websocket-key": randomBytes(16).toString("base64"), "sec-websocket-version": "13" };
  const [socket, head] = await new Promise((resolve, reject) => {
    const asked = request(url.replace(/^ws:/, "http:"), { headers });
    asked.once("upgrade", (_, socket, head) => resolve([socket, head]));
    asked.once("response", ({ statusCode }) => reject(new Error(`no WebSocket at ${url}: ${statusCode}`)));
    asked.once("error", reject);
    asked.end();
  });
  let [rest, parts] = [head, []];
  const take = () => {
    for (let frame = nextFrame(rest); frame; frame = nextFrame(rest)) {
      rest = rest.subarray(frame.length);
      if (frame.code === PING) socket.write(frameOf(PONG, frame.content));
      if (frame.code !== TEXT && frame.code !== CONTINUATION) continue;
      parts.push(frame.content);
      if (!frame.isLast) continue;
      onMessage(Buffer.concat(parts).toString("utf8"));
      parts = [];
    }
  };
  socket.on("data", (data) => {
    rest = Buffer.concat([rest, data]);
    take();
  });
  socket.on("error", () => {}); // Firefox ends.
  take();
  return { send: (text) => socket.write(frameOf(TEXT, Buffer.from(text))), close: () => socket.end(frameOf(CLOSE, Buffer.alloc(0))) };
}

/** The first whole frame of what has arrived, if there is one. */
function nextFrame(data) {
  if (data.length < 2) return null;
  const short = data[1] & 0x7f;
  const start = { 126: 4, 127: 10 }[short] ?? 2;
  if (data.length < start) return null;
  const size = { 126: () => data.readUInt16BE(2), 127: () => Number(data.readBigUInt64BE(2)) }[short]?.() ?? short;
  if (data.length < start + size) return null;
  return { code: data[0] & 0x0f, isLast: (data[0] & 0x80) !== 0, content: data.subarray(start, start + size), length: start + size };
}

/** A frame of a client, which is masked. */
function frameOf(code, content) {
  const mask = randomBytes(4);
  const size = content.length;
  const head = Buffer.alloc(size < 126 ? 2 : size < 65_536 ? 4 : 10);
  head[0] = 0x80 | code;
  if (size < 126) head[1] = 0x80 | size;
  else if (size < 65_536) {
    head[1] = 0x80 | 126;
    head.writeUInt16BE(size, 2);
  } else {
    head[1] = 0x80 | 127;
    head.writeBigUInt64BE(BigInt(size), 2);
  }
  return Buffer.concat([head, mask, content.map((byte, index) => byte ^ mask[index % 4])]);
}
