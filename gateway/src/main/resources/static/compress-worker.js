const LONGEST_SIDE = 4096;
const QUALITIES = [0.9, 0.8, 0.7, 0.6, 0.5];
const SHRINK = 0.75;
const ROUNDS = 4;

self.onmessage = async ({ data: { file, maxBytes } }) => {
  try {
    const picture = await createImageBitmap(file);
    let scale = Math.min(1, LONGEST_SIDE / Math.max(picture.width, picture.height));
    for (let round = 0; round < ROUNDS; round += 1, scale *= SHRINK) {
      const canvas = new OffscreenCanvas(Math.max(1, Math.round(picture.width * scale)), Math.max(1, Math.round(picture.height * scale)));
      const brush = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext('2d', { alpha: false }));
      brush.fillStyle = '#fff';
      brush.fillRect(0, 0, canvas.width, canvas.height);
      brush.drawImage(picture, 0, 0, canvas.width, canvas.height);
      for (const quality of QUALITIES) {
        const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality });
        if (blob.size <= maxBytes) {
          self.postMessage({ blob });
          return;
        }
      }
    }
    self.postMessage({ error: 'It stays too large, whatever its quality.' });
  } catch {
    self.postMessage({ error: 'This browser cannot read that picture.' });
  }
};
