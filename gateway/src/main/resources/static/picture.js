import { decode, isBlurhashValid } from 'blurhash';
import { h } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { imageSources } from './image-url.js';
import { icon } from './icons.js';
import { useLoading } from './loading.js';

/** Of a tile that is not laid out yet, for browsers that do not know how wide it is by themselves. */
const TILE_SIZES = 'auto, 18rem';
/** Pixels of the longer side of a placeholder; what is drawn of it is blurred anyway. */
const PLACEHOLDER_SIDE = 16;

/**
 * A picture in a box whose size does not depend on it: its colours first, then as much of it as the box has pixels.
 *
 * @param {{image: import('./image-grid.js').Image, alt: string, sizes?: string, leads?: boolean,
 *     sources?: import('./image-url.js').Sources | null, onArrived?: () => void, onMissed?: () => void, onFailed?: () => void}} props sizes: how wide it will be, of one that is loaded at once;
 *     without it, it is when it comes near the screen. leads: it is wanted before others. sources: other than those of a tile.
 *     onArrived: it is loaded, or will not be now. onMissed: it was asked for in vain; onFailed: for the last time
 */
export function Picture({ image, alt, sizes, leads = sizes !== undefined, sources = image.status === 'completed' ? imageSources(image) : null, onArrived, onMissed, onFailed }) {
  const loading = useLoading(sources && sources.src);
  const hasFailed = loading.state === 'failed';
  useEffect(() => {
    if (hasFailed) {
      onFailed?.();
    }
  }, [hasFailed]);
  if (image.status === 'generating') {
    return h('span', { class: 'picture picture-making' }, h('span', { class: 'picture-word' }, 'Generating…'));
  }
  if (image.status === 'failed' || !image.url || hasFailed) {
    return h('span', { class: 'picture picture-none' }, icon('warning'), h('span', { class: 'picture-word' }, image.status === 'failed' ? 'Failed' : 'No picture'));
  }
  return h('span', { class: sources || image.blurhash ? 'picture' : 'picture picture-none' },
    image.blurhash && h(Placeholder, { hash: image.blurhash, width: image.width, height: image.height }),
    sources !== null && h('img', {
      loading: sizes ? 'eager' : 'lazy',
      decoding: 'async',
      // What somebody waits for comes before the tiles around it.
      fetchPriority: leads ? 'high' : undefined,
      sizes: sizes ?? TILE_SIZES,
      ...sources,
      alt,
      width: image.width,
      height: image.height,
      draggable: false,
      ...loading.props,
      onLoad: () => {
        loading.props.onLoad();
        onArrived?.();
      },
      onError: () => {
        loading.props.onError();
        onMissed?.();
        onArrived?.();
      },
    }),
    sources === null && !image.blurhash && [icon('picture'), h('span', { class: 'picture-word' }, image.thumbnailStatus === 'waiting' ? 'No preview yet' : 'No preview')]);
}

/** What waits for its turn, so that a page of placeholders does not hold up what people do meanwhile. */
const turns = new Set(/** @type {(() => void)[]} */ ([]));
const MOST_AT_ONCE_MS = 4;

/** @param {() => void} work @returns {() => void} what calls it off */
function soon(work) {
  if (turns.size === 0) {
    setTimeout(takeTurns);
  }
  turns.add(work);
  return () => {
    turns.delete(work);
  };
}

function takeTurns() {
  const end = performance.now() + MOST_AT_ONCE_MS;
  for (const work of turns) {
    turns.delete(work);
    work();
    if (performance.now() >= end) {
      break;
    }
  }
  if (turns.size > 0) {
    setTimeout(takeTurns);
  }
}

/** The colours of a picture: a BlurHash, drawn, since the content policy allows neither inline styles nor data URLs. */
function Placeholder({ hash, width = 1, height = 1 }) {
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  const scale = PLACEHOLDER_SIDE / Math.max(width, height);
  const [across, down] = [width, height].map((side) => Math.max(1, Math.round(side * scale)));
  useLayoutEffect(() => soon(() => {
    const context = canvas.current?.getContext('2d');
    if (context && isBlurhashValid(hash).result) {
      const colours = context.createImageData(across, down);
      colours.data.set(decode(hash, across, down));
      context.putImageData(colours, 0, 0);
    }
  }), [hash, across, down]);
  return h('canvas', { ref: canvas, width: across, height: down, 'aria-hidden': 'true' });
}
