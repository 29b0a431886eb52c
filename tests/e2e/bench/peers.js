// Drives the other libraries' workers: gives each the next photograph as soon as it has finished one, and measures the total time.

const photographs = [];

/** Keeps photographs in memory, so that no transfer is timed. */
window.keep = async (urls) => {
  photographs.length = 0;
  for (const url of urls) photographs.push(await (await fetch(url)).blob());
};

/** Photographs per second with `workers` workers of a script; each has run one before the measurement begins. */
window.measure = async (script, options, workers, count) => {
  const pool = Array.from({ length: workers }, () => new Worker(script, { type: "module" }));
  const job = (worker, blob) =>
    new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => (data.error ? reject(new Error(data.error)) : resolve(data));
      worker.onerror = (event) => reject(new Error(event.message));
      worker.postMessage({ blob, options });
    });
  try {
    const first = await Promise.all(pool.map((worker) => job(worker, photographs[0])));
    let next = 0;
    const start = performance.now();
    await Promise.all(
      pool.map(async (worker) => {
        while (next < count) await job(worker, photographs[next++ % photographs.length]);
      }),
    );
    return { rate: (count * 1000) / (performance.now() - start), ...first[0] };
  } finally {
    for (const worker of pool) worker.terminate();
  }
};
