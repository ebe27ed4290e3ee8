import { h } from 'preact';
import { ApiError, unreachable } from './api.js';
import { icon } from './icons.js';
import { createStore, useStore } from './store.js';

/** @typedef {{id: number, kind: 'error' | 'success' | 'info', title: string, detail?: string, note?: string}} Toast */

const MOST = 4;
const SHOWN_FOR = 6_000;
const ERRORS_SHOWN_FOR = 12_000;

const toasts = createStore(/** @type {Toast[]} */ ([]));
let lastId = 0;

/** @param {Omit<Toast, 'id'>} toast */
function show(toast) {
  lastId += 1;
  const id = lastId;
  const same = (other) => other.title === toast.title && other.detail === toast.detail;
  toasts.value = [...toasts.value.filter((other) => !same(other)), { ...toast, id }].slice(-MOST);
  setTimeout(() => dismiss(id), toast.kind === 'error' ? ERRORS_SHOWN_FOR : SHOWN_FOR);
}

/** @param {number} id */
function dismiss(id) {
  toasts.value = toasts.value.filter((toast) => toast.id !== id);
}

export const toast = {
  /** @param {string} title @param {string} [detail] */
  success: (title, detail) => show({ kind: 'success', title, detail }),
  /** @param {string} title @param {string} [detail] */
  info: (title, detail) => show({ kind: 'info', title, detail }),
  /**
   * What the gateway said, with the id under which its log has it.
   *
   * @param {unknown} error
   */
  error: (error) => {
    if (error instanceof DOMException && error.name === 'AbortError') {
      return; // somebody wanted that
    }
    const problem = parseApiError(error);
    const wait = problem.retryAfter ? ` Try again in ${problem.retryAfter} s.` : '';
    show({
      kind: 'error',
      title: problem.title,
      detail: problem.detail + wait,
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

/** Where toasts appear; there is one on the page, always, so that screen readers hear what comes. */
export function Toasts() {
  const shown = useStore(toasts);
  return h('div', { class: 'toasts', role: 'region', 'aria-label': 'Messages' },
    h('div', { 'aria-live': 'polite', class: 'toast-list' },
      shown.map((one) => h('div', { key: one.id, class: `toast toast-${one.kind}`, role: one.kind === 'error' ? 'alert' : undefined },
        icon(one.kind === 'error' ? 'warning' : one.kind === 'success' ? 'check' : 'info'),
        h('div', { class: 'toast-text' },
          h('strong', null, one.title),
          one.detail && h('p', null, one.detail),
          one.note && h('p', { class: 'faint' }, one.note)),
        h('button', { class: 'icon-button', 'aria-label': 'Dismiss', onClick: () => dismiss(one.id) }, icon('close'))))));
}
