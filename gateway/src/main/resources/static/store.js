import { useEffect, useState } from 'preact/hooks';

/**
 * A value that components follow.
 *
 * @template T
 * @typedef {object} Store
 * @property {T} value what it is now; setting it tells all who follow
 * @property {(listener: () => void) => () => void} subscribe answers what ends it
 */

/**
 * @template T
 * @param {T} initial
 * @returns {Store<T>}
 */
export function createStore(initial) {
  const listeners = new Set();
  let current = initial;
  return {
    get value() {
      return current;
    },
    set value(next) {
      current = next;
      [...listeners].forEach((listener) => listener());
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/**
 * The store's value; draws the component again when it changes.
 *
 * @template T
 * @param {Store<T>} store
 * @returns {T}
 */
export function useStore(store) {
  const [, redraw] = useState({});
  const seen = store.value;
  useEffect(() => {
    if (store.value !== seen) {
      redraw({}); // it changed between drawing and listening
    }
    return store.subscribe(() => redraw({}));
  }, [store]);
  return seen;
}
