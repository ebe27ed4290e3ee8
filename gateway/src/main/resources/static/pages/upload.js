import { h } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { compress } from '../compress.js';
import { bytes, count } from '../format.js';
import { icon } from '../icons.js';
import { smallSources } from '../image-url.js';
import { Progress } from '../progress.js';
import { Storage } from '../quota.js';
import { ofOneUser, session } from '../session.js';
import { ShareImage } from '../share-card.js';
import { createStore, useStore } from '../store.js';
import { parseApiError, toast } from '../toast.js';
import { bounds, complaint, complete, intend, megabytes, put, typeOf } from '../upload-client.js';

const AT_ONCE = 2;
const LARGEST_TO_COMPRESS = 100 * 1024 * 1024;

/**
 * @typedef {object} Item
 * @property {string} id
 * @property {File} file
 * @property {import('../image-url.js').Sources | null} preview its own bytes where this browser shows them, else what the
 *     gateway has made of them
 * @property {'ready' | 'refused' | 'compressing' | 'waiting' | 'sending' | 'checking' | 'done' | 'failed' | 'cancelled'} state
 * @property {number} sent
 * @property {string} note
 * @property {boolean} compressible
 * @property {AbortController | null} abort
 */

const items = createStore(/** @type {Item[]} */ ([]));

/** What the gateway takes; null while it has not said so: then it refuses what does not fit when it is asked. */
const taken = createStore(/** @type {import('../upload-client.js').Bounds | null} */ (null));
let asked = /** @type {Promise<void> | null} */ (null);

function askBounds() {
  asked ??= bounds().then((told) => {
    taken.value = told;
  }).catch((error) => {
    asked = null;
    toast.error(error);
  });
  return asked;
}

const LONGEST_NAME = 255;

/** @param {File} file */
function nameOf(file) {
  return [...file.name.replaceAll('\0', '')].slice(0, LONGEST_NAME).join('') || null;
}

/** @param {string[]} types */
function named(types) {
  const names = types.filter((type) => type !== 'image/jpg').map((type) => type.replace('image/', '').replace('+xml', '').toUpperCase());
  return `${names.slice(0, -1).join(', ')} and ${names[names.length - 1]}`;
}

function edit(id, change) {
  items.value = items.value.map((item) => (item.id === id ? { ...item, ...change } : item));
}

/**
 * @param {string} id
 * @param {File} file
 * @returns {Item}
 */
function checked(id, file) {
  const wrong = taken.value && complaint(file, taken.value);
  return {
    id,
    file,
    preview: null,
    state: wrong ? 'refused' : 'ready',
    sent: 0,
    note: wrong?.text ?? '',
    compressible: wrong?.code === 'image_too_large' && file.size <= LARGEST_TO_COMPRESS && !/hei[cf]|svg|tiff|jxl/.test(typeOf(file)),
    abort: null,
  };
}

async function add(files) {
  const chosen = [...files];
  await askBounds();
  items.value = [...items.value, ...chosen.map((file) => {
    const item = checked(crypto.randomUUID?.() ?? `i-${Math.random().toString(36).slice(2)}`, file);
    return { ...item, preview: /^image\/(jpeg|png|webp|gif)$/.test(file.type) ? { src: URL.createObjectURL(file) } : null };
  })];
}

function remove(item) {
  item.abort?.abort();
  URL.revokeObjectURL(item.preview?.src ?? '');
  items.value = items.value.filter((one) => one.id !== item.id);
}

async function shrink(item) {
  if (taken.value === null) {
    return;
  }
  edit(item.id, { state: 'compressing', note: '' });
  try {
    const smaller = await compress(item.file, taken.value.maxImageSize);
    edit(item.id, { ...checked(item.id, smaller), preview: item.preview, note: `Compressed from ${bytes(item.file.size)} to ${bytes(smaller.size)}` });
  } catch (error) {
    edit(item.id, { state: 'refused', note: parseApiError(error).detail, compressible: false });
  }
}

/** The one listing that everything of this visit belongs to, once the first image has made it. */
let listing = /** @type {Promise<string> | null} */ (null);
ofOneUser(items, () => {
  listing = null;
});

async function announce(hostId, image, signal) {
  if (listing !== null) {
    const listingId = await listing.catch(() => null);
    if (listingId !== null) {
      return intend(hostId, listingId, [image], signal);
    }
  }
  const first = intend(hostId, null, [image], signal);
  listing = first.then((intent) => intent.listingId);
  listing.catch(() => {
    listing = null;
  });
  return first;
}

async function upload(hostId, item, order) {
  const abort = new AbortController();
  edit(item.id, { state: 'sending', sent: 0, note: '', abort });
  try {
    const contentType = typeOf(item.file);
    const intent = await announce(hostId, { imageId: item.id, contentType, fileSize: item.file.size, fileName: nameOf(item.file), isPrimary: order === 1, displayOrder: order }, abort.signal);
    const target = intent.imageUploadUrls.find((one) => one.imageId === item.id);
    if (target === undefined) {
      throw new Error('The gateway did not say where it may go.');
    }
    await put(target.uploadUrl, item.file, target.headers ?? { 'content-type': contentType }, (sent) => edit(item.id, { sent }), abort.signal);
    edit(item.id, { state: 'checking', sent: item.file.size });
    const told = await complete(hostId, intent.listingId, item.id, abort.signal);
    edit(item.id, { state: 'done', preview: item.preview ?? (told.url ? smallSources(told.url) : null), abort: null });
  } catch (error) {
    if (abort.signal.aborted) {
      edit(item.id, { state: 'cancelled', note: 'Cancelled', abort: null });
    } else {
      const problem = parseApiError(error);
      // The gateway calls it as it was announced; who reads this knows the file.
      problem.detail = problem.detail.replaceAll(item.id, item.file.name);
      edit(item.id, { state: 'failed', note: problem.detail, abort: null });
      toast.error(problem);
    }
  }
}

async function uploadAll(hostId, wanted) {
  const queue = wanted.map((item) => items.value.find((one) => one.id === item.id)).filter(Boolean);
  queue.forEach((item) => edit(item.id, { state: 'waiting', sent: 0, note: '' }));
  const next = async () => {
    for (let item = queue.shift(); item; item = queue.shift()) {
      const now = items.value.find((one) => one.id === item.id);
      if (now?.state === 'waiting') {
        await upload(hostId, now, items.value.indexOf(now) + 1);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, next));
}

const WORDS = {
  ready: 'Ready', refused: 'Not sent', compressing: 'Compressing…', waiting: 'Waiting', sending: 'Sending', checking: 'Being checked', done: 'Uploaded', failed: 'Failed', cancelled: 'Cancelled',
};

/** Pictures of one's own. */
export default function Upload() {
  const all = useStore(items);
  const who = useStore(session);
  const limits = useStore(taken);
  const [over, setOver] = useState(false);
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
  const ready = all.filter((item) => item.state === 'ready');
  const busy = all.some((item) => ['waiting', 'sending', 'checking', 'compressing'].includes(item.state));
  const done = all.filter((item) => item.state === 'done').length;
  useEffect(() => {
    askBounds();
  }, []);
  useEffect(() => {
    const paste = (event) => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (files.length > 0) {
        event.preventDefault();
        add(files);
      }
    };
    document.addEventListener('paste', paste);
    return () => document.removeEventListener('paste', paste);
  }, []);
  return h('div', null,
    h('header', { class: 'page-head' }, h('h1', null, 'Upload'),
      h('p', { class: 'muted' }, limits && `${named(limits.types)}, up to ${megabytes(limits.maxImageSize)} MB each. What is larger can be compressed here first.`),
      h(Storage, { since: done })),
    h('div', {
      class: over ? 'card drop-zone drop-over' : 'card drop-zone',
      onDragOver: (event) => {
        event.preventDefault();
        setOver(true);
      },
      onDragLeave: () => setOver(false),
      onDrop: (event) => {
        event.preventDefault();
        setOver(false);
        add(event.dataTransfer.files);
      },
    },
    icon('upload'),
    h('p', null, h('strong', null, 'Drop pictures here'), ', paste them, or'),
    h('button', { class: 'button button-primary', onClick: () => input.current?.click() }, 'Choose files'),
    h('input', {
      ref: input, type: 'file', multiple: true, accept: limits ? [...limits.types, '.heic', '.heif', '.avif', '.jxl'].join(',') : 'image/*', class: 'visually-hidden', tabIndex: -1, 'aria-label': 'Files',
      onChange: (event) => {
        add(event.currentTarget.files);
        event.currentTarget.value = '';
      },
    })),
    all.length > 0 && h('section', { 'aria-labelledby': 'uploads-title' },
      h('div', { class: 'section-head' },
        h('h2', { id: 'uploads-title' }, count(all.length, 'file')),
        h('p', { class: 'muted', role: 'status' }, done > 0 ? `${done} uploaded` : ''),
        h('div', { class: 'actions' },
          done > 0 && h('a', { class: 'button', href: '#/gallery' }, 'Open the gallery'),
          h('button', { class: 'button button-primary', disabled: ready.length === 0, 'aria-busy': busy, onClick: () => uploadAll(who.user, ready) }, icon('upload'), `Upload ${ready.length || ''}`.trim()))),
      h('ul', { class: 'entries' }, all.map((item) => h('li', { key: item.id, class: `entry entry-${item.state}`, 'data-state': item.state },
        h('div', { class: 'share-card' },
          h(ShareImage, { sources: item.preview }),
          h('div', { class: 'share-text' }, h('strong', null, item.file.name),
            h('div', { class: 'share-source' }, `${bytes(item.file.size)} · ${WORDS[item.state]}${item.state === 'sending' ? ` ${Math.round((100 * item.sent) / item.file.size)} %` : ''}`),
            ['sending', 'checking', 'compressing'].includes(item.state) && h(Progress, { label: `Upload of ${item.file.name}`, value: item.state === 'sending' ? item.sent : null, max: item.file.size }),
            item.note && h('p', { class: item.state === 'refused' || item.state === 'failed' ? 'entry-note entry-note-bad' : 'entry-note', role: item.state === 'failed' ? 'alert' : undefined }, item.note))),
        h('div', { class: 'entry-actions' },
          item.compressible && item.state === 'refused' && h('button', { class: 'button', onClick: () => shrink(item) }, 'Compress'),
          ['failed', 'cancelled'].includes(item.state) && h('button', { class: 'button', onClick: () => uploadAll(who.user, [item]) }, icon('refresh'), 'Retry'),
          item.state === 'sending' || item.state === 'checking'
            ? h('button', { class: 'button', onClick: () => item.abort?.abort() }, 'Cancel')
            : h('button', { class: 'icon-button', disabled: item.state === 'compressing', 'aria-label': `Remove ${item.file.name}`, onClick: () => remove(item) }, icon('close'))))))));
}
