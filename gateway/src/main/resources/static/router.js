import { createStore } from './store.js';

/** @typedef {{page: string, query: URLSearchParams, hash: string}} Route */

/** Where one is: `#/gallery?q=cat`. Nothing of it ever reaches a server. */
export const route = createStore(read());

function read() {
  const hash = location.hash.startsWith('#/') ? location.hash : '#/';
  const [path, query] = hash.slice(2).split('?', 2);
  return { page: path || 'zip', query: new URLSearchParams(query ?? ''), hash };
}

window.addEventListener('hashchange', () => {
  route.value = read();
});

/** @param {string} hash for example `#/gallery` */
export function navigate(hash) {
  if (location.hash !== hash) {
    location.hash = hash;
  }
}
