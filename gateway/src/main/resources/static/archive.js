import { call, save, urlOf } from './api.js';
import { isHttp, nameInUrl } from './image-url.js';
import { ofOneUser } from './session.js';
import { createStore } from './store.js';

/**
 * @typedef {object} Entry
 * @property {number} key
 * @property {string} url
 * @property {string} name wanted in the archive; empty for the one in the URL
 * @property {'ready' | 'queued' | 'downloading' | 'done' | 'skipped'} state
 * @property {number} bytes received so far
 * @property {string} [code] why it was skipped
 */

/**
 * @typedef {object} Archive the one that is being put together; it outlives a visit to another page
 * @property {Entry[]} entries
 * @property {string} filename
 * @property {'skip' | 'fail'} onError
 * @property {'idle' | 'starting' | 'waiting' | 'running' | 'ended' | 'unseen'} phase unseen: without word of how it goes
 * @property {{images: number, done: number, skipped: number, bytes: number} | null} totals
 * @property {string | null} link where the archive is
 */

export const MOST_IMAGES = 20;

/** @type {import('./store.js').Store<Archive>} */
export const archive = createStore({ entries: [], filename: '', onError: 'skip', phase: 'idle', totals: null, link: null });

let lastKey = 0;
/** @type {EventSource | null} */
let events = null;
ofOneUser(archive, stopListening);

/** @param {Partial<Archive>} change */
export function change(change) {
  archive.value = { ...archive.value, ...change };
}

/** A change of what is wanted: what an earlier download told is no longer about it. */
function want(entries) {
  stopListening();
  change({
    entries: entries.map((entry) => ({ ...entry, state: 'ready', bytes: 0, code: undefined })),
    phase: 'idle',
    totals: null,
    link: null,
  });
}

/**
 * Adds each address of a text.
 *
 * @param {string} text addresses with white space between them
 * @returns {{added: number, repeated: number, bad: string[], tooMany: number}}
 */
export function addUrls(text) {
  const entries = [...archive.value.entries];
  const known = new Set(entries.map((entry) => entry.url));
  const result = { added: 0, repeated: 0, bad: /** @type {string[]} */ ([]), tooMany: 0 };
  for (const word of text.split(/\s+/).map((one) => one.replace(/^[<"'(]+|[>"',)]+$/g, '')).filter(Boolean)) {
    if (!isHttp(word)) {
      result.bad.push(word);
    } else if (known.has(word)) {
      result.repeated += 1;
    } else if (entries.length >= MOST_IMAGES) {
      result.tooMany += 1;
    } else {
      known.add(word);
      lastKey += 1;
      entries.push({ key: lastKey, url: word, name: '', state: 'ready', bytes: 0 });
      result.added += 1;
    }
  }
  if (result.added > 0) {
    want(entries);
  }
  return result;
}

/** @param {number} key @param {string} name */
export function rename(key, name) {
  want(archive.value.entries.map((entry) => (entry.key === key ? { ...entry, name } : entry)));
}

/** @param {number} key */
export function remove(key) {
  want(archive.value.entries.filter((entry) => entry.key !== key));
}

export function removeAll() {
  want([]);
}

/**
 * @param {number} from
 * @param {number} to
 */
export function move(from, to) {
  const entries = [...archive.value.entries];
  if (to < 0 || to >= entries.length || from === to) {
    return;
  }
  const [moved] = entries.splice(from, 1);
  entries.splice(to, 0, moved);
  want(entries);
}

/** What the API is sent. */
export function body() {
  const { entries, filename, onError } = archive.value;
  return {
    images: entries.map((entry) => (entry.name.trim() ? { url: entry.url, name: entry.name.trim() } : { url: entry.url })),
    ...(filename.trim() ? { filename: filename.trim() } : {}),
    ...(onError === 'fail' ? { onError } : {}),
  };
}

/** The same request as a command line, quoted for POSIX shells. */
export function curl() {
  const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  const file = (archive.value.filename.trim() || 'images').replace(/\.zip$/i, '') + '.zip';
  return `curl -fsS -X POST ${quoted(urlOf('api/zip'))} -H 'Content-Type: application/json' -d ${quoted(JSON.stringify(body()))} -o ${quoted(file)}`;
}

/** @param {Entry} entry */
export function nameOf(entry) {
  return entry.name.trim() || nameInUrl(entry.url);
}

/**
 * Makes a link, listens to its progress, then has the browser download it by itself.
 *
 * @throws {import('./api.js').ApiError}
 */
export async function download() {
  stopListening();
  change({ phase: 'starting', totals: null, link: null, entries: archive.value.entries.map((entry) => ({ ...entry, state: 'queued', bytes: 0, code: undefined })) });
  let link;
  try {
    link = await call('POST', 'api/zip/links', { json: body() });
  } catch (error) {
    change({ phase: 'idle', entries: archive.value.entries.map((entry) => ({ ...entry, state: 'ready' })) });
    throw error;
  }
  change({ phase: 'waiting', link: urlOf(link.url) });
  listen(urlOf(link.eventsUrl), urlOf(link.url));
}

function listen(eventsUrl, url) {
  const source = new EventSource(eventsUrl);
  events = source;
  let begun = false;
  const begin = () => {
    if (!begun) {
      begun = true;
      save(url);
    }
  };
  source.onopen = begin;
  source.onerror = () => {
    // Asking again by itself would find the same: the download goes on without being watched.
    source.close();
    begin();
    if (events === source && archive.value.phase !== 'ended') {
      change({ phase: 'unseen' });
    }
  };
  source.addEventListener('image', (event) => {
    const line = JSON.parse(event.data);
    change({
      phase: line.state === 'queued' ? archive.value.phase : 'running',
      entries: archive.value.entries.map((entry, index) =>
        (index === line.index ? { ...entry, state: line.state, bytes: line.bytes, code: line.code } : entry)),
    });
  });
  source.addEventListener('totals', (event) => change({ totals: JSON.parse(event.data) }));
  source.addEventListener('end', (event) => {
    source.close();
    change({ phase: 'ended', totals: JSON.parse(event.data) });
  });
}

function stopListening() {
  events?.close();
  events = null;
}
