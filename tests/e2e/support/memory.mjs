// How much memory the browser's processes use.

import { readFileSync, readdirSync } from "node:fs";

/** Resident memory of the largest renderer below a process (this one by default), in MB; 0 if the system does not report it. */
export function rendererMemory(root = process.pid) {
  const sizes = [...descendants(root)].filter((pid) => commandOf(pid).includes("--type=renderer")).map(residentOf);
  return Math.max(0, ...sizes);
}

function* descendants(root) {
  const children = new Map();
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    const parent = parentOf(pid);
    children.set(parent, [...(children.get(parent) ?? []), Number(pid)]);
  }
  const waiting = [root];
  while (waiting.length > 0) {
    for (const pid of children.get(waiting.pop()) ?? []) {
      yield pid;
      waiting.push(pid);
    }
  }
}

// A process may end at any time: then it has no parent, no command and no memory.
function read(pid, name) {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "utf8");
  } catch {
    return "";
  }
}

function parentOf(pid) {
  const after = read(pid, "stat").split(") ").at(-1).split(" ");
  return Number(after[1] ?? -1);
}

function commandOf(pid) {
  return read(pid, "cmdline");
}

function residentOf(pid) {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(read(pid, "status"))?.[1] ?? 0;
  return Number(kilobytes) / 1024;
}
