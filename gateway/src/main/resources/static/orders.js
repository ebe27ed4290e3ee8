import { call, pause } from './api.js';
import { isAwaited } from './image-url.js';
import { keep } from './keep.js';
import { ofOneUser } from './session.js';
import { createStore } from './store.js';
import { toast } from './toast.js';
import { plain } from './words.js';

const FIRST_LOOK = 700;
const LONGEST_PAUSE = 5_000;
/** While the gateway does not answer. */
const LONGEST_PAUSE_AFTER_MISSES = 15_000;
/** How often an order that is done is looked at again, for thumbnails that it had not yet. */
const FURTHER_LOOKS = 20;
/** After so many it is told; a gateway that comes back is found all the same. */
const MANY_MISSES = 5;
/** The oldest go from the page, not from the gallery. */
const MOST = 60;
/** Of whose times the middle one is what the next will take. */
const JUDGED = 15;

/**
 * @typedef {import('./image-grid.js').Image & {
 *   orderedAt?: number, generation?: {stage: 'waiting' | 'provider' | 'storing', queuePosition?: number},
 * }} Order orderedAt: as Date.now() counted here
 * @typedef {{prompt: string, aspectRatio: string, altText?: string, projectId?: string}} Wish
 */

/** The newest first. They outlive a visit to another page, and a reload. */
export const orders = createStore(/** @type {Order[]} */ ([]));
/** What earlier ones took, in ms, of which the page has no orders any more. */
const past = createStore(/** @type {number[] | null} */ (null));
const followed = new Set();
ofOneUser(orders);
ofOneUser(past);
keep('orders', orders, {
  pack: (all) => (all.length === 0 ? null : all),
  unpack: (all) => {
    const since = new Set(orders.value.map((one) => one.id));
    orders.value = [...orders.value, ...all.filter((one) => !since.has(one.id))].slice(0, MOST);
    followAll();
  },
});

/** @param {Order} order */
const isOpen = (order) => order.status === 'generating' || isAwaited(order);

export function followAll() {
  orders.value.filter(isOpen).forEach(follow);
}

/**
 * Orders a picture.
 *
 * @param {Wish} wish
 * @param {string} [instead] the id of a failed one whose place it takes
 */
export async function order(wish, instead) {
  const image = { ...await call('POST', 'api/images/generations', { json: wish }), orderedAt: Date.now() };
  const index = orders.value.findIndex((known) => known.id === instead);
  orders.value = (index < 0 ? [image, ...orders.value] : orders.value.map((known, at) => (at === index ? image : known))).slice(0, MOST);
  follow(image);
  if (index >= 0) {
    // Nothing is lost with it, and in the gallery it would only be in the way.
    call('DELETE', `api/images/${instead}`).catch(() => {});
  }
}

/** The same once more. @param {Order} before @returns {Wish} */
export function wishOf({ prompt = '', aspectRatio = '1:1', altText, projectId }) {
  return { prompt, aspectRatio, ...(altText && !prompt.startsWith(altText) ? { altText } : {}), ...(projectId ? { projectId } : {}) };
}

/** It is not made any more, or not kept. @param {Order} wanted */
export async function cancel(wanted) {
  const before = orders.value;
  forget(wanted.id);
  try {
    await call('DELETE', `api/images/${wanted.id}`);
  } catch (error) {
    if (error.status !== 404) {
      orders.value = before;
      followAll();
      toast.error(error);
    }
  }
}

/** @param {string} id */
export function forget(id) {
  orders.value = orders.value.filter((known) => known.id !== id);
}

/** Leaves those on the page that are still to come. */
export function forgetEnded() {
  orders.value = orders.value.filter((known) => known.status === 'generating');
}

/** @param {Order} image as the gateway tells it now */
export function replace(image) {
  orders.value = orders.value.map((known) => (known.id === image.id ? { ...image, orderedAt: known.orderedAt } : known));
}

/** @param {Order} order @returns {number | null} what it took, in ms, by the gateway's clock */
export function took({ status, createdAt, completedAt }) {
  return status === 'completed' && completedAt ? Date.parse(completedAt) - Date.parse(createdAt) : null;
}

/** @param {(number | null)[]} times */
const known = (times) => /** @type {number[]} */ (times.filter((time) => time !== null));

/**
 * What a picture takes, in ms: the middle of the last ones; null until there was one.
 *
 * @param {Order[]} all
 * @param {number[] | null} earlier
 */
export function expected(all, earlier) {
  const times = [...known(all.map(took)), ...(earlier ?? [])].slice(0, JUDGED).sort((one, other) => one - other);
  return times.length === 0 ? null : times[Math.floor(times.length / 2)];
}

/** Learns from the gallery what earlier ones took, where the page knows none. */
export async function learn() {
  if (past.value === null && known(orders.value.map(took)).length === 0) {
    past.value = [];
    // Without it the time is not guessed.
    const told = await call('GET', 'api/images', { query: { page: 1, size: 60, status: 'completed' } }).catch(() => null);
    past.value = known((told?.images ?? []).filter((image) => image.source === 'generated').map(took));
  }
}

export { past };

/** Looks after an order until it is decided and can be seen, less and less often. @param {Order} image */
async function follow(image) {
  if (followed.has(image.id)) {
    return;
  }
  followed.add(image.id);
  let wait = FIRST_LOOK;
  let misses = 0;
  let further = FURTHER_LOOKS;
  while (orders.value.some((one) => one.id === image.id)) {
    await pause(wait);
    wait = Math.min(misses > 0 ? LONGEST_PAUSE_AFTER_MISSES : LONGEST_PAUSE, wait * 1.4);
    try {
      const { usages, ...told } = await call('GET', `api/images/${image.id}`);
      misses = 0;
      replace(told);
      further -= told.status === 'generating' ? 0 : 1;
      if (further < 0 || !isOpen(told)) {
        break;
      }
    } catch (error) {
      misses += 1;
      if (error.status === 404) {
        forget(image.id); // deleted elsewhere
      } else if (error.status === 401) {
        toast.error(error);
        break; // followed again by who has signed in
      } else if (misses === MANY_MISSES) {
        toast.error(error);
      }
    }
  }
  followed.delete(image.id);
}

/** What an order waits for. @param {Order} order */
export function stage({ generation }) {
  switch (generation?.stage) {
    case 'provider': return 'The provider is making it';
    case 'storing': return 'It is being stored';
    default: {
      const place = generation?.queuePosition;
      return place === undefined ? 'On its way to the provider' : place === 1 ? 'Next in line' : `Number ${place} in line`;
    }
  }
}

const AGAIN = 'Try again.';
/** What to do about a failure, by its code. */
const ADVICE = {
  blocked: 'Say it in other words, then try again.',
  refused: 'Tell the people who run the gateway.',
  not_configured: 'Tell the people who run the gateway.',
  busy: 'Try again in a minute.',
  timed_out: 'Try again in a minute.',
  uncertain: 'Try again; it may count twice.',
};

/** Why it failed and what to do. @param {{code: string, detail: string} | undefined} error */
export function advice(error) {
  return error ? `${plain(error.detail).replace(/[.]?$/, '.')} ${ADVICE[error.code] ?? AGAIN}` : AGAIN;
}
