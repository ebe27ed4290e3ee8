import { h } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { call } from './api.js';
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

/** @typedef {Pick<Images, 'images' | 'total' | 'state' | 'error'> & {fruitless: number}} Listed fruitless: how many pages in a row had only known images */

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
 * A listing of images that grows as one scrolls, and begins anew when its filter changes.
 *
 * @param {string} path
 * @param {Record<string, string>} filter
 * @returns {Images}
 */
export function useImages(path, filter) {
  const [round, setRound] = useState(0);
  // An object, so that a page can be asked for again: where images were deleted, it has others now.
  const [page, setPage] = useState({ number: 1, isAnew: true });
  const [listing, setListing] = useState(/** @type {Listed} */ ({ images: [], total: 0, state: 'loading', error: null, fruitless: 0 }));
  const key = JSON.stringify([path, filter, round]);
  const asked = useRef('');
  useEffect(() => {
    const abort = new AbortController();
    const anew = asked.current !== key;
    const wanted = anew ? 1 : page.number;
    const replaces = anew || page.isAnew;
    const first = asked.current === '';
    asked.current = key;
    if (anew && page.number !== 1) {
      setPage({ number: 1, isAnew: true });
    }
    setListing((before) => ({ ...before, state: 'loading', error: null }));
    const timer = setTimeout(async () => {
      try {
        const told = await call('GET', path, { query: { ...filter, page: wanted, size: PAGE_SIZE }, signal: abort.signal });
        setListing((before) => {
          const images = merged(replaces ? [] : before.images, told.images);
          const isFruitless = !replaces && images.length === before.images.length;
          return { images, total: told.total, state: 'ready', error: null, fruitless: isFruitless ? before.fruitless + 1 : 0 };
        });
      } catch (error) {
        if (!abort.signal.aborted) {
          setListing((before) => ({ ...before, state: 'failed', error: parseApiError(error) }));
        }
      }
    }, anew && !first ? TYPING_PAUSE : 0);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [key, page]);
  const awaited = listing.images.map((image, index) => (isAwaited(image) ? Math.floor(index / PAGE_SIZE) + 1 : 0));
  useLooks(awaited.some(Boolean) ? `${key} ${awaited.length}` : null, async (signal) => {
    for (const wanted of [...new Set(awaited.filter(Boolean))].slice(0, MOST_PAGES)) {
      const told = await call('GET', path, { query: { ...filter, page: wanted, size: PAGE_SIZE }, signal });
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
  const pages = Math.ceil(listing.total / PAGE_SIZE);
  const hasMore = listing.images.length < listing.total && listing.fruitless < pages;
  return {
    ...listing,
    images,
    total: listing.total + images.length - listing.images.length,
    waiting: hasMore ? Math.min(MOST_WAITING, listing.total - listing.images.length) : 0,
    // Where images came or went elsewhere, the next page may be one that is known: the new ones are on another.
    more: () => listing.state === 'ready' && hasMore && setPage({ number: (Math.floor(listing.images.length / PAGE_SIZE) + listing.fruitless) % pages + 1, isAnew: false }),
    again: () => setRound((before) => before + 1),
    edit: (change) => setListing((before) => without(before, change(before.images))),
  };
}

/** What is left when images went: their pages have others now. */
function without(before, images) {
  return { ...before, images, total: before.total + images.length - before.images.length, fruitless: 0 };
}

/** Pages shift when images come or go meanwhile: none is shown twice. */
function merged(before, next) {
  const known = new Set(before.map((image) => image.id));
  return [...before, ...next.filter((image) => !known.has(image.id))];
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
