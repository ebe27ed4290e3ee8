/** The one URL that may become a worker's script. */
const policy = globalThis.trustedTypes?.createPolicy('sluice', {
  createScriptURL: (url) => {
    if (url !== WORKER) {
      throw new TypeError(`${url}: not the worker`);
    }
    return url;
  },
});
const WORKER = new URL('compress-worker.js', import.meta.url).href;
const PATIENCE = 60_000;

/**
 * A picture made smaller, off the page's thread: scaled to 4096 pixels at most, then as a JPEG of less and less quality
 * until it fits.
 *
 * @param {File} file that this browser can show
 * @param {number} maxBytes
 * @returns {Promise<File>}
 */
export function compress(file, maxBytes) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(/** @type {any} */ (policy ? policy.createScriptURL(WORKER) : WORKER), { type: 'module' });
    const end = (settle) => {
      clearTimeout(timer);
      worker.terminate();
      settle();
    };
    const timer = setTimeout(() => end(() => reject(new Error('Compressing took too long.'))), PATIENCE);
    worker.onerror = (event) => {
      event.preventDefault();
      end(() => reject(new Error('This browser cannot compress that picture.')));
    };
    worker.onmessage = ({ data }) => end(() => (data.blob
      ? resolve(new File([data.blob], file.name.replace(/\.[^.]*$/, '') + '.jpg', { type: 'image/jpeg' }))
      : reject(new Error(data.error))));
    worker.postMessage({ file, maxBytes });
  });
}
