import { ApiError, pause } from './api.js';
import { createStore } from './store.js';
import { explained } from './words.js';

const LONGEST_WAIT = 15 * 60;
const TRIES_WITHOUT_WORD = 5;
/** Of a queue, whose user need not look on: a gateway that starts anew takes a minute or two. */
export const TRIES_OF_A_QUEUE = 12;
const LONGEST_STEP = 15;

/**
 * How long, in seconds, until what failed is worth another try; null if it is not.
 *
 * @param {unknown} error
 * @param {number} tries made so far
 * @param {number} most of those that the gateway says nothing about
 */
export function secondsToWait(error, tries, most = TRIES_WITHOUT_WORD) {
  if (!(error instanceof ApiError)) {
    return null;
  }
  if (error.status === 429 || error.status === 503) {
    const wait = error.retryAfter ?? (tries < most ? Math.min(2 ** tries, LONGEST_STEP) : null);
    return wait !== null && wait <= LONGEST_WAIT ? wait : null;
  }
  // A browser that has no network has not asked: for a queue, which can be cancelled, that is no try.
  const hasNetwork = navigator.onLine || most < TRIES_OF_A_QUEUE;
  return error.code === 'offline' && (tries < most || !hasNetwork) ? Math.min(2 ** tries, LONGEST_STEP) : null;
}

/** @typedef {{paused: boolean, until: number | null, why: string}} Waiting until: when it goes on, as Date.now() counts */

/**
 * Work that waits when it is told to: all of it together, since what refuses one refuses the others.
 *
 * @param {number} [most] tries without a word of the gateway's
 * @returns {{
 *   state: import('./store.js').Store<Waiting>,
 *   pass: (signal?: AbortSignal) => Promise<void>,
 *   patiently: <T>(work: () => Promise<T>, signal?: AbortSignal, begun?: boolean) => Promise<T>,
 *   setPaused: (paused: boolean) => void,
 * }} begun: of something that a pause lets come to its end
 */
export function createGate(most) {
  const state = createStore(/** @type {Waiting} */ ({ paused: false, until: null, why: '' }));

  /** Returns when nothing is waited for. */
  async function pass(signal, begun = false) {
    for (;;) {
      signal?.throwIfAborted();
      const { paused, until } = state.value;
      if (paused && !begun) {
        await changed(signal);
      } else if (until !== null && until > Date.now()) {
        await pause(Math.min(until - Date.now(), 60_000), signal);
      } else {
        if (until !== null) {
          state.value = { ...state.value, until: null };
        }
        return;
      }
    }
  }

  function changed(signal) {
    return new Promise((resolve, reject) => {
      const end = state.subscribe(() => {
        end();
        resolve(undefined);
      });
      signal?.addEventListener('abort', () => {
        end();
        reject(signal.reason);
      }, { once: true });
    });
  }

  async function patiently(work, signal, begun = false) {
    for (let tries = 0; ; tries += 1) {
      await pass(signal, begun);
      try {
        return await work();
      } catch (error) {
        const seconds = signal?.aborted ? null : secondsToWait(error, tries, most);
        if (seconds === null) {
          throw error;
        }
        const until = Date.now() + 1_000 * seconds;
        state.value = { ...state.value, until: Math.max(state.value.until ?? 0, until), why: explained(/** @type {ApiError} */ (error)).title };
      }
    }
  }

  return { state, pass, patiently, setPaused: (paused) => { state.value = { ...state.value, paused }; } };
}
