import { tell } from './activity.js';
import { call, pause, save, urlOf } from './api.js';
import { archive, bodyOf, bringBack, change, planned } from './archive.js';
import { keep } from './keep.js';
import { ofOneUser } from './session.js';
import { parseApiError } from './toast.js';
import { createGate } from './waiting.js';
import { LARGEST_HERE, answerOf, brokenOff, bytesOf, saveArchive } from './whole-archive.js';
import { explained } from './words.js';
import { skippedIn } from './zip-manifest.js';

/** How long, in milliseconds, progress may tell more once the archive is there. */
const LAST_WORD = 1_500;

/** What holds the download up, and until when. */
export const gate = createGate(2);

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
    if (bringBack(kept) && kept.phase === 'running') {
      run(kept.parts.filter((part) => part.state === 'waiting' || part.state === 'running'));
    }
  },
});

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
  const parts = archive.value.parts.map((part) => (part.state === 'saved' || part.state === 'left' ? part : { ...part, state: /** @type {const} */ ('waiting'), bytes: 0, problem: null }));
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
      const unsaved = new Set(archive.value.parts.filter((part) => part.state !== 'saved' && part.state !== 'left').flatMap((part) => part.keys));
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
    if (Number(response.headers.get('Content-Length')) > LARGEST_HERE) {
      response.body?.cancel();
      save(/** @type {string} */ (link.link));
      editEntries(keys, () => ({ state: 'ready', bytes: 0 }));
      editPart(keys, { state: 'left', problem: null, link: null, events: null });
      return;
    }
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
