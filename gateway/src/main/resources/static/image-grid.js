import { h } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { day } from './format.js';
import { lookFor } from './image-list.js';
import { Picture } from './picture.js';

/**
 * @typedef {object} Image as the API tells it
 * @property {string} id
 * @property {'generating' | 'completed' | 'failed'} status
 * @property {string} source
 * @property {string} [owner]
 * @property {string} [projectId]
 * @property {string} [prompt]
 * @property {string} [aspectRatio]
 * @property {string} [name] what its file was called, or is called now; without an ending
 * @property {string} [altText]
 * @property {string} [contentType]
 * @property {number} [size]
 * @property {number} [width] in pixels, as people see it
 * @property {number} [height]
 * @property {{width: number, height: number, url: string, contentType: string, size: number}[]} [thumbnails] the
 *     narrowest first
 * @property {'waiting' | 'done' | 'impossible'} [thumbnailStatus] whether more of them are to come
 * @property {string} [blurhash] its colours, blurred, for as long as it is not loaded
 * @property {string} [url]
 * @property {string} [downloadUrl]
 * @property {{code: string, detail: string}} [error]
 * @property {string} createdAt
 * @property {string} [completedAt]
 */

/** Empty tiles that are drawn one by one: some screens of them. */
const MOST_NEAR = 120;
/** Tiles that get their content in one turn: a whole page of them would hold up what people do meanwhile. */
const MOST_IN_A_TURN = 12;

/**
 * Pictures in rows. One tile is in the tab order; arrows move on, Space selects, Shift extends, Enter opens.
 *
 * @param {{images: Image[], label: string, selected: Set<string>, onSelect: (ids: Set<string>) => void,
 *     onOpen?: (image: Image) => void, onDelete?: () => void, single?: boolean, waiting?: number, behind?: boolean,
 *     caption?: (image: Image) => any}} props behind: nobody sees it yet, so new tiles stay empty. waiting: how many empty tiles stand for images that are still to come;
 *     without onOpen, choosing a tile selects it
 */
export function ImageGrid({ images, label, selected, onSelect, onOpen, onDelete, single = false, waiting = 0, behind = false, caption }) {
  const [current, setCurrent] = useState(0);
  const anchor = useRef(0);
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  const here = Math.min(current, Math.max(0, images.length - 1));

  const toggle = (index) => {
    const id = images[index].id;
    const next = new Set(single ? [] : selected);
    if (selected.has(id)) {
      next.delete(id);
    } else {
      next.add(id);
    }
    anchor.current = index;
    onSelect(next);
  };
  const extendTo = (index) => {
    const [from, to] = [Math.min(anchor.current, index), Math.max(anchor.current, index)];
    onSelect(new Set([...selected, ...images.slice(from, to + 1).map((image) => image.id)]));
  };
  const choose = (index, event) => {
    setCurrent(index);
    if (event.shiftKey && !single) {
      extendTo(index);
    } else if (!onOpen || event.ctrlKey || event.metaKey || selected.size > 0) {
      toggle(index);
    } else {
      anchor.current = index;
      onOpen(images[index]);
    }
  };
  const focus = (index) => {
    setCurrent(index);
    list.current?.children[index]?.querySelector('button')?.focus();
  };
  const keys = (event) => {
    const steps = {
      ArrowLeft: () => -1,
      ArrowRight: () => 1,
      ArrowUp: () => rowStep(list.current, here, -1),
      ArrowDown: () => rowStep(list.current, here, 1),
      Home: () => -here,
      End: () => images.length - 1 - here,
    };
    if (Object.hasOwn(steps, event.key)) {
      event.preventDefault();
      const to = Math.min(images.length - 1, Math.max(0, here + steps[event.key]()));
      if (event.shiftKey && !single) {
        extendTo(to);
      }
      focus(to);
    } else if (event.key === ' ' && event.target instanceof HTMLButtonElement) {
      event.preventDefault();
      toggle(here);
    } else if (event.key === 'a' && (event.ctrlKey || event.metaKey) && !single) {
      event.preventDefault();
      onSelect(new Set(images.map((image) => image.id)));
    } else if (event.key === 'Escape' && selected.size > 0) {
      event.stopPropagation();
      onSelect(new Set());
    } else if (event.key === 'Delete' && selected.size > 0) {
      onDelete?.();
    }
  };
  // What a tile does is what the newest drawing of the grid would do.
  const acts = useRef({ choose, toggle, extendTo, single });
  acts.current = { choose, toggle, extendTo, single };
  // A tile that is as it was is not drawn again: a step in a list of a thousand changes two of them.
  const drawn = useRef(/** @type {Map<string, {of: any[], tile: any}>} */ (new Map()));
  const next = new Map();
  const [, nextTurn] = useState({});
  let left = behind ? 0 : MOST_IN_A_TURN;
  const tiles = images.map((image, index) => {
    const of = [image, index, selected.has(image.id), index === here, caption];
    const before = drawn.current.get(image.id);
    if (before === undefined && left === 0) {
      return h('li', { key: image.id, ...placeOf(image, caption !== undefined, false) });
    }
    left -= before === undefined ? 1 : 0;
    const same = before !== undefined && before.of.every((value, at) => value === of[at]);
    const tile = same ? before.tile : h(Tile, {
      key: image.id,
      image,
      selected: selected.has(image.id),
      reachable: index === here,
      leads: index < LEADING,
      caption: caption?.(image),
      onChoose: (event) => acts.current.choose(index, event),
      onToggle: (event) => (event.shiftKey && !acts.current.single ? acts.current.extendTo(index) : acts.current.toggle(index)),
      onFocus: () => setCurrent(index),
    });
    next.set(image.id, { of, tile });
    return tile;
  });
  drawn.current = next;
  const unfinished = !behind && next.size < images.length;
  useEffect(() => {
    const timer = unfinished ? setTimeout(() => nextTurn({})) : 0;
    return () => clearTimeout(timer);
  }, [unfinished && next.size]);
  const captioned = caption !== undefined;
  const near = Math.min(waiting, MOST_NEAR);
  const empty = useMemo(() => Array.from({ length: near }, (_, index) => h('li', {
    key: images.length + index, class: `tile tile-waiting${captioned ? ' tile-captioned' : ''}`, 'aria-hidden': 'true',
  }, h('span', { class: 'picture' }))), [images.length, near, captioned]);
  return h('ul', { class: 'grid', ref: list, 'aria-label': label, onKeyDown: keys }, [
    ...tiles,
    ...empty,
    waiting > near && h(Rest, { key: 'rest', count: waiting - near }),
  ]);
}

/**
 * The room of the tiles that are far away: a browser looks at each tile whenever anything changes.
 *
 * @param {{count: number}} props
 */
function Rest({ count }) {
  const own = useRef(/** @type {HTMLElement | null} */ (null));
  const [height, setHeight] = useState(0);
  useLayoutEffect(() => {
    const grid = /** @type {HTMLElement} */ (own.current?.parentElement);
    const measure = () => {
      const tile = /** @type {HTMLElement | null} */ (grid.querySelector('.tile-waiting'));
      if (tile !== null && tile.offsetWidth > 0) {
        const inRow = Math.max(1, Math.round(grid.clientWidth / tile.offsetWidth));
        setHeight(Math.ceil(count / inRow) * (tile.offsetHeight + (parseFloat(getComputedStyle(grid).rowGap) || 0)));
      }
    };
    const watcher = new ResizeObserver(measure);
    watcher.observe(grid);
    measure();
    return () => watcher.disconnect();
  }, [count]);
  return h('li', { ref: own, class: 'grid-rest', 'aria-hidden': 'true', style: { height: `${height}px` } });
}

/** How many tiles further the one is that lies above or below: rows have as many as fit. */
function rowStep(list, here, direction) {
  const tiles = list ? [...list.children].filter((tile) => tile.hasAttribute('data-id')) : [];
  if (!tiles[here]) {
    return 0;
  }
  const middle = (tile) => tile.offsetLeft + tile.offsetWidth / 2;
  const wanted = middle(tiles[here]);
  let best = here;
  let row = null;
  for (let at = here + direction; at >= 0 && at < tiles.length; at += direction) {
    const { offsetTop } = tiles[at];
    if (offsetTop === tiles[here].offsetTop || (row !== null && offsetTop !== row)) {
      if (row !== null) {
        break;
      }
    } else if (row === null || Math.abs(middle(tiles[at]) - wanted) < Math.abs(middle(tiles[best]) - wanted)) {
      row = offsetTop;
      best = at;
    }
  }
  return best - here;
}

/** Pictures of the first row, which come before those below it. */
const LEADING = 3;
const NARROWEST = 0.5;
const WIDEST = 2.8;

/** The shape of a tile: that of its picture, as long as it is no strip. */
function shapeOf({ width, height, aspectRatio }) {
  const [across, down] = width && height ? [width, height] : (aspectRatio ?? '4:3').split(':').map(Number);
  return Math.min(WIDEST, Math.max(NARROWEST, across / down || 4 / 3));
}

/** The attributes of a tile: its room is the same with and without content. */
function placeOf(image, captioned, selected) {
  return {
    class: `tile${selected ? ' tile-selected' : ''}${captioned ? ' tile-captioned' : ''}`,
    'data-id': image.id,
    style: { '--shape': String(shapeOf(image).toFixed(4)) },
  };
}

function Tile({ image, selected, reachable, leads, caption, onChoose, onToggle, onFocus }) {
  const name = titleOf(image);
  const order = reachable ? 0 : -1;
  return h('li', placeOf(image, Boolean(caption), selected),
    h('button', { class: 'tile-open', tabIndex: order, 'aria-label': `${name}${image.status === 'completed' ? '' : `, ${image.status}`}`, 'aria-pressed': selected, onClick: onChoose, onFocus },
      h(Picture, { image, alt: '', leads, onFailed: () => lookFor(image) })),
    h('input', { type: 'checkbox', class: 'tile-check', tabIndex: order, checked: selected, 'aria-label': `Select ${name}`, onClick: onToggle, onFocus }),
    caption && h('div', { class: 'tile-caption' }, caption));
}

/** What people call it: its name, what it shows, what was asked for, when it came. @param {Image} image */
export function titleOf(image) {
  return image.name || image.altText || image.prompt || `Picture of ${day(image.createdAt)}`;
}
