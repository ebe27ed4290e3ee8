import { tell } from './activity.js';
import { ApiError } from './api.js';
import { compress } from './compress.js';
import { bytes } from './format.js';
import { smallSources } from './image-url.js';
import { drop, get, isKeeper, list, put as keepValue } from './keep.js';
import { ofOneUser, session } from './session.js';
import { createStore } from './store.js';
import { parseApiError, toast } from './toast.js';
import { bounds, complaint, complete, intend, put, typeOf } from './upload-client.js';
import { TRIES_OF_A_QUEUE, createGate } from './waiting.js';
import { explained } from './words.js';

const AT_ONCE = 3;
const LARGEST_TO_COMPRESS = 100 * 1024 * 1024;
const MOST_IN_INTENT = 20;
const LONGEST_NAME = 255;
/** What is kept over a reload, in bytes: a browser's disk is its user's. */
const MOST_KEPT = 500 * 1024 * 1024;
/** A URL that ends this soon, in milliseconds, is not begun with. */
const TOO_SOON = 20_000;
/** Refusals that the same file meets again, however often it is sent. */
const OF_THE_FILE = ['invalid_image', 'unsupported_image_type', 'image_too_large'];

/**
 * @typedef {object} Target where a file may go
 * @property {string} listingId
 * @property {string} url
 * @property {Record<string, string>} headers
 * @property {number} expires as Date.now() counts
 *
 * @typedef {object} Item
 * @property {string} id
 * @property {File} file
 * @property {import('./image-url.js').Sources | null} preview its own bytes where this browser shows them, else what the
 *     gateway has made of them
 * @property {'ready' | 'refused' | 'compressing' | 'waiting' | 'sending' | 'checking' | 'done' | 'failed' | 'cancelled'} state
 * @property {number} sent
 * @property {string} note
 * @property {'' | 'smaller' | 'convert'} remedy what this page can do about what is refused
 * @property {AbortController | null} abort
 * @property {Target | null} target
 * @property {number} at its place among the others, also after a reload
 */

export const items = createStore(/** @type {Item[]} */ ([]));

/** What the gateway takes; null while it has not said so: then it refuses what does not fit when it is asked. */
export const taken = createStore(/** @type {import('./upload-client.js').Bounds | null} */ (null));

/** What holds all uploads up, and until when. */
export const gate = createGate(TRIES_OF_A_QUEUE);

let asked = /** @type {Promise<void> | null} */ (null);
/** The one listing that everything of this visit belongs to, once the first images have made it. */
let listing = /** @type {string | null} */ (null);
let announcing = /** @type {Promise<void> | null} */ (null);
let workers = 0;
let keeps = false;
let kept = 0;
let pauseKept = false;
let lastPlace = 0;

export const UNDER_WAY = ['waiting', 'sending', 'checking', 'compressing'];

ofOneUser(items, () => {
  items.value.forEach((item) => item.abort?.abort());
  gate.setPaused(false);
  listing = null;
  kept = 0;
});

items.subscribe(() => {
  const all = items.value;
  const runs = all.filter((item) => UNDER_WAY.includes(item.state)).length;
  tell('upload', runs === 0 ? null : { done: all.filter((item) => item.state === 'done').length, all: all.filter((item) => item.state !== 'refused' && item.state !== 'ready').length });
});

export function askBounds() {
  asked ??= bounds().then((told) => {
    taken.value = told;
  }).catch((error) => {
    asked = null;
    toast.error(error);
  });
  return asked;
}

/** @param {File} file */
function nameOf(file) {
  return [...file.name.replaceAll('\0', '')].slice(0, LONGEST_NAME).join('') || null;
}

function edit(id, change) {
  items.value = items.value.map((item) => (item.id === id ? { ...item, ...change } : item));
}

/**
 * @param {string} id
 * @param {File} file
 * @returns {Item}
 */
function checked(id, file) {
  const wrong = taken.value && complaint(file, taken.value);
  const readable = file.size <= LARGEST_TO_COMPRESS && !/hei[cf]|svg|tiff|jxl/.test(typeOf(file));
  const type = typeOf(file);
  const takesJpeg = taken.value?.types.includes('image/jpeg');
  const canConvert = wrong?.code === 'unsupported_image_type' && readable && takesJpeg && type.startsWith('image/');
  return {
    id,
    file,
    preview: null,
    state: wrong ? 'refused' : 'ready',
    sent: 0,
    note: wrong?.text ?? '',
    remedy: wrong?.code === 'image_too_large' && readable ? 'smaller' : canConvert ? 'convert' : '',
    abort: null,
    target: null,
    at: nextPlace(),
  };
}

function nextPlace() {
  lastPlace = Math.max(lastPlace + 1, Date.now());
  return lastPlace;
}

function previewOf(file) {
  return /^image\/(jpeg|png|webp|gif|bmp|avif)$/.test(file.type) ? { src: URL.createObjectURL(file) } : null;
}

/** @param {Iterable<File>} files */
export async function add(files) {
  const chosen = [...files];
  await askBounds();
  const added = chosen.map((file) => {
    const item = checked(crypto.randomUUID?.() ?? `i-${Math.random().toString(36).slice(2)}`, file);
    return { ...item, preview: previewOf(file) };
  });
  items.value = [...items.value, ...added];
  added.forEach(keepItem);
}

function keepItem(item) {
  if (keeps && kept + item.file.size <= MOST_KEPT && item.state !== 'done') {
    kept += item.file.size;
    keepAs(item, UNDER_WAY.includes(item.state));
  }
}

/** @param {Item} item @param {boolean} waits whether it goes on by itself after a reload */
function keepAs({ id, file, at }, waits) {
  keepValue(['uploads', id], { id, file, waits, at });
}

/** @param {Item} item */
export function remove(item) {
  item.abort?.abort();
  URL.revokeObjectURL(item.preview?.src ?? '');
  items.value = items.value.filter((one) => one.id !== item.id);
  drop(['uploads', item.id]);
}

/** @param {Item} item */
export async function shrink(item) {
  if (taken.value === null) {
    return;
  }
  edit(item.id, { state: 'compressing', note: '' });
  try {
    const smaller = await compress(item.file, taken.value.maxImageSize);
    const note = item.remedy === 'convert' ? `A JPEG now, ${bytes(smaller.size)}` : `Compressed from ${bytes(item.file.size)} to ${bytes(smaller.size)}`;
    edit(item.id, { ...checked(item.id, smaller), at: item.at, preview: item.preview, note });
  } catch (error) {
    edit(item.id, { state: 'refused', note: parseApiError(error).detail, remedy: '' });
  }
}

/** Has files sent, all that are named; it goes on until each of them is there or has failed. @param {Item[]} wanted */
export function uploadAll(wanted) {
  gate.setPaused(false);
  begin(wanted);
}

/** @param {Item[]} wanted */
function begin(wanted) {
  const ids = new Set(wanted.map((item) => item.id));
  items.value = items.value.map((item) => (ids.has(item.id) ? { ...item, state: 'waiting', sent: 0, note: '', abort: null, target: null } : item));
  items.value.filter((item) => ids.has(item.id)).forEach((item) => {
    if (keeps) {
      keepAs(item, true);
    }
  });
  while (workers < Math.min(AT_ONCE, ids.size)) {
    workers += 1;
    work().finally(() => {
      workers -= 1;
    });
  }
}

/** @param {Item} item */
export function cancel(item) {
  if (item.abort) {
    item.abort.abort();
  } else {
    markCancelled(item);
  }
}

/** Also after a reload: what somebody has stopped begins again only when they say so. @param {Item} item */
function markCancelled(item) {
  edit(item.id, { state: 'cancelled', note: 'Cancelled', abort: null, target: null });
  if (keeps && items.value.some((one) => one.id === item.id)) {
    keepAs(item, false);
  }
}

export function cancelAll() {
  gate.setPaused(false);
  items.value.filter((item) => ['waiting', 'sending', 'checking'].includes(item.state)).forEach(cancel);
}

async function work() {
  for (;;) {
    await gate.pass();
    const waiting = items.value.filter((item) => item.state === 'waiting');
    const next = waiting.find((item) => item.target !== null && item.target.expires > Date.now() + TOO_SOON);
    if (next) {
      await send(next);
    } else if (waiting.length > 0) {
      announcing ??= announce(waiting.slice(0, Math.min(MOST_IN_INTENT, taken.value?.maxImages ?? MOST_IN_INTENT))).finally(() => {
        announcing = null;
      });
      await announcing;
    } else {
      return;
    }
  }
}

/** One request for many files. What it has against one of them stands not in the others' way. @param {Item[]} batch */
async function announce(batch) {
  const user = session.value.user ?? '';
  const images = batch.map((item) => {
    const order = items.value.findIndex((one) => one.id === item.id) + 1;
    return { imageId: item.id, contentType: typeOf(item.file), fileSize: item.file.size, fileName: nameOf(item.file), isPrimary: order === 1, displayOrder: order };
  });
  try {
    const intent = await gate.patiently(() => intend(user, listing, images));
    if (session.value.user !== user) {
      return;
    }
    if (listing !== intent.listingId) {
      listing = intent.listingId;
      keepValue(['listing'], listing);
    }
    const targets = new Map(intent.imageUploadUrls.map((one) => [one.imageId, one]));
    items.value = items.value.map((item) => {
      const target = item.state === 'waiting' ? targets.get(item.id) : undefined;
      return target === undefined ? item : { ...item, target: {
        listingId: intent.listingId,
        url: target.uploadUrl,
        headers: target.headers ?? { 'content-type': typeOf(item.file) },
        expires: target.expiresAt ? Date.parse(target.expiresAt) : Infinity,
      } };
    });
    batch.filter((item) => !targets.has(item.id)).forEach((item) => fail(item, new Error('The gateway did not say where it may go.')));
  } catch (error) {
    const about = error instanceof ApiError ? batch.find((item) => item.id === error.members.imageId) : undefined;
    if (about && error.code === 'conflict') {
      finish(about, null); // it is there, and only the answer was lost
    } else {
      (about ? [about] : batch).forEach((item) => fail(item, error));
    }
  }
}

/** @param {Item} item */
async function send(item) {
  const abort = new AbortController();
  const { url, headers, listingId } = /** @type {Target} */ (item.target);
  edit(item.id, { state: 'sending', sent: 0, note: '', abort });
  try {
    await gate.patiently(() => put(url, item.file, headers, (sent) => edit(item.id, { sent }), abort.signal), abort.signal, true);
    edit(item.id, { state: 'checking', sent: item.file.size });
    finish(item, await gate.patiently(() => complete(session.value.user ?? '', listingId, item.id, abort.signal), abort.signal, true));
  } catch (error) {
    if (abort.signal.aborted) {
      markCancelled(item);
    } else {
      fail(item, error);
    }
  }
}

function finish(item, told) {
  edit(item.id, { state: 'done', sent: item.file.size, preview: item.preview ?? (told?.url ? smallSources(told.url) : null), abort: null, target: null, note: '' });
  kept -= item.file.size;
  drop(['uploads', item.id]);
}

function fail(item, error) {
  const problem = parseApiError(error);
  // The gateway calls it as it was announced; who reads this knows the file.
  problem.detail = problem.detail.replaceAll(item.id, item.file.name);
  const { title, text } = explained(problem);
  const isFinal = OF_THE_FILE.includes(problem.code);
  edit(item.id, { state: isFinal ? 'refused' : 'failed', note: `${title}. ${text}`, remedy: '', abort: null, target: null });
  if (isFinal) {
    kept -= item.file.size;
    drop(['uploads', item.id]);
  }
}

/** Files that an earlier visit of this page had not finished with are found again, and what ran goes on. */
async function restore() {
  if (keeps || session.value.user === null) {
    return;
  }
  keeps = true;
  items.value.forEach(keepItem); // somebody was quicker
  const user = session.value.user;
  const [found, known, paused] = await Promise.all([list(['uploads']), get(['listing']), get(['uploads-paused'])]);
  if (session.value.user !== user) {
    return;
  }
  pauseKept = paused === true;
  if (found.length === 0) {
    return;
  }
  await askBounds();
  listing ??= known ?? null;
  const here = new Set(items.value.map((item) => item.id));
  const back = found.filter((one) => !here.has(one.id)).sort((one, other) => one.at - other.at)
    .map((one) => ({ ...one, item: { ...checked(one.id, one.file), at: one.at, preview: previewOf(one.file) } }));
  kept += back.reduce((sum, one) => sum + one.file.size, 0);
  items.value = [...items.value, ...back.map((one) => one.item)];
  const wanted = back.filter((one) => one.waits && one.item.state === 'ready').map((one) => one.item);
  if (wanted.length > 0 && pauseKept) {
    gate.setPaused(true);
  }
  begin(wanted);
}

gate.state.subscribe(() => {
  const { paused } = gate.state.value;
  if (keeps && paused !== pauseKept) {
    pauseKept = paused;
    keepValue(['uploads-paused'], paused);
  }
});

isKeeper('uploads').then((keeper) => {
  if (keeper) {
    restore();
    session.subscribe(restore);
  }
});
