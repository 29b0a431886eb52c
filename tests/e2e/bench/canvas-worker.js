// "Web gallery" with the browser's own decoder, canvas and encoder. Sharpening a canvas needs its pixels.

const SIDE = 1600;

async function process(blob) {
  const source = await createImageBitmap(blob);
  const scale = Math.min(1, SIDE / source.width, SIDE / source.height);
  const width = Math.round(source.width * scale);
  const height = Math.round(source.height * scale);
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.imageSmoothingQuality = "high";
  context.drawImage(source, 0, 0, width, height);
  source.close();
  const image = context.getImageData(0, 0, width, height);
  sharpen(image.data, width, height);
  context.putImageData(image, 0, 0);
  return await canvas.convertToBlob({ type: "image/jpeg", quality: 0.8 });
}

/** The mild 3 × 3 sharpening of libvips and sharp, on luma. */
function sharpen(data, width, height) {
  const luma = new Float32Array(width * height);
  for (let pixel = 0, at = 0; pixel < luma.length; pixel += 1, at += 4) {
    luma[pixel] = 0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2];
  }
  for (let y = 1; y < height - 1; y += 1) {
    for (let x = 1; x < width - 1; x += 1) {
      const at = y * width + x;
      let around = 0;
      for (const row of [at - width, at, at + width]) around += luma[row - 1] + luma[row] + luma[row + 1];
      const change = (9 * luma[at] - around) / 24;
      data[at * 4] += change;
      data[at * 4 + 1] += change;
      data[at * 4 + 2] += change;
    }
  }
}

onmessage = async ({ data: { blob } }) => {
  try {
    const result = await process(blob);
    postMessage({ bytes: result.size });
  } catch (error) {
    postMessage({ error: String(error) });
  }
};
