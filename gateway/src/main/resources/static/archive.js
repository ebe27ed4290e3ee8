import { tell } from './activity.js';
import { ROOT, call, pause, urlOf } from './api.js';
import { findLinks, identity } from './find-links.js';
import { isHttp, nameInUrl } from './image-url.js';
import { keep } from './keep.js';
import { ofOneUser } from './session.js';
import { createStore } from './store.js';
import { parseApiError } from './toast.js';
import { createGate } from './waiting.js';
import { answerOf, brokenOff, bytesOf, saveArchive } from './whole-archive.js';
import { explained } from './words.js';
import { skippedIn } from './zip-manifest.js';

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
 * @property {'waiting' | 'running' | 'saved' | 'failed' | 'cancelled'} state
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
const LAST_WORD = 1_500;

/** @type {import('./store.js').Store<Archive>} */
export const archive = createStore({ entries: [], filename: '', onError: 'skip', phase: 'idle', parts: [] });

/** What holds the download up, and until when. */
export const gate = createGate(2);

let lastKey = 0;
/** @type {AbortController | null} */
let running = null;

ofOneUser(archive, () => running?.abort());
archive.subscribe(() => {
  const { phase, parts } = archive.value;
  tell('zip', phase === 'running' ? { done: parts.filter((part) => part.state === 'saved').length, all: parts.length } : null);
});
keep('zip', archive, {
  pack: ({ entries, filename, onError, phase, parts }) => (entries.length === 0 && !filename ? null : { entries, filename, onError, phase, parts }),
  unpack: (kept) => {
    lastKey = Math.max(lastKey, ...kept.entries.map((entry) => entry.key));
    archive.value = kept;
    if (kept.phase === 'running') {
      run(kept.parts.filter((part) => part.state === 'waiting' || part.state === 'running'));
    }
  },
});

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
  const entries = [...archive.value.entries];
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
      entries.push({ key: lastKey, name: '', state: 'ready', bytes: 0, ...one });
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

/** Brings back a list that was there before. @param {Entry[]} entries */
export function restore(entries) {
  want(entries);
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

function bodyOf(entries, filename) {
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

/** Downloads each archive of the list, one after the other. What became of each is told by its part. */
export async function download() {
  const parts = planned();
  change({
    phase: 'running',
    parts,
    entries: archive.value.entries.map((entry) => ({ ...entry, state: 'queued', bytes: 0, code: undefined })),
  });
  await run(parts);
}

/** Downloads those again that failed or were cancelled; what is saved stays saved. */
export async function retry() {
  const parts = archive.value.parts.map((part) => (part.state === 'saved' ? part : { ...part, state: /** @type {const} */ ('waiting'), bytes: 0, problem: null }));
  const again = parts.filter((part) => part.state === 'waiting');
  const keys = new Set(again.flatMap((part) => part.keys));
  change({ phase: 'running', parts, entries: archive.value.entries.map((entry) => (keys.has(entry.key) ? { ...entry, state: 'queued', bytes: 0, code: undefined } : entry)) });
  await run(again);
}

export function cancel() {
  running?.abort();
}

async function run(parts) {
  const abort = new AbortController();
  running = abort;
  for (const part of parts) {
    if (abort.signal.aborted) {
      break;
    }
    await runPart(part, abort.signal);
  }
  if (running === abort) {
    running = null;
    if (abort.signal.aborted) {
      // What has not come is as before; what is saved stays said.
      const unsaved = new Set(archive.value.parts.filter((part) => part.state !== 'saved').flatMap((part) => part.keys));
      change({
        parts: archive.value.parts.map((part) => (part.state === 'waiting' || part.state === 'running' ? { ...part, state: 'cancelled' } : part)),
        entries: archive.value.entries.map((entry) => (unsaved.has(entry.key) && entry.state !== 'skipped' ? { ...entry, state: 'ready', bytes: 0 } : entry)),
      });
    }
    change({ phase: archive.value.parts.length === 0 ? 'idle' : 'ended' });
  }
}

function editPart(keys, change) {
  archive.value = { ...archive.value, parts: archive.value.parts.map((part) => (part.keys === keys || part.keys[0] === keys[0] ? { ...part, ...change } : part)) };
}

function editEntries(keys, edit) {
  const known = new Map(keys.map((key, index) => [key, index]));
  archive.value = { ...archive.value, entries: archive.value.entries.map((entry) => {
    const index = known.get(entry.key);
    return index === undefined ? entry : { ...entry, ...edit(entry, index) };
  }) };
}

/** One archive: its link, its progress, its bytes. The archive's own answer decides what is said of it. */
async function runPart(part, signal) {
  const { keys } = part;
  editPart(keys, { state: 'running' });
  let events = /** @type {ReturnType<typeof listen> | null} */ (null);
  try {
    const link = part.link !== null && part.expires > Date.now() + 5_000 ? part : await gate.patiently(() => makeLink(part, signal), signal);
    editPart(keys, { link: link.link, events: link.events, expires: link.expires });
    events = link.events === null ? null : listen(link.events, keys);
    const response = await gate.patiently(() => answerOf(/** @type {string} */ (link.link), signal), signal);
    const blob = await bytesOf(response, signal, (bytes) => editPart(keys, { bytes }));
    const skipped = await skippedIn(blob).catch(() => {
      throw brokenOff();
    });
    if (events !== null) {
      await Promise.race([events.ended, pause(LAST_WORD)]);
    }
    signal.throwIfAborted();
    settle(keys, skipped);
    saveArchive(blob, response, `${part.filename}.zip`);
    editPart(keys, { state: 'saved', bytes: blob.size, problem: null, link: null, events: null });
  } catch (error) {
    if (signal.aborted) {
      return;
    }
    const problem = parseApiError(error);
    problem.code = problem.code === 'upstream_failed' ? 'image_failed' : problem.code;
    if (events !== null && problem.status === 502) {
      await Promise.race([events.ended, pause(LAST_WORD)]);
    }
    if (Array.isArray(problem.members.images)) {
      settleFailed(keys, /** @type {any[]} */ (problem.members.images));
    } else {
      editEntries(keys, (entry) => (entry.state === 'skipped' ? {} : { state: 'ready', bytes: 0 }));
    }
    editPart(keys, { state: 'failed', problem: explained(problem), link: null, events: null });
  } finally {
    events?.close();
  }
}

async function makeLink(part, signal) {
  const entries = archive.value.entries.filter((entry) => part.keys.includes(entry.key));
  if (part.own) {
    const made = await call('POST', 'api/images/zip', { json: { ids: entries.map((entry) => entry.id), filename: part.filename }, signal });
    return { link: urlOf(made.url), events: null, expires: Date.parse(made.expiresAt) };
  }
  const made = await call('POST', 'api/zip/links', { json: bodyOf(entries, part.filename), signal });
  return { link: urlOf(made.url), events: urlOf(made.eventsUrl), expires: Date.parse(made.expiresAt) };
}

/** What the archive itself says is missing from it; all else is in it. */
function settle(keys, skipped) {
  const codes = new Map(skipped.map((one) => [one.index, one.code]));
  editEntries(keys, (_, index) => (codes.has(index) ? { state: 'skipped', bytes: 0, code: codes.get(index) } : { state: 'done', code: undefined }));
}

function settleFailed(keys, images) {
  const codes = new Map(images.map((one) => [one.index, one.code]));
  editEntries(keys, (entry, index) => (codes.has(index)
    ? { state: 'skipped', bytes: 0, code: codes.get(index) }
    : entry.state === 'skipped' ? {} : { state: 'ready', bytes: 0 }));
}

/** Follows the progress of a link's download. Without it the archive comes all the same. */
function listen(eventsUrl, keys) {
  const source = new EventSource(eventsUrl);
  let end = /** @type {(value?: unknown) => void} */ (() => {});
  const ended = new Promise((resolve) => {
    end = resolve;
  });
  source.onerror = () => {
    // Asking again by itself would find the same.
    source.close();
    end();
  };
  source.addEventListener('image', (event) => {
    const line = JSON.parse(event.data);
    editEntries(keys, (entry, index) => (index === line.index ? { state: line.state, bytes: line.bytes, code: line.code } : {}));
  });
  source.addEventListener('end', () => {
    source.close();
    end();
  });
  return { ended, close: () => source.close() };
}
