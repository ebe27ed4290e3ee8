import { ApiError, call, urlOf } from './api.js';
import { isHttp } from './image-url.js';
import { session } from './session.js';
import { createStore } from './store.js';

/** Pasting, typing and removing come in bursts. */
const SOON = 250;
const MOST = 100;
const LONGEST_WAIT = 120;
/** A URL that is about to end is no good for who scrolls. */
const SPARE = 60_000;

/** @typedef {{sources: import('./image-url.js').Sources | null, until: number}} Preview until: as Date.now() counts */

/** Where who is not signed in sees pictures small, by their URLs. `refused`: this gateway shows them to nobody else. */
export const previews = createStore(/** @type {{known: Map<string, Preview>, refused: boolean}} */ ({ known: new Map(), refused: false }));

let wanted = new Set(/** @type {string[]} */ ([]));
let timer = 0;

// Who has signed in sees them by that; who signs out again may ask again.
session.subscribe(() => {
  if (session.value.user !== null && (previews.value.known.size > 0 || previews.value.refused)) {
    previews.value = { known: new Map(), refused: false };
  }
});

/**
 * Has the gateway say where these can be seen, unless it has.
 *
 * @param {string[]} urls
 */
export function want(urls) {
  const { known, refused } = previews.value;
  const now = Date.now();
  const missing = urls.filter((url) => isHttp(url) && (known.get(url)?.until ?? 0) < now);
  wanted = new Set(missing);
  if (!refused && missing.length > 0 && timer === 0) {
    timer = setTimeout(ask, SOON);
  }
}

async function ask() {
  const urls = [...wanted].slice(0, MOST);
  let wait = SOON;
  try {
    const told = urls.length === 0 ? { previews: [] } : await call('POST', 'api/image-proxy/previews', { json: { urls }, quietly: true });
    const known = new Map(previews.value.known);
    // One that it would not fetch has none, however often it is asked.
    urls.forEach((url) => known.set(url, { sources: null, until: Infinity }));
    told.previews.forEach(({ url, expiresAt, widths }) => known.set(url, { sources: sourcesOf(widths), until: Date.parse(expiresAt) - SPARE }));
    urls.forEach((url) => wanted.delete(url));
    previews.value = { ...previews.value, known };
  } catch (error) {
    const seconds = error instanceof ApiError ? error.retryAfter ?? (error.code === 'offline' ? 5 : null) : null;
    if (seconds === null || seconds > LONGEST_WAIT) {
      wanted.clear();
      previews.value = { ...previews.value, refused: true };
    } else {
      wait = 1_000 * seconds;
    }
  }
  timer = wanted.size > 0 ? setTimeout(ask, wait) : 0;
}

/** @param {{width: number, proxyUrl: string}[]} widths ascending */
function sourcesOf(widths) {
  const candidates = widths.map(({ width, proxyUrl }) => ({ width, url: urlOf(proxyUrl) }));
  return { src: candidates[0].url, srcset: candidates.map(({ width, url }) => `${url} ${width}w`).join(', ') };
}
