import { h } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { call, download } from './api.js';
import { icon } from './icons.js';
import { ImagePanel } from './image-details.js';
import { titleOf } from './image-grid.js';
import { mark } from './image-list.js';
import { isAwaited, viewerSources } from './image-url.js';
import { useLooks } from './loading.js';
import { Picture } from './picture.js';
import { Toasts, layers, toast } from './toast.js';

const MOST_ZOOM = 8;
const STEP = 1.5;
const SWIPE = 60;
const CLOSING_SWIPE = 110;
const NOT_ZOOMED = { scale: 1, x: 0, y: 0 };

/**
 * Pictures by themselves, one after the other, as large as the window: arrows, keys, swipes, zoom, what is known of each.
 *
 * @param {{images: import('./image-grid.js').Image[], id: string, onMove: (id: string) => void, onClose: () => void,
 *     onChange: (image: import('./image-grid.js').Image) => void, onDelete: (image: import('./image-grid.js').Image) => void,
 *     onMore?: () => void, onArrived?: () => void}} props images: those that can be gone through; one that is not among them
 *     is shown all the same. onArrived: the picture is there, or will not be now
 */
export function Viewer({ images, id, onMove, onClose, onChange, onDelete, onMore, onArrived }) {
  const box = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const [other, setOther] = useState(/** @type {import('./image-grid.js').Image | null} */ (null));
  const [shows, setShows] = useState(false);
  const [zoom, setZoom] = useState(NOT_ZOOMED);
  /** Of the last picture that came: what is around it is asked for after it. */
  const [arrived, setArrived] = useState('');
  /** The last picture that did not come. */
  const [missed, setMissed] = useState('');
  const [busy, setBusy] = useState(false);
  const [usages, setUsages] = useState(/** @type {{kind: string, role: string, count: number}[] | null} */ (null));
  const index = images.findIndex((image) => image.id === id);
  const image = images[index] ?? (other?.id === id ? other : null);
  const look = async (signal) => {
    const { usages: used, ...shown } = await call('GET', `api/images/${encodeURIComponent(id)}`, { signal });
    setOther(shown);
    setUsages(used);
    if (index >= 0) {
      onChange(shown);
    }
  };
  const leave = (error) => {
    toast.error(error);
    if (error.status === 404) {
      mark(id, 'gone'); // deleted elsewhere
    }
    if (index < 0 || error.status === 404) {
      onClose();
    }
  };
  useLayoutEffect(() => {
    const opener = document.activeElement;
    box.current?.showModal();
    layers.value = [...layers.value, 'viewer'];
    return () => {
      layers.value = layers.value.filter((layer) => layer !== 'viewer');
      box.current?.close(); // nothing outside of an open one can have the focus
      if (opener instanceof HTMLElement && opener.isConnected) {
        opener.focus();
      }
    };
  }, []);
  useEffect(() => {
    setZoom(NOT_ZOOMED);
    setUsages(null);
    const abort = new AbortController();
    if (shows || index < 0) {
      look(abort.signal).catch((error) => {
        if (!abort.signal.aborted) {
          leave(error);
        }
      });
    }
    return () => abort.abort();
  }, [id, shows]);
  const isMissed = missed === id;
  useEffect(() => {
    const abort = new AbortController();
    if (isMissed && !shows && index >= 0) {
      look(abort.signal).catch((error) => {
        if (!abort.signal.aborted && error.status === 404) {
          leave(error);
        }
      });
    }
    return () => abort.abort();
  }, [id, isMissed]);
  useLooks(image !== null && isAwaited(image, { alone: true }) ? id : null, look);
  const nothingToCome = image !== null && viewerSources(image) === null;
  const hasArrived = nothingToCome || arrived === id;
  useEffect(() => {
    if (hasArrived) {
      onArrived?.();
    }
  }, [hasArrived]);
  useEffect(() => {
    if (index >= images.length - 3) {
      onMore?.();
    }
  }, [id, images.length]);
  useEffect(() => {
    // The next ones are there before they are asked for.
    for (const near of hasArrived ? [images[index + 1], images[index - 1]] : []) {
      const sources = near && index >= 0 ? viewerSources(near) : null;
      if (sources) {
        const ahead = new Image();
        ahead.sizes = '100vw';
        ahead.srcset = sources.srcset ?? '';
        ahead.src = sources.src;
      }
    }
  }, [id, images.length, hasArrived]);

  const step = (by) => {
    const next = images[index + by];
    if (next) {
      onMove(next.id);
    }
  };
  const zoomTo = (scale, at = { x: 0, y: 0 }) => setZoom((before) => {
    const wanted = Math.min(MOST_ZOOM, Math.max(1, scale));
    if (wanted === 1) {
      return NOT_ZOOMED;
    }
    // What is under the pointer stays under it.
    const ratio = wanted / before.scale;
    return { scale: wanted, x: at.x - (at.x - before.x) * ratio, y: at.y - (at.y - before.y) * ratio };
  });
  const keys = (event) => {
    if (event.target instanceof Element && event.target.closest('input, textarea, select')) {
      return;
    }
    const pan = (x, y) => setZoom((before) => ({ ...before, x: before.x + x, y: before.y + y }));
    const zoomed = zoom.scale > 1;
    const actions = {
      ArrowLeft: () => (zoomed ? pan(80, 0) : step(-1)),
      ArrowRight: () => (zoomed ? pan(-80, 0) : step(1)),
      ArrowUp: () => zoomed && pan(0, 80),
      ArrowDown: () => zoomed && pan(0, -80),
      Home: () => images.length > 0 && onMove(images[0].id),
      End: () => images.length > 0 && onMove(images[images.length - 1].id),
      '+': () => zoomTo(zoom.scale * STEP),
      '=': () => zoomTo(zoom.scale * STEP),
      '-': () => zoomTo(zoom.scale / STEP),
      0: () => zoomTo(1),
      i: () => setShows(!shows),
    };
    if (Object.hasOwn(actions, event.key) && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      actions[event.key]();
    }
  };
  const save = async () => {
    setBusy(true);
    try {
      await download(image?.downloadUrl ?? '', id);
      toast.success('Saved to Downloads');
    } catch (error) {
      toast.error(error);
    } finally {
      setBusy(false);
    }
  };
  const title = image === null ? 'Picture' : titleOf(image);
  return h('dialog', {
    ref: box,
    class: `viewer${shows ? ' viewer-with-panel' : ''}`,
    'aria-label': title,
    onKeyDown: keys,
    onCancel: (event) => {
      event.preventDefault();
      onClose();
    },
  },
  h('header', { class: 'viewer-bar' },
    h('h2', { 'aria-live': 'polite' }, title),
    index >= 0 && h('span', { class: 'viewer-place' }, `${index + 1} / ${images.length}`),
    h('button', { class: 'icon-button', 'aria-label': zoom.scale > 1 ? 'Fit to the window' : 'Zoom in', title: zoom.scale > 1 ? 'Fit to the window (0)' : 'Zoom in (+)', 'aria-pressed': zoom.scale > 1, onClick: () => zoomTo(zoom.scale > 1 ? 1 : 2) }, icon('zoom')),
    h('button', { class: 'icon-button', 'aria-label': busy ? 'Downloading…' : 'Download', title: 'Download', disabled: busy || !image?.url, 'aria-busy': busy, onClick: save }, icon('download')),
    h('button', { class: 'icon-button', 'aria-label': 'Details', title: 'Details (i)', 'aria-expanded': shows, onClick: () => setShows(!shows) }, icon('info')),
    h('button', { class: 'icon-button', 'aria-label': 'Close', title: 'Close (Esc)', autofocus: true, onClick: onClose }, icon('close'))),
  h(Stage, { key: id, image, title, zoom, setZoom, zoomTo, step, onClose, onArrived: () => setArrived(id), onMissed: () => setMissed(id) }),
  h('button', { class: 'viewer-step viewer-before', 'aria-label': 'Previous picture', hidden: index <= 0, onClick: () => step(-1) }, icon('left')),
  h('button', { class: 'viewer-step viewer-after', 'aria-label': 'Next picture', hidden: index < 0 || index >= images.length - 1, onClick: () => step(1) }, icon('right')),
  shows && image !== null && h('aside', { class: 'viewer-panel', 'aria-label': 'Details' },
    h(ImagePanel, { key: id, image, usages, onChange: (changed) => {
      setOther(changed);
      onChange(changed);
    }, onDelete: () => onDelete(image) })),
  h(Toasts, { layer: 'viewer' }));
}

/** Where the picture is, and what fingers and mice do with it. */
function Stage({ image, title, zoom, setZoom, zoomTo, step, onClose, onArrived, onMissed }) {
  const stage = useRef(/** @type {HTMLElement | null} */ (null));
  const pointers = useRef(new Map());
  const start = useRef(/** @type {any} */ (null));
  const [pull, setPull] = useState({ x: 0, y: 0 });
  const middle = (event) => {
    const place = /** @type {HTMLElement} */ (stage.current).getBoundingClientRect();
    return { x: event.clientX - place.left - place.width / 2, y: event.clientY - place.top - place.height / 2 };
  };
  const begin = () => {
    const all = [...pointers.current.values()];
    const apart = all.length === 2 ? Math.hypot(all[0].x - all[1].x, all[0].y - all[1].y) : 0;
    start.current = { all: all.map((one) => ({ ...one })), zoom, apart, pinched: all.length === 2 || start.current?.pinched };
  };
  const down = (event) => {
    if (event.button !== 0) {
      return;
    }
    event.currentTarget.setPointerCapture(event.pointerId);
    if (pointers.current.size === 0) {
      start.current = null;
    }
    pointers.current.set(event.pointerId, middle(event));
    begin();
  };
  const move = (event) => {
    if (!pointers.current.has(event.pointerId) || start.current === null) {
      return;
    }
    pointers.current.set(event.pointerId, middle(event));
    const all = [...pointers.current.values()];
    const from = start.current;
    if (all.length === 2 && from.apart > 0) {
      const centre = { x: (all[0].x + all[1].x) / 2, y: (all[0].y + all[1].y) / 2 };
      zoomTo(from.zoom.scale * Math.hypot(all[0].x - all[1].x, all[0].y - all[1].y) / from.apart, centre);
    } else if (all.length === 1 && from.all.length === 1) {
      const by = { x: all[0].x - from.all[0].x, y: all[0].y - from.all[0].y };
      if (from.zoom.scale > 1) {
        setZoom({ ...from.zoom, x: from.zoom.x + by.x, y: from.zoom.y + by.y });
      } else if (!from.pinched) {
        setPull(Math.abs(by.x) > Math.abs(by.y) ? { x: by.x, y: 0 } : { x: 0, y: Math.max(0, by.y) });
      }
    }
  };
  const up = (event) => {
    pointers.current.delete(event.pointerId);
    if (pointers.current.size > 0) {
      begin();
      return;
    }
    const { x, y } = pull;
    setPull({ x: 0, y: 0 });
    if (event.type === 'pointerup' && zoom.scale === 1) {
      if (Math.abs(x) > SWIPE) {
        step(x < 0 ? 1 : -1);
      } else if (y > CLOSING_SWIPE) {
        onClose();
      }
    }
  };
  useEffect(() => {
    const wheel = (event) => {
      event.preventDefault();
      zoomTo(zoom.scale * Math.exp(-event.deltaY / 400), middle(event));
    };
    const here = /** @type {HTMLElement} */ (stage.current);
    here.addEventListener('wheel', wheel, { passive: false });
    return () => here.removeEventListener('wheel', wheel);
  }, [zoom.scale]);
  const natural = image?.width ? Math.max(2, image.width / Math.max(1, stage.current?.clientWidth ?? image.width)) : 2;
  return h('div', {
    ref: stage,
    class: `viewer-stage${zoom.scale > 1 ? ' is-zoomed' : ''}`,
    onPointerDown: down,
    onPointerMove: move,
    onPointerUp: up,
    onPointerCancel: up,
    onDblClick: (event) => zoomTo(zoom.scale > 1 ? 1 : Math.min(MOST_ZOOM, natural), middle(event)),
  }, image !== null && h('div', { class: 'viewer-picture', style: { transform: `translate(${zoom.x + pull.x}px, ${zoom.y + pull.y}px) scale(${zoom.scale})` } },
    h(Picture, { image, alt: title, sizes: `${Math.round(100 * zoom.scale)}vw`, sources: viewerSources(image), onArrived, onMissed })));
}
