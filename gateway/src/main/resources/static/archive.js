import { ROOT, urlOf } from './api.js';
import { findLinks, identity } from './find-links.js';
import { isHttp, nameInUrl } from './image-url.js';
import { createStore } from './store.js';

/**
 * @typedef {object} Entry
 * @property {number} key
 * @property {string} url
 * @property {string} [id] of a picture of one's own, which no address reaches
 * @property {string} name wanted in the archive; empty for the one in the URL
 * @property {'ready' | 'queued' | 'downloading' | 'done' | 'skipped'} state
 * @property {number} bytes received so far
 * @property {string} [code] why it was skipped
 *
 * @typedef {object} Part one archive of those that the list makes
 * @property {number[]} keys of its entries
 * @property {boolean} own whether it is of pictures of one's own
 * @property {string} filename
 * @property {'waiting' | 'running' | 'saved' | 'left' | 'failed' | 'cancelled'} state left: to the browser, which alone
 *     knows what becomes of it
 * @property {number} bytes of the archive that have come
 * @property {string | null} link where it is
 * @property {string | null} events where its progress is told
 * @property {number} expires when both end, as Date.now() counts
 * @property {{title: string, text: string} | null} problem
 *
 * @typedef {object} Archive what is put together; it outlives a visit to another page, and a reload
 * @property {Entry[]} entries
 * @property {string} filename
 * @property {'skip' | 'fail'} onError
 * @property {'idle' | 'running' | 'ended'} phase
 * @property {Part[]} parts
 */

export const MOST_IMAGES = 20;
const MOST_OWN = 500;
/** Of a list: what is over one archive is in the next. */
export const MOST_ENTRIES = 500;
const FIRST_OF_TEXT = 1_000_000;

/** @type {import('./store.js').Store<Archive>} */
export const archive = createStore({ entries: [], filename: '', onError: 'skip', phase: 'idle', parts: [] });

let lastKey = 0;

/** @param {Partial<Archive>} change */
export function change(change) {
  archive.value = { ...archive.value, ...change };
}

/** A change of what is wanted: what an earlier download told is no longer about it. */
function want(entries) {
  change({ entries: entries.map((entry) => ({ ...entry, state: 'ready', bytes: 0, code: undefined })), phase: 'idle', parts: [] });
}

/**
 * Adds each link to a picture that a text of any kind has.
 *
 * @param {string} text
 * @returns {{added: number, repeated: number, tooMany: number, left: string[], relative: string[], others: string[]}} left:
 *     those for which there is no room
 */
export function addUrls(text) {
  const found = findLinks(text.slice(0, FIRST_OF_TEXT));
  const result = add(found.urls.filter(isHttp).map((url) => ({ url, ...(ownId(url) ? { id: ownId(url) } : {}) })));
  return { ...result, repeated: result.repeated + found.repeated, relative: found.relative, others: found.others };
}

/** The id of a picture of one's own that an address of this gateway names. @param {string} url */
export function ownId(url) {
  if (!url.startsWith(ROOT.href)) {
    return undefined;
  }
  return /^(?:api\/images|gallery)\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:[/?#]|$)/.exec(url.slice(ROOT.href.length))?.[1];
}

/** Adds pictures of one's own. @param {{id: string, name: string}[]} images */
export function addOwn(images) {
  return add(images.map(({ id, name }) => ({ url: urlOf(`gallery/${id}`), id, name })));
}

function add(wanted) {
  const { entries, ...result } = joined(archive.value.entries, wanted);
  if (result.added > 0) {
    want(entries);
  }
  return result;
}

function joined(before, wanted) {
  const entries = [...before];
  const same = (one) => one.id ?? identity(one.url);
  const known = new Set(entries.map(same));
  const result = { added: 0, repeated: 0, tooMany: 0, left: /** @type {string[]} */ ([]) };
  for (const one of wanted) {
    if (known.has(same(one))) {
      result.repeated += 1;
    } else if (entries.length >= MOST_ENTRIES) {
      result.tooMany += 1;
      result.left.push(one.url);
    } else {
      known.add(same(one));
      lastKey += 1;
      entries.push({ name: '', state: 'ready', bytes: 0, ...one, key: lastKey });
      result.added += 1;
    }
  }
  return { entries, ...result };
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

/** Brings back a list that was there before; what has been added since follows it. @param {Entry[]} entries */
export function restore(entries) {
  if (archive.value.phase !== 'running') {
    want(joined(entries, archive.value.entries).entries);
  }
}

/**
 * Brings back what was there before, with what has been added since at its end.
 *
 * @param {Archive} kept
 * @returns {boolean} whether it did: not once a download has begun, which is of what is there
 */
export function bringBack(kept) {
  const since = archive.value;
  if (since.phase !== 'idle') {
    return false;
  }
  lastKey = Math.max(lastKey, ...kept.entries.map((entry) => entry.key));
  archive.value = { ...kept, entries: joined(kept.entries, since.entries).entries, filename: since.filename || kept.filename };
  return true;
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

function baseName() {
  return archive.value.filename.trim().replace(/\.zip$/i, '') || 'images';
}

/** How the list becomes archives: of links at most 20 each, and of pictures of one's own. @returns {Part[]} */
export function planned() {
  const { entries } = archive.value;
  const chunks = /** @type {{own: boolean, keys: number[]}[]} */ ([]);
  for (const [own, most] of /** @type {const} */ ([[false, MOST_IMAGES], [true, MOST_OWN]])) {
    const keys = entries.filter((entry) => (entry.id !== undefined) === own).map((entry) => entry.key);
    for (let from = 0; from < keys.length; from += most) {
      chunks.push({ own, keys: keys.slice(from, from + most) });
    }
  }
  return chunks.map((chunk, index) => ({
    ...chunk,
    filename: chunks.length === 1 ? baseName() : `${baseName()}-${index + 1}`,
    state: 'waiting',
    bytes: 0,
    link: null,
    events: null,
    expires: 0,
    problem: null,
  }));
}

/** What the API is sent for one archive. @param {Entry[]} entries @param {string} filename */
export function bodyOf(entries, filename) {
  const { onError } = archive.value;
  return {
    images: entries.map((entry) => (entry.name.trim() ? { url: entry.url, name: entry.name.trim() } : { url: entry.url })),
    ...(filename === 'images' ? {} : { filename }),
    ...(onError === 'fail' ? { onError } : {}),
  };
}

/** The same requests as command lines, quoted for POSIX shells. Pictures of one's own are for who is signed in. */
export function curl() {
  const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  const { entries } = archive.value;
  return planned().filter((part) => !part.own).map((part) => {
    const body = bodyOf(entries.filter((entry) => part.keys.includes(entry.key)), part.filename);
    return `curl -fsS -X POST ${quoted(urlOf('api/zip'))} -H 'Content-Type: application/json' -d ${quoted(JSON.stringify(body))} -o ${quoted(`${part.filename}.zip`)}`;
  }).join('\n');
}

/** @param {Entry} entry */
export function nameOf(entry) {
  return entry.name.trim() || (entry.id ? 'Picture of mine' : nameInUrl(entry.url));
}
