import { ROOT } from './api.js';
import { createStore } from './store.js';

/**
 * @typedef {object} Route
 * @property {string} page the first segment; `zip` for none
 * @property {string} rest what follows it, for example an image's id
 * @property {URLSearchParams} query
 * @property {string} path all of it, below the app's root: `/gallery?q=cat`
 */

/** Where one is: `/gallery?q=cat`, below whatever prefix the app is served under. */
export const route = createStore(read());

/** @returns {Route} */
function read() {
  // Links of earlier releases had all of it behind a #.
  if (location.hash.startsWith('#/')) {
    history.replaceState(history.state, '', hrefOf(location.hash.slice(1)));
  }
  const path = `/${location.href.slice(ROOT.href.length).replace(/#.*$/, '')}`;
  const [segments, query] = path.slice(1).split('?', 2);
  const [page, ...rest] = segments.split('/');
  return { page: page || 'zip', rest: rest.join('/'), query: new URLSearchParams(query ?? ''), path };
}

function look() {
  const now = read();
  if (now.path !== route.value.path) {
    route.value = now;
  }
}

window.addEventListener('popstate', look);
window.addEventListener('hashchange', look);

/**
 * The URL of a page.
 *
 * @param {string} path below the root, for example `/gallery`
 */
export function hrefOf(path) {
  return new URL(path.replace(/^\//, ''), ROOT).href;
}

/**
 * @param {string} path for example `/gallery`
 * @param {{replace?: boolean, state?: unknown}} [how] replace: the way back leads past where one is now
 */
export function navigate(path, { replace = false, state = null } = {}) {
  if (hrefOf(path) === location.href) {
    return;
  }
  if (replace) {
    history.replaceState(state, '', hrefOf(path));
  } else {
    history.pushState(state, '', hrefOf(path));
  }
  look();
}

/** A click on a link to a page of the app leads there without loading all anew, unless another tab is wanted. */
document.addEventListener('click', (event) => {
  const link = event.target instanceof Element ? event.target.closest('a') : null;
  if (!link || event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) {
    return;
  }
  const path = link.dataset.page;
  if (path !== undefined && !link.target) {
    event.preventDefault();
    navigate(path);
  }
});

/**
 * The attributes of a link to a page.
 *
 * @param {string} path
 */
export function linkTo(path) {
  return { href: hrefOf(path), 'data-page': path };
}
