import { ApiError, fileNameOf, problemOf, save, unreachable } from './api.js';

const REDRAW = 150;
/** How long, in milliseconds, a browser has to begin with a file that a page has made. */
const KEPT = 60_000;
/** Of an archive, in bytes, that a page can hold; a larger one is the browser's own affair. */
export const LARGEST_HERE = 200 * 1024 * 1024;

/**
 * Asks for an archive. Its answer alone tells whether there is one.
 *
 * @param {string} link
 * @param {AbortSignal} signal
 * @returns {Promise<Response>}
 * @throws {ApiError}
 */
export async function answerOf(link, signal) {
  let response;
  try {
    response = await fetch(link, { signal, credentials: 'same-origin', headers: { Accept: 'application/zip, application/problem+json' } });
  } catch (error) {
    throw signal.aborted ? error : unreachable();
  }
  if (!response.ok) {
    throw await problemOf(response);
  }
  return response;
}

/**
 * The whole archive, or an error.
 *
 * @param {Response} response
 * @param {AbortSignal} signal
 * @param {(bytes: number) => void} [onProgress]
 * @returns {Promise<Blob>}
 */
export async function bytesOf(response, signal, onProgress = () => {}) {
  const reader = /** @type {ReadableStream<Uint8Array<ArrayBuffer>>} */ (response.body).getReader();
  const chunks = [];
  let bytes = 0;
  let told = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) {
        onProgress(bytes);
        return new Blob(chunks, { type: 'application/zip' });
      }
      chunks.push(value);
      bytes += value.byteLength;
      if (performance.now() - told > REDRAW) {
        told = performance.now();
        onProgress(bytes);
      }
    }
  } catch (error) {
    throw signal.aborted ? error : brokenOff();
  }
}

export function brokenOff() {
  return new ApiError({ status: 0, code: 'broken_off', title: 'The archive broke off', detail: 'What had come was not whole, so nothing was saved. Try again.' });
}

/** Has the browser put it to the other downloads. @param {Blob} blob @param {Response} response @param {string} name */
export function saveArchive(blob, response, name) {
  const url = URL.createObjectURL(blob);
  save(url, fileNameOf(response.headers.get('Content-Disposition')) ?? name);
  setTimeout(() => URL.revokeObjectURL(url), KEPT);
}
