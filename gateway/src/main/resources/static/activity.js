import { createStore } from './store.js';

/**
 * What runs on this page and would end with it: how much of it is done, by what it is.
 *
 * @type {import('./store.js').Store<Record<string, {done: number, all: number}>>}
 */
export const activity = createStore({});

/**
 * @param {string} what a page's name
 * @param {{done: number, all: number} | null} state null when nothing runs
 */
export function tell(what, state) {
  const before = activity.value[what];
  if (before?.done === state?.done && before?.all === state?.all) {
    return;
  }
  const { [what]: gone, ...others } = activity.value;
  activity.value = state === null ? others : { ...others, [what]: state };
}

/** The browser asks, in its own words, whether to leave. */
function ask(event) {
  event.preventDefault();
}

let asks = false;
activity.subscribe(() => {
  const runs = Object.keys(activity.value).length > 0;
  if (runs !== asks) {
    asks = runs;
    // Only while something runs: a page that listens is not kept for the way back.
    (runs ? window.addEventListener : window.removeEventListener).call(window, 'beforeunload', ask);
  }
});
