import { h } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { call, save, urlOf } from '../api.js';
import {
  MOST_IMAGES, addUrls, archive, change, curl, download, move, nameOf, remove, removeAll, rename,
} from '../archive.js';
import { CopyButton } from '../dialog.js';
import { bytes, count, reason } from '../format.js';
import { icon } from '../icons.js';
import { ImagePicker } from '../image-picker.js';
import { hostOf, nameInUrl } from '../image-url.js';
import { Progress } from '../progress.js';
import { ShareCard } from '../share-card.js';
import { session, toSignIn } from '../session.js';
import { useStore } from '../store.js';
import { toast } from '../toast.js';

const SAMPLES = 6;
const BUSY = ['starting', 'waiting', 'running'];

/** Many remote images as one archive. */
export default function ZipBuilder() {
  const { entries, phase } = useStore(archive);
  const busy = BUSY.includes(phase);
  return h('div', { class: 'builder' },
    h('div', { class: 'builder-main' },
      h('header', { class: 'page-head' },
        h('h1', null, 'Many pictures, one ZIP'),
        h('p', { class: 'muted' }, 'Paste addresses of images. The gateway fetches them side by side, checks each, and streams the archive as it grows.')),
      h(Adder, { busy }),
      entries.length > 0 ? h(Entries, { busy }) : h(How, null)),
    h(Summary, { busy }));
}

/** What there is to know before there is a list. */
function How() {
  return h('ul', { class: 'how', 'aria-label': 'What to know' },
    /** @type {const} */ ([['zip', 'Up to 20 images', 'Each of 5 MB at most, in the order you give them.'],
      ['check', 'Whole or not at all', 'An image that fails leaves no trace but a line in the manifest.'],
      ['lock', 'Nothing is kept', 'What is fetched passes through, on its way to you.']])
      .map(([sign, title, text]) => h('li', { key: title }, icon(sign), h('strong', null, title), h('p', null, text))));
}

function tell(result) {
  const notes = [];
  if (result.bad.length > 0) {
    notes.push(`${count(result.bad.length, 'word')} left out, being no web address: ${result.bad.slice(0, 3).join(', ')}`);
  }
  if (result.repeated > 0) {
    notes.push(`${result.repeated} already in the list.`);
  }
  if (result.tooMany > 0) {
    notes.push(`An archive holds ${MOST_IMAGES} images: ${result.tooMany} left out.`);
  }
  return notes.join(' ');
}

/** Where addresses come in: typed, pasted, dropped, from the samples. */
function Adder({ busy }) {
  const who = useStore(session);
  const [text, setText] = useState('');
  const [note, setNote] = useState('');
  const [over, setOver] = useState(false);
  const [picking, setPicking] = useState(false);
  const add = (wanted) => {
    const result = addUrls(wanted);
    setNote(tell(result));
    return result;
  };
  const submit = (event) => {
    event.preventDefault();
    const result = add(text);
    setText(result.bad.join('\n'));
  };
  const drop = (event) => {
    event.preventDefault();
    setOver(false);
    const dropped = event.dataTransfer.getData('text/uri-list') || event.dataTransfer.getData('text/plain');
    if (dropped) {
      add(dropped.split('\n').filter((line) => !line.startsWith('#')).join('\n'));
    } else if (event.dataTransfer.files.length > 0) {
      setNote('Files of yours go to the page Upload; here come addresses of images.');
    }
  };
  useEffect(() => {
    const paste = (event) => {
      const pasted = event.clipboardData?.getData('text/plain') ?? '';
      if (pasted && !(event.target instanceof Element && event.target.closest('input, textarea, dialog'))) {
        event.preventDefault();
        add(pasted);
      }
    };
    document.addEventListener('paste', paste);
    return () => document.removeEventListener('paste', paste);
  }, []);
  const samples = async (withBad) => {
    try {
      const known = await call('GET', 'samples');
      add([...known.pictures.slice(0, SAMPLES), ...(withBad ? known.misbehaving.map((one) => one.url) : [])].join('\n'));
    } catch (error) {
      toast.error(error);
    }
  };
  return h('section', { class: 'card' },
    h('form', {
      class: over ? 'drop drop-over' : 'drop',
      onSubmit: submit,
      onDragOver: (event) => {
        event.preventDefault();
        setOver(true);
      },
      onDragLeave: () => setOver(false),
      onDrop: drop,
    },
    h('label', { class: 'field' }, h('span', null, 'Addresses of images'),
      h('textarea', {
        rows: 3,
        value: text,
        disabled: busy,
        spellcheck: false,
        placeholder: 'https://example.com/one.jpg\nhttps://example.com/two.png',
        onInput: (event) => setText(event.currentTarget.value),
        onKeyDown: (event) => event.key === 'Enter' && (event.ctrlKey || event.metaKey) && submit(event),
      })),
    h('div', { class: 'actions' },
      h('button', { class: 'button button-primary', disabled: busy || !text.trim() }, icon('plus'), 'Add'),
      who.developmentLogin && h('button', { type: 'button', class: 'button', disabled: busy, onClick: () => samples(false) }, icon('picture'), 'Sample pictures'),
      who.developmentLogin && h('button', { type: 'button', class: 'button', disabled: busy, onClick: () => samples(true) }, icon('warning'), 'Samples, some bad'),
      who.user !== null && h('button', { type: 'button', class: 'button', onClick: () => setPicking(true) }, icon('gallery'), 'From my gallery…')),
    h('p', { class: 'hint', 'aria-live': 'polite' }, note || 'Or drop links here. Ctrl + Enter adds.')),
    picking && h(ImagePicker, {
      title: 'Pictures of your gallery as a ZIP',
      action: 'Download as ZIP',
      onClose: () => setPicking(false),
      onPick: (images) => {
        setPicking(false);
        save(urlOf('api/images/zip', { ids: images.map((image) => image.id).join(',') }));
      },
    }));
}

/** The list, in the order of the archive. */
function Entries({ busy }) {
  const { entries } = useStore(archive);
  const who = useStore(session);
  const [dragged, setDragged] = useState(-1);
  const [said, setSaid] = useState('');
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  const shift = (from, to, button) => {
    move(from, to);
    setSaid(`${nameOf(entries[from])}: now ${to + 1} of ${entries.length}`);
    // The button has moved with its row; at the ends its twin takes over.
    requestAnimationFrame(() => {
      const row = list.current?.children[to];
      const wanted = row?.querySelector(`[data-move="${button}"]:not(:disabled)`) ?? row?.querySelector('[data-move]:not(:disabled)');
      /** @type {HTMLElement | null | undefined} */ (wanted)?.focus();
    });
  };
  return h('section', { 'aria-labelledby': 'entries-title' },
    h('div', { class: 'section-head' },
      h('h2', { id: 'entries-title' }, `${entries.length} of ${MOST_IMAGES} images`),
      h('button', { class: 'button button-quiet', disabled: busy, onClick: removeAll }, 'Remove all')),
    who.known && who.user === null && h('p', { class: 'hint' }, icon('info'), ' The ZIP is for everybody; previews are for who is signed in. ',
      h('a', { href: '#/sign-in', onClick: (event) => {
        event.preventDefault();
        toSignIn();
      } }, 'Sign in')),
    h('ol', { class: 'entries', ref: list }, entries.map((entry, index) => h('li', {
      key: entry.key,
      class: `entry entry-${entry.state}${dragged === index ? ' entry-dragged' : ''}`,
      onDragOver: (event) => {
        if (dragged >= 0) {
          event.preventDefault();
          event.stopPropagation();
          if (dragged !== index) {
            move(dragged, index);
            setDragged(index);
          }
        }
      },
      onDrop: (event) => event.preventDefault(),
    },
    h('span', {
      class: 'grip',
      draggable: !busy,
      'aria-hidden': 'true',
      onDragStart: (event) => {
        event.dataTransfer.effectAllowed = 'move';
        event.dataTransfer.setData('application/x-sluice-entry', String(index));
        event.dataTransfer.setDragImage(event.currentTarget.closest('li'), 12, 12);
        setDragged(index);
      },
      onDragEnd: () => setDragged(-1),
    }, icon('grip')),
    h(ShareCard, {
      imageUrl: entry.url,
      showImage: who.user !== null,
      source: h('span', { title: entry.url }, hostOf(entry.url)),
      title: h('input', {
        class: 'entry-name',
        'aria-label': `Name in the archive of image ${index + 1}`,
        value: entry.name,
        placeholder: nameInUrl(entry.url),
        disabled: busy,
        maxLength: 200,
        onChange: (event) => rename(entry.key, event.currentTarget.value),
      }),
    },
    h(EntryState, { entry })),
    h('div', { class: 'entry-actions' },
      h('button', { class: 'icon-button', 'data-move': 'up', disabled: busy || index === 0, 'aria-label': `Move ${nameOf(entry)} up`, onClick: () => shift(index, index - 1, 'up') }, icon('up')),
      h('button', { class: 'icon-button', 'data-move': 'down', disabled: busy || index === entries.length - 1, 'aria-label': `Move ${nameOf(entry)} down`, onClick: () => shift(index, index + 1, 'down') }, icon('down')),
      h('button', { class: 'icon-button', disabled: busy, 'aria-label': `Remove ${nameOf(entry)}`, onClick: () => remove(entry.key) }, icon('close')))))),
    h('p', { class: 'visually-hidden', 'aria-live': 'polite' }, said));
}

function EntryState({ entry }) {
  const texts = {
    ready: '',
    queued: 'Waiting',
    downloading: bytes(entry.bytes),
    done: bytes(entry.bytes),
    skipped: reason(entry.code),
  };
  return h('div', { class: 'entry-state' },
    entry.state === 'downloading' && h(Progress, { label: `Image ${nameOf(entry)}`, text: bytes(entry.bytes) }),
    entry.state === 'done' && icon('check'),
    entry.state === 'skipped' && icon('warning'),
    h('span', { 'data-state': entry.state }, texts[entry.state]));
}

/** What comes of it: options, progress in all, the outcome, the same for the command line. */
function Summary({ busy }) {
  const { entries, filename, onError, phase, totals, link } = useStore(archive);
  const [showsCurl, setShowsCurl] = useState(false);
  const start = () => download().catch(toast.error);
  const empty = entries.length === 0;
  return h('aside', { class: 'card builder-side', 'aria-label': 'Archive' },
    h('label', { class: 'field' }, h('span', null, 'Archive name'),
      h('span', { class: 'with-suffix' },
        h('input', { value: filename.replace(/\.zip$/i, ''), placeholder: 'images', maxLength: 150, disabled: busy, onInput: (event) => change({ filename: event.currentTarget.value }) }),
        h('span', { 'aria-hidden': 'true' }, '.zip'))),
    h('fieldset', { class: 'field' }, h('legend', null, 'If an image fails'),
      h('div', { class: 'segmented' }, /** @type {const} */ ([['skip', 'Leave it out'], ['fail', 'No archive']]).map(([value, label]) =>
        h('label', { key: value },
          h('input', { type: 'radio', name: 'on-error', value, checked: onError === value, disabled: busy, onChange: () => change({ onError: value }) }),
          h('span', null, label))))),
    h('button', { class: 'button button-primary button-large', disabled: busy || empty, 'aria-busy': busy, onClick: start },
      icon('download'), busy ? 'Downloading…' : 'Download ZIP'),
    h('div', { class: 'summary', role: 'status' }, h(Outcome, { entries, phase, totals, onError, link })),
    h('button', { class: 'button button-quiet', disabled: empty, 'aria-expanded': showsCurl && !empty, onClick: () => setShowsCurl(!showsCurl) }, 'The same with curl'),
    showsCurl && !empty && h('div', { class: 'curl' },
      h('pre', { tabIndex: 0, 'aria-label': 'Command' }, h('code', null, curl())),
      h(CopyButton, { text: curl(), label: 'Copy' })));
}

function Outcome({ entries, phase, totals, onError, link }) {
  const skipped = entries.filter((entry) => entry.state === 'skipped');
  const finished = totals === null ? 0 : totals.done + totals.skipped;
  const by = link !== null && h('a', { href: link, download: '' }, 'Download by hand');
  if (phase === 'idle') {
    return h('p', { class: 'muted' }, entries.length === 0 ? 'Add at least one image.' : `${count(entries.length, 'image')}, at most 5 MB each.`);
  }
  if (phase === 'unseen') {
    return [h('p', null, 'The download goes on; how far it is cannot be seen from here. '), by];
  }
  const failed = phase === 'ended' && (totals.done === 0 || (onError === 'fail' && totals.skipped > 0));
  return [
    h(Progress, {
      label: 'All images',
      value: phase === 'ended' ? 1 : totals === null ? null : finished,
      max: phase === 'ended' ? 1 : totals?.images,
      state: phase !== 'ended' ? 'running' : failed ? 'failed' : 'done',
      text: `${finished} of ${entries.length} images`,
    }),
    h('p', { class: 'summary-line' },
      h('strong', null, phase !== 'ended' ? `${finished} of ${entries.length}` : failed ? 'No archive' : count(totals.done, 'image')),
      h('span', null, bytes(totals?.bytes ?? 0))),
    phase === 'ended' && failed && h('p', null, totals.done === 0 ? 'Not one of the images could be had.' : 'One failed, and you wanted all or nothing.'),
    phase === 'ended' && !failed && h('p', { class: 'muted' }, 'It is with your other downloads.'),
    skipped.length > 0 && h('div', { class: 'skipped' },
      h('h3', null, `${count(skipped.length, 'image')} left out`),
      h('ul', null, skipped.map((entry) => h('li', { key: entry.key }, h('strong', null, nameOf(entry)), ' ', reason(entry.code), ' ', h('code', null, entry.code))))),
    phase === 'waiting' && by,
  ];
}
