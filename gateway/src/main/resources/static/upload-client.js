import { ApiError, ROOT, call, problemOf, unreachable, urlOf } from './api.js';
import { kind, kinds } from './words.js';

/**
 * What the gateway takes.
 *
 * @typedef {object} Bounds
 * @property {string[]} types media types, as they are announced
 * @property {number} maxImageSize in bytes
 * @property {number} maxImages of one announcement
 */

/** @param {AbortSignal} [signal] @returns {Promise<Bounds>} */
export function bounds(signal) {
  return call('GET', 'api/uploads', { signal });
}

const BY_ENDING = { jpg: 'image/jpeg', jpeg: 'image/jpeg', png: 'image/png', webp: 'image/webp', heic: 'image/heic', heif: 'image/heif', gif: 'image/gif', avif: 'image/avif', svg: 'image/svg+xml', tif: 'image/tiff', tiff: 'image/tiff', jxl: 'image/jxl' };

/**
 * What a file is; browsers do not know HEIC and say nothing.
 *
 * @param {File} file
 */
export function typeOf(file) {
  return file.type || BY_ENDING[file.name.split('.').pop()?.toLowerCase() ?? ''] || 'application/octet-stream';
}

/**
 * What is wrong with a file, and what it takes; null when nothing is.
 *
 * @param {File} file
 * @param {Bounds} bounds
 */
export function complaint(file, { types, maxImageSize }) {
  const type = typeOf(file);
  if (!types.includes(type)) {
    return { code: 'unsupported_image_type', text: type.startsWith('image/')
      ? `${kind(type)} pictures are not taken here: ${kinds(types)} are.`
      : `This is not a picture. ${kinds(types)} are taken.` };
  }
  if (file.size === 0) {
    return { code: 'empty', text: 'The file is empty.' };
  }
  if (file.size > maxImageSize) {
    return { code: 'image_too_large', text: `It is larger than the ${megabytes(maxImageSize)} MB that are taken.` };
  }
  return null;
}

/** @param {number} size in bytes */
export function megabytes(size) {
  return Math.round((10 * size) / 1024 / 1024) / 10;
}

/**
 * Asks where a file may go.
 *
 * @param {string} hostId
 * @param {string | null} listingId null for a new listing
 * @param {{imageId: string, contentType: string, fileSize: number, fileName: string | null, isPrimary: boolean, displayOrder: number}[]} images
 * @param {AbortSignal} [signal]
 * @returns {Promise<{listingId: string, imageUploadUrls: {imageId: string, uploadUrl: string, headers?: Record<string, string>, expiresAt?: string}[]}>}
 */
export function intend(hostId, listingId, images, signal) {
  const json = listingId === null ? { images } : { listingId, images };
  return call('POST', `api/v1/hosts/${encodeURIComponent(hostId)}/listings/submit-intent`, { json, signal });
}

/**
 * Where a file goes: at the gateway itself under the prefix that it is served under, else wherever the bucket is.
 *
 * @param {string} uploadUrl
 */
function target(uploadUrl) {
  const url = new URL(uploadUrl, ROOT);
  return url.origin === ROOT.origin && url.pathname.startsWith('/api/') ? urlOf(url.pathname + url.search) : url.href;
}

/**
 * Puts a file where it may go, and tells how far it is. An XMLHttpRequest, since fetch does not tell.
 *
 * @param {string} url
 * @param {Blob} file
 * @param {Record<string, string>} headers
 * @param {(sent: number) => void} onProgress
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
export function put(url, file, headers, onProgress, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('PUT', target(url));
    // Its length the browser tells by itself, and lets no script do it.
    Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'content-length')
      .forEach(([name, value]) => request.setRequestHeader(name, value));
    request.upload.onprogress = (event) => onProgress(event.loaded);
    request.onerror = async () => reject(await isReadable(file) ? unreachable() : unreadable());
    request.onabort = () => reject(signal.reason ?? new DOMException('Cancelled', 'AbortError'));
    request.onload = async () => {
      if (request.status >= 200 && request.status < 300) {
        onProgress(file.size);
        resolve();
      } else {
        reject(await refusal(request));
      }
    };
    signal.addEventListener('abort', () => request.abort(), { once: true });
    request.send(file);
  });
}

/** Browsers tell of a file that is gone what they tell of a gateway that is. @param {Blob} file */
async function isReadable(file) {
  try {
    await file.slice(0, 1).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}

function unreadable() {
  return new ApiError({ status: 0, code: 'unreadable_file', title: 'The file cannot be read', detail: 'It was moved, changed or deleted since it was chosen. Remove it here and choose it again.' });
}

/** A store answers in XML, the gateway in JSON. */
async function refusal(request) {
  const type = request.getResponseHeader('Content-Type') ?? '';
  if (type.includes('json')) {
    return problemOf(new Response(request.responseText, { status: request.status, headers: { 'Content-Type': type, 'Retry-After': request.getResponseHeader('Retry-After') ?? '' } }));
  }
  const message = /<Message>([^<]*)<\/Message>/.exec(request.responseText)?.[1];
  const code = /<Code>([^<]*)<\/Code>/.exec(request.responseText)?.[1];
  return new ApiError({
    status: request.status,
    code: code ?? 'upload_refused',
    title: 'The store refused the upload',
    detail: message ?? `It answered ${request.status}.`,
    retryAfter: Number.parseInt(request.getResponseHeader('Retry-After') ?? '', 10) || undefined,
  });
}

/**
 * Has what arrived checked.
 *
 * @param {string} hostId
 * @param {string} listingId
 * @param {string} imageId
 * @param {AbortSignal} [signal]
 */
export function complete(hostId, listingId, imageId, signal) {
  const path = [hostId, 'listings', listingId, 'images', imageId].map(encodeURIComponent).join('/');
  return call('POST', `api/v1/hosts/${path}/complete`, { signal });
}
