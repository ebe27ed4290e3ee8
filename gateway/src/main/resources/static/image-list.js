import { h } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { call, urlOf } from './api.js';
import { icon } from './icons.js';
import { isAwaited } from './image-url.js';
import { useLooks } from './loading.js';
import { createStore, useStore } from './store.js';
import { parseApiError } from './toast.js';

const PAGE_SIZE = 60;
const TYPING_PAUSE = 250;
/** A longer list grows as it comes. */
const MOST_WAITING = 10_000;
/** Pages that are asked for again at once, for the thumbnails that their images had not yet. */
const MOST_PAGES = 3;
/** Images that are asked for once more by themselves, at the end of a listing. */
const MOST_AGAIN = 20 * PAGE_SIZE;

/**
 * @typedef {object} Images
 * @property {import('./image-grid.js').Image[]} images those that are here
 * @property {number} total all there are
 * @property {number} waiting how many of the others have a place already, so that nothing moves when they come
 * @property {'loading' | 'ready' | 'failed'} state
 * @property {import('./api.js').ApiError | null} error
 * @property {() => void} more asks for the next ones
 * @property {() => void} again asks from the beginning
 * @property {(change: (images: import('./image-grid.js').Image[]) => import('./image-grid.js').Image[]) => void} edit
 *     what changed here already
 */

/**
 * @typedef {Pick<Images, 'images' | 'total' | 'state' | 'error'> & {next: string | null, cameAfter: Map<string, string>, seen: Set<string> | null}} Listed
 *     next: the cursor to go on after, '' for the beginning, null for nothing to come. cameAfter: the cursor that each image
 *     was asked for by. seen: while all is gone through once more, what that has come by; else null
 */

/** @type {Listed} */
const NOTHING = { images: [], total: 0, state: 'loading', error: null, next: null, cameAfter: new Map(), seen: null };

/**
 * Images that are deleted from this page: hidden from every listing for as long as that can be taken back, then gone.
 *
 * @type {import('./store.js').Store<Map<string, 'hidden' | 'gone'>>}
 */
const deleted = createStore(new Map());

/** @param {string} id @param {'hidden' | 'gone' | 'back'} state */
export function mark(id, state) {
  const next = new Map(deleted.value);
  if (state === 'back') {
    next.delete(id);
  } else {
    next.set(id, state);
  }
  deleted.value = next;
}

/**
 * Finds out whether an image whose picture does not come is there at all.
 *
 * @param {import('./image-grid.js').Image} image
 */
export async function lookFor({ id, url }) {
  if (url?.startsWith('/')) {
    // What the browser keeps of it says nothing.
    const answer = await fetch(urlOf(url), { method: 'HEAD', cache: 'no-store', credentials: 'same-origin' }).catch(() => null);
    if (answer?.status === 404) {
      mark(id, 'gone');
    }
  }
}

/**
 * A listing of images that grows as one scrolls, and begins anew when its filter changes.
 *
 * @param {string} path
 * @param {Record<string, string>} filter
 * @returns {Images}
 */
export function useImages(path, filter) {
  const [round, setRound] = useState(0);
  const [step, setStep] = useState({ after: '', isAnew: true });
  const [listing, setListing] = useState(NOTHING);
  const key = JSON.stringify([path, filter, round]);
  const ask = (after, signal) => call('GET', path, { query: { ...filter, page: after ? null : 1, after, size: PAGE_SIZE }, signal });
  const asked = useRef('');
  useEffect(() => {
    const abort = new AbortController();
    const anew = asked.current !== key;
    const after = anew ? '' : step.after;
    const replaces = anew || step.isAnew;
    const first = asked.current === '';
    asked.current = key;
    if (anew && step.after !== '') {
      setStep({ after: '', isAnew: true });
    }
    setListing((before) => ({ ...before, state: 'loading', error: null }));
    const timer = setTimeout(async () => {
      try {
        const told = await ask(after, abort.signal);
        setListing((before) => grown(replaces ? NOTHING : before, told, after));
      } catch (error) {
        if (!abort.signal.aborted) {
          // All is here already when it is gone through once more: nobody waits for that.
          setListing((before) => (replaces || before.seen === null ? { ...before, state: 'failed', error: parseApiError(error) } : { ...before, state: 'ready', next: null, seen: null }));
        }
      }
    }, anew && !first ? TYPING_PAUSE : 0);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [key, step]);
  const awaited = new Set(listing.images.filter((image) => isAwaited(image)).map((image) => listing.cameAfter.get(image.id) ?? ''));
  useLooks(awaited.size > 0 ? `${key} ${listing.images.length}` : null, async (signal) => {
    for (const after of [...awaited].slice(0, MOST_PAGES)) {
      const told = await ask(after, signal);
      const fresh = new Map(told.images.map((image) => [image.id, image]));
      setListing((before) => ({ ...before, images: before.images.map((image) => fresh.get(image.id) ?? image) }));
    }
  });
  const marks = useStore(deleted);
  useEffect(() => {
    setListing((before) => {
      const images = before.images.filter((image) => marks.get(image.id) !== 'gone');
      return images.length === before.images.length ? before : without(before, images);
    });
  }, [marks]);
  const images = useMemo(() => listing.images.filter((image) => !marks.has(image.id)), [listing.images, marks]);
  return {
    ...listing,
    images,
    total: listing.total + images.length - listing.images.length,
    waiting: listing.next === null ? 0 : Math.min(MOST_WAITING, Math.max(0, listing.total - listing.images.length)),
    more: () => listing.state === 'ready' && listing.next !== null && setStep({ after: listing.next, isAnew: false }),
    again: () => setRound((before) => before + 1),
    edit: (change) => setListing((before) => without(before, change(before.images))),
  };
}

/** What is left when images went. */
function without(before, images) {
  return { ...before, images, total: before.total + images.length - before.images.length };
}

/**
 * What is known with one more answer. What follows a cursor stays, whatever comes and goes elsewhere. But images may have come
 * before it, or gone: so a listing of several pages begins once more when it has ended, until it is as the gateway has it.
 *
 * @param {Listed} before
 * @param {{images: import('./image-grid.js').Image[], total: number, next?: string}} told
 * @param {string} after the cursor that was asked with
 * @returns {Listed}
 */
function grown(before, told, after) {
  const known = new Set(before.images.map((image) => image.id));
  const added = told.images.filter((image) => !known.has(image.id));
  const images = [...before.images, ...added];
  const cameAfter = new Map([...before.cameAfter, ...told.images.map((image) => /** @type {[string, string]} */ ([image.id, after]))]);
  const next = told.next ?? null;
  const all = { ...before, images, cameAfter, total: told.total, state: /** @type {const} */ ('ready'), error: null, next };
  if (before.seen === null) {
    return next === null && after !== '' ? { ...all, next: '', seen: new Set() } : all;
  }
  const seen = new Set([...before.seen, ...told.images.map((image) => image.id)]);
  if (next === null) {
    const left = images.filter((image) => seen.has(image.id));
    return { ...all, images: left, total: left.length, seen: null };
  }
  const isSettled = added.length === 0 && images.length === told.total;
  return isSettled || seen.size >= MOST_AGAIN ? { ...all, next: null, seen: null } : { ...all, seen };
}

/**
 * A listing's states around its grid: nothing yet, nothing at all, an error, more to come.
 *
 * @param {{images: Images, empty: any, children?: any}} props
 */
export function Listing({ images, empty, children }) {
  const end = useRef(/** @type {HTMLElement | null} */ (null));
  const more = useRef(images.more);
  more.current = images.more;
  useEffect(() => {
    const last = /** @type {HTMLElement} */ (end.current);
    // Also what was jumped over, above the screen, is wanted.
    const watcher = new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && more.current(),
      { root: last.closest('.picker-list'), rootMargin: '1000000px 0px 800px' });
    watcher.observe(last.parentElement?.querySelector('.tile-waiting') ?? last);
    return () => watcher.disconnect();
  }, [images.images.length, images.state]);
  const none = images.images.length === 0;
  return h('div', { class: 'listing', 'aria-busy': images.state === 'loading' },
    none && images.state === 'loading' && h('div', { class: 'grid grid-waiting', 'aria-hidden': 'true' }, Array.from({ length: 12 }, (_, index) => h('span', { key: index, class: 'tile picture' }))),
    none && images.state === 'ready' && empty,
    !none && children,
    images.state === 'failed' && h('div', { class: 'notice notice-error', role: 'alert' },
      h('p', null, h('strong', null, images.error?.title), ' ', images.error?.detail),
      h('button', { class: 'button', onClick: images.again }, icon('refresh'), 'Try again')),
    h('div', { ref: end, class: 'listing-end' },
      images.waiting > 0 && images.state !== 'failed' && h('button', { class: 'button', onClick: images.more, disabled: images.state === 'loading' },
        images.state === 'loading' ? 'Loading…' : 'Show more')));
}
