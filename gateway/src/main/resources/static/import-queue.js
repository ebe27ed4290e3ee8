import { tell } from './activity.js';
import { call } from './api.js';
import { findLinks } from './find-links.js';
import { keep } from './keep.js';
import { ofOneUser } from './session.js';
import { createStore } from './store.js';
import { parseApiError, toast } from './toast.js';
import { TRIES_OF_A_QUEUE, createGate } from './waiting.js';
import { explained } from './words.js';

const AT_ONCE = 2;
const MOST = 500;

/**
 * @typedef {object} Import
 * @property {string} url
 * @property {'waiting' | 'running' | 'done' | 'failed' | 'cancelled'} state
 * @property {string} note
 * @property {string} [name] what it is to be called, if not as its URL calls it
 * @property {string} [id] of the picture, once it is one's own
 * @property {string} [file] where the picture is, once it is one's own
 */

export const imports = createStore(/** @type {Import[]} */ ([]));
export const gate = createGate(TRIES_OF_A_QUEUE);

let workers = 0;
let abort = new AbortController();

ofOneUser(imports, cancelAll);
imports.subscribe(() => {
  const all = imports.value;
  tell('imports', isRunning() ? { done: all.filter((one) => one.state === 'done').length, all: all.length } : null);
});
keep('imports', imports, {
  pack: (all) => (all.length === 0 ? null : all.map((one) => (one.state === 'running' ? { ...one, state: 'waiting' } : one))),
  unpack: (all) => {
    const since = new Set(imports.value.map((one) => one.url));
    imports.value = [...all.filter((one) => !since.has(one.url)), ...imports.value];
    work();
  },
});

export function isRunning() {
  return imports.value.some((one) => one.state === 'waiting' || one.state === 'running');
}

function edit(url, change) {
  imports.value = imports.value.map((one) => (one.url === url ? { ...one, ...change } : one));
}

/**
 * Has every picture that a text links to become one's own.
 *
 * @param {string} text of any kind
 * @returns {import('./find-links.js').Found & {added: number, tooMany: number}}
 */
export function addText(text) {
  const found = findLinks(text);
  const known = new Set(imports.value.filter((one) => one.state !== 'failed' && one.state !== 'cancelled').map((one) => one.url));
  const fresh = found.urls.filter((url) => !known.has(url));
  const taken = fresh.slice(0, Math.max(0, MOST - known.size));
  const again = new Set(taken);
  imports.value = [...imports.value.filter((one) => !again.has(one.url)), ...taken.map((url) => ({ url, state: /** @type {const} */ ('waiting'), note: '' }))];
  work();
  return { ...found, repeated: found.repeated + found.urls.length - fresh.length, added: taken.length, tooMany: fresh.length - taken.length };
}

const nameOf = (url) => imports.value.find((one) => one.url === url)?.name?.trim() ?? '';

/**
 * Calls a picture something else, also one that has come already.
 *
 * @param {string} url
 * @param {string} name
 */
export async function rename(url, name) {
  const one = imports.value.find((each) => each.url === url);
  edit(url, { name });
  if (one?.id) {
    await tellName(one.id, name.trim()).catch((error) => {
      edit(url, { name: one.name });
      toast.error(error);
    });
  }
}

function tellName(id, name) {
  return call('PATCH', `api/images/${id}`, { json: { name } });
}

export function retryAll() {
  imports.value = imports.value.map((one) => (one.state === 'failed' || one.state === 'cancelled' ? { ...one, state: 'waiting', note: '' } : one));
  work();
}

export function cancelAll() {
  abort.abort();
  abort = new AbortController();
  imports.value = imports.value.map((one) => (one.state === 'waiting' || one.state === 'running' ? { ...one, state: 'cancelled', note: 'Cancelled' } : one));
}

export function clear() {
  cancelAll();
  imports.value = [];
}

function work() {
  const waiting = imports.value.filter((one) => one.state === 'waiting').length;
  while (workers < Math.min(AT_ONCE, waiting)) {
    workers += 1;
    each().finally(() => {
      workers -= 1;
    });
  }
}

async function each() {
  for (let next = waitingOne(); next; next = waitingOne()) {
    const { url } = next;
    const { signal } = abort;
    edit(url, { state: 'running' });
    let sent = '';
    try {
      const image = await gate.patiently(() => {
        sent = nameOf(url);
        return call('POST', 'api/images/imports', { json: sent ? { url, name: sent } : { url }, signal });
      }, signal);
      const named = nameOf(url);
      edit(url, { state: 'done', id: image.id, file: image.url, name: named || image.name });
      if (named !== sent) {
        await tellName(image.id, named).catch(toast.error); // it was called something else while it came
      }
    } catch (error) {
      if (!signal.aborted) {
        const { title, text } = explained(parseApiError(error));
        edit(url, { state: 'failed', note: `${title}. ${text}` });
      }
    }
  }
}

function waitingOne() {
  return imports.value.find((one) => one.state === 'waiting');
}
