import { h } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { call } from '../api.js';
import {
  MOST_ENTRIES, MOST_IMAGES, addOwn, addUrls, archive, move, nameOf, planned, remove, removeAll, rename, restore,
} from '../archive.js';
import { ArchiveSummary } from '../archive-summary.js';
import { bytes, count, reason } from '../format.js';
import { icon } from '../icons.js';
import { titleOf } from '../image-grid.js';
import { ImagePicker } from '../image-picker.js';
import { dropped, hostOf, nameInUrl, smallSources } from '../image-url.js';
import { NameInput } from '../name-input.js';
import { previews, want } from '../previews.js';
import { Progress } from '../progress.js';
import { hrefOf } from '../router.js';
import { ShareCard } from '../share-card.js';
import { session, toSignIn } from '../session.js';
import { useStore } from '../store.js';
import { toast } from '../toast.js';

const SAMPLES = 6;

/** Many remote images as one archive. */
export default function ZipBuilder() {
  const { entries, phase } = useStore(archive);
  const busy = phase === 'running';
  return h('div', { class: 'builder' },
    h('div', { class: 'builder-main' },
      h('header', { class: 'page-head' },
        h('h1', null, 'Many pictures, one ZIP'),
        entries.length === 0 && h('p', { class: 'muted' }, 'Paste links to pictures, or any text that has some. The gateway fetches them side by side, checks each, and streams the archive as it grows.')),
      h(Adder, { busy }),
      entries.length > 0 ? h(Entries, { busy }) : h(How, null)),
    h(ArchiveSummary, { busy }));
}

/** What there is to know before there is a list. */
function How() {
  return h('ul', { class: 'how', 'aria-label': 'What to know' },
    /** @type {const} */ ([['zip', 'Up to 20 images a ZIP', 'Each of 5 MB at most. More of them become a second ZIP.'],
      ['check', 'Whole or not at all', 'An image that fails leaves no trace but a line in the manifest.'],
      ['lock', 'The ZIP is yours alone', 'It passes through on its way to you, and is not kept.']])
      .map(([sign, title, text]) => h('li', { key: title }, icon(sign), h('strong', null, title), h('p', null, text))));
}

/** What came of a text, so that nothing is lost without a word. */
function outcome(result) {
  const notes = [];
  if (result.added > 0) {
    notes.push(`${count(result.added, 'link')} added.`);
  }
  if (result.repeated > 0) {
    notes.push(`${result.repeated} already in the list.`);
  }
  if (result.others.length > 0) {
    notes.push(`${count(result.others.length, 'link')} left out, leading to no picture.`);
  }
  if (result.relative.length > 0) {
    notes.push(`${count(result.relative.length, 'address', 'addresses')} left out, without the server's name: ${result.relative.slice(0, 2).join(', ')}.`);
  }
  if (result.tooMany > 0) {
    notes.push(`A list holds ${MOST_ENTRIES}: ${count(result.tooMany, 'link')} left in the box above.`);
  }
  const links = archive.value.entries.filter((entry) => entry.id === undefined).length;
  if (links > MOST_IMAGES && result.added > 0) {
    notes.push(`A ZIP holds ${MOST_IMAGES} links: the list becomes ${planned().length} of them.`);
  }
  return notes.join(' ') || 'No link to a picture in that text.';
}

/** Where links come in: typed, pasted, dropped, from the samples, from one's own gallery. */
function Adder({ busy }) {
  const who = useStore(session);
  const [text, setText] = useState('');
  const [note, setNote] = useState('');
  const [over, setOver] = useState(false);
  const [picking, setPicking] = useState(false);
  const { entries } = useStore(archive);
  const empty = entries.length === 0;
  useEffect(() => {
    if (empty) {
      setNote(''); // what was said of a list that is gone
    }
  }, [empty]);
  const add = (wanted) => {
    const result = addUrls(wanted);
    setNote(outcome(result));
    return result;
  };
  const submit = (event) => {
    event.preventDefault();
    const result = add(text);
    const nothing = result.added === 0 && result.repeated === 0;
    setText(nothing ? text : result.left.join('\n'));
  };
  const drop = (event) => {
    event.preventDefault();
    setOver(false);
    if (busy) {
      return;
    }
    const text = dropped(event.dataTransfer) || event.dataTransfer.getData('text/plain');
    if (text) {
      add(text);
    } else if (event.dataTransfer.files.length > 0) {
      setNote('Files of yours go to the page Upload; here come links to pictures.');
    }
  };
  useEffect(() => {
    const paste = (event) => {
      const pasted = event.clipboardData?.getData('text/plain') || event.clipboardData?.getData('text/html') || '';
      if (pasted && !busy && !(event.target instanceof Element && event.target.closest('input, textarea, dialog'))) {
        event.preventDefault();
        add(pasted);
      }
    };
    document.addEventListener('paste', paste);
    return () => document.removeEventListener('paste', paste);
  }, [busy]);
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
    h('label', { class: 'field' }, h('span', null, 'Image links'),
      h('textarea', {
        rows: 3,
        value: text,
        disabled: busy,
        spellcheck: false,
        placeholder: 'https://example.com/one.jpg, or any text with links in it: Markdown, HTML, CSV, JSON',
        onInput: (event) => setText(event.currentTarget.value),
        onKeyDown: (event) => event.key === 'Enter' && (event.ctrlKey || event.metaKey) && submit(event),
      })),
    h('div', { class: 'actions' },
      h('button', { class: 'button button-primary', disabled: busy || !text.trim() }, icon('plus'), 'Add'),
      who.user !== null && h('button', { type: 'button', class: 'button', disabled: busy, onClick: () => setPicking(true) }, icon('gallery'), 'From my gallery…'),
      who.developmentLogin && h('button', { type: 'button', class: 'button button-quiet', disabled: busy, onClick: () => samples(false) }, icon('picture'), 'Sample pictures'),
      who.developmentLogin && h('button', { type: 'button', class: 'button button-quiet', disabled: busy, onClick: () => samples(true) }, icon('warning'), 'Samples, some broken')),
    h('p', { class: 'hint', 'aria-live': 'polite' }, note || h('span', { class: 'desktop-only' }, 'Or drop links or pictures of other windows here. Ctrl + Enter adds.'))),
    picking && h(ImagePicker, {
      title: 'Pictures of your gallery',
      action: 'Add to the list',
      onClose: () => setPicking(false),
      onPick: (images) => {
        setPicking(false);
        setNote(outcome({ ...addOwn(images.map((image) => ({ id: image.id, name: titleOf(image) }))), others: [], relative: [] }).replaceAll('link', 'picture'));
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
  const archives = planned().length;
  const shown = useStore(previews);
  const stranger = who.known && who.user === null;
  useEffect(() => {
    if (stranger) {
      want(entries.map((entry) => entry.url));
    }
  }, [stranger, entries]);
  const clear = () => {
    removeAll();
    toast.undo(`${count(entries.length, 'image')} removed`, () => restore(entries));
  };
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
      h('h2', { id: 'entries-title' }, count(entries.length, 'image'), archives > 1 && h('span', { class: 'muted' }, ` · ${archives} ZIPs`)),
      h('button', { class: 'button button-quiet', disabled: busy, onClick: clear }, 'Remove all')),
    stranger && shown.refused && h('p', { class: 'hint' }, icon('info'), ' The ZIP is for everybody; previews are for people who are signed in. ',
      h('a', { href: hrefOf('/sign-in'), onClick: (event) => {
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
      sources: entry.id ? smallSources(`/api/images/${entry.id}/file`) : stranger ? shown.known.get(entry.url)?.sources ?? null : undefined,
      showImage: who.user !== null || entry.id === undefined,
      source: h('span', { title: entry.url }, entry.id ? 'My gallery' : hostOf(entry.url)),
      title: h(NameInput, {
        label: `Name in the archive of image ${index + 1}`,
        value: entry.name,
        placeholder: entry.id ? 'Picture of mine' : nameInUrl(entry.url),
        disabled: busy || entry.id !== undefined,
        maxLength: 200,
        onRename: (name) => rename(entry.key, name),
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
    done: entry.bytes > 0 ? bytes(entry.bytes) : 'Done', // of one's own nothing more is told
    skipped: reason(entry.code),
  };
  return h('div', { class: 'entry-state' },
    entry.state === 'downloading' && h(Progress, { label: `Image ${nameOf(entry)}`, text: bytes(entry.bytes) }),
    entry.state === 'done' && icon('check'),
    entry.state === 'skipped' && icon('warning'),
    h('span', { 'data-state': entry.state }, texts[entry.state]));
}
