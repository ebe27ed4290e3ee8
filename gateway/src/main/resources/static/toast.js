import { h } from 'preact';
import { ApiError, unreachable } from './api.js';
import { icon } from './icons.js';
import { createStore, useStore } from './store.js';
import { explained } from './words.js';

/**
 * @typedef {{id: number, kind: 'error' | 'success' | 'info', title: string, detail?: string, note?: string,
 *     action?: {label: string, run: () => void}}} Toast
 */

const MOST = 4;
const SHOWN_FOR = 6_000;
const ERRORS_SHOWN_FOR = 12_000;

const toasts = createStore(/** @type {Toast[]} */ ([]));
let lastId = 0;

/** What is to happen when a toast goes, by its id. */
const farewells = new Map();

/** @param {Omit<Toast, 'id'>} toast @param {() => void} [farewell] */
function show(toast, farewell) {
  lastId += 1;
  const id = lastId;
  if (farewell) {
    farewells.set(id, farewell);
  }
  const same = (other) => other.title === toast.title && other.detail === toast.detail;
  const next = [...toasts.value.filter((other) => !same(other)), { ...toast, id }].slice(-MOST);
  toasts.value.filter((one) => !next.includes(one)).forEach((one) => dismiss(one.id));
  toasts.value = next;
  setTimeout(() => dismiss(id), toast.kind === 'error' ? ERRORS_SHOWN_FOR : SHOWN_FOR);
  return id;
}

/** @param {number} id */
function dismiss(id) {
  toasts.value = toasts.value.filter((toast) => toast.id !== id);
  const farewell = farewells.get(id);
  farewells.delete(id);
  farewell?.();
}

/** What waits for its toast to go happens now: the page is left. */
window.addEventListener('pagehide', () => [...farewells.keys()].forEach(dismiss));

export const toast = {
  /** @param {string} title @param {string} [detail] */
  success: (title, detail) => show({ kind: 'success', title, detail }),
  /** @param {string} title @param {string} [detail] */
  info: (title, detail) => show({ kind: 'info', title, detail }),
  /**
   * Something done that can be undone for as long as this is shown.
   *
   * @param {string} title @param {() => void} undo @param {() => void} [final] called once it is not undone any more
   */
  undo: (title, undo, final = () => {}) => {
    let undone = false;
    const id = show({ kind: 'info', title, action: { label: 'Undo', run: () => {
      undone = true;
      undo();
    } } }, () => undone || final());
    return id;
  },
  /**
   * What went wrong and what to do next, with the id under which the gateway's log has it.
   *
   * @param {unknown} error
   */
  error: (error) => {
    if (error instanceof DOMException && error.name === 'AbortError') {
      return; // somebody wanted that
    }
    const problem = parseApiError(error);
    const { title, text } = explained(problem);
    show({
      kind: 'error',
      title,
      detail: text,
      note: problem.requestId ? `Request ${problem.requestId}` : undefined,
    });
  },
};

/**
 * Any error as one that has a title and a detail for people.
 *
 * @param {unknown} error
 * @returns {ApiError}
 */
export function parseApiError(error) {
  if (error instanceof ApiError) {
    return error;
  }
  if (error instanceof TypeError && /fetch|load|network/i.test(error.message)) {
    return unreachable(); // what each browser says in its own words
  }
  return new ApiError({
    status: 0,
    code: 'page_error',
    title: 'The page failed',
    detail: error instanceof Error ? error.message : String(error),
  });
}

/** The dialogs that are open, the topmost last: what is outside of it can be neither clicked nor heard. */
export const layers = createStore(/** @type {string[]} */ ([]));

/**
 * Where toasts appear, so that screen readers hear what comes: on the page, or in the topmost dialog.
 *
 * @param {{layer?: string}} props
 */
export function Toasts({ layer }) {
  const shown = useStore(toasts);
  if (useStore(layers).at(-1) !== layer) {
    return null;
  }
  return h('div', { class: 'toasts', role: 'region', 'aria-label': 'Messages' },
    h('div', { 'aria-live': 'polite', class: 'toast-list' },
      shown.map((one) => h('div', { key: one.id, class: `toast toast-${one.kind}`, role: one.kind === 'error' ? 'alert' : undefined },
        icon(one.kind === 'error' ? 'warning' : one.kind === 'success' ? 'check' : 'info'),
        h('div', { class: 'toast-text' },
          h('strong', null, one.title),
          one.detail && h('p', null, one.detail),
          one.note && h('p', { class: 'faint' }, one.note)),
        one.action && h('button', { class: 'button', onClick: () => {
          one.action?.run();
          dismiss(one.id);
        } }, one.action.label),
        h('button', { class: 'icon-button', 'aria-label': 'Dismiss', onClick: () => dismiss(one.id) }, icon('close'))))));
}
