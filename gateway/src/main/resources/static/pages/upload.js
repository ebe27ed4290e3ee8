import { h } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Countdown } from '../countdown.js';
import { bytes, count } from '../format.js';
import { icon } from '../icons.js';
import { dropped } from '../image-url.js';
import { Progress } from '../progress.js';
import { Storage } from '../quota.js';
import { linkTo, navigate } from '../router.js';
import { ShareImage } from '../share-card.js';
import { useStore } from '../store.js';
import { megabytes } from '../upload-client.js';
import { UNDER_WAY, add, askBounds, cancel, cancelAll, gate, items, remove, shrink, taken, uploadAll } from '../upload-queue.js';
import { kinds } from '../words.js';

const WORDS = {
  ready: 'Ready', refused: 'Not sent', compressing: 'Compressing…', waiting: 'Waiting', sending: 'Sending', checking: 'Being checked', done: 'Uploaded', failed: 'Failed', cancelled: 'Cancelled',
};

/** Pictures of one's own. */
export default function Upload() {
  const all = useStore(items);
  const limits = useStore(taken);
  const [over, setOver] = useState(false);
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
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
  const drop = (event) => {
    event.preventDefault();
    setOver(false);
    const link = dropped(event.dataTransfer);
    if (event.dataTransfer.files.length > 0) {
      add(event.dataTransfer.files);
    } else if (link) {
      navigate(`/import?${new URLSearchParams({ text: link })}`, { state: { dropped: true } });
    }
  };
  return h('div', null,
    h('header', { class: 'page-head' }, h('h1', null, 'Upload'),
      h('p', { class: 'muted' }, limits && `${kinds(limits.types)}, up to ${megabytes(limits.maxImageSize)} MB each. What is larger can be compressed here first.`),
      h(Storage, { since: done })),
    h('div', {
      class: `card drop-zone${over ? ' drop-over' : ''}${all.length > 0 ? ' drop-zone-small' : ''}`,
      onDragOver: (event) => {
        event.preventDefault();
        setOver(true);
      },
      onDragLeave: () => setOver(false),
      onDrop: drop,
    },
    icon('upload'),
    h('p', null, h('strong', null, 'Drop pictures here'), ', paste them, or'),
    h('button', { class: 'button button-primary', onClick: () => input.current?.click() }, 'Choose files'),
    h('a', { class: 'button button-quiet', ...linkTo('/import') }, 'Import by link'),
    h('input', {
      ref: input, type: 'file', multiple: true, accept: 'image/*,.heic,.heif,.avif,.jxl', class: 'visually-hidden', tabIndex: -1, 'aria-label': 'Files',
      onChange: (event) => {
        add(event.currentTarget.files ?? []);
        event.currentTarget.value = '';
      },
    })),
    all.length > 0 && h('section', { 'aria-labelledby': 'uploads-title' },
      h(Queue, { all, done }),
      h('ul', { class: 'entries' }, all.map((item) => h(Row, { key: item.id, item })))));
}

/** All of them: how far, what holds them up, what can be done. */
function Queue({ all, done }) {
  const { paused, until, why } = useStore(gate.state);
  const ready = all.filter((item) => item.state === 'ready');
  const runs = all.filter((item) => UNDER_WAY.includes(item.state)).length;
  const again = all.filter((item) => item.state === 'failed' || item.state === 'cancelled');
  const failed = all.filter((item) => item.state === 'failed').length;
  const wanted = all.filter((item) => item.state !== 'ready' && item.state !== 'refused').length;
  const waits = runs > 0 && !paused && until !== null && until > Date.now();
  return h('div', { class: 'queue' },
    h('div', { class: 'section-head' },
      h('h2', { id: 'uploads-title' }, count(all.length, 'file')),
      h('p', { class: 'muted', role: 'status' },
        runs > 0 ? `${done} of ${wanted} uploaded` : done > 0 ? `${done} uploaded${failed > 0 ? `, ${failed} failed` : ''}` : failed > 0 ? `${failed} failed` : ''),
      h('div', { class: 'actions' },
        done > 0 && runs === 0 && h('a', { class: 'button', ...linkTo('/gallery') }, 'Open the gallery'),
        runs > 0 && h('button', { class: 'button', onClick: () => gate.setPaused(!paused) }, icon(paused ? 'play' : 'pause'), paused ? 'Go on' : 'Pause'),
        runs > 0 && h('button', { class: 'button', onClick: cancelAll }, 'Cancel all'),
        runs === 0 && again.length > 0 && h('button', { class: 'button', onClick: () => uploadAll(again) }, icon('refresh'), again.length === 1 ? 'Retry' : `Retry all ${again.length}`),
        h('button', { class: 'button button-primary', disabled: ready.length === 0, onClick: () => uploadAll(ready) }, icon('upload'), `Upload ${ready.length || ''}`.trim()))),
    wanted > 0 && h(Progress, { label: 'All uploads', value: done, max: wanted, text: `${done} of ${wanted}`, state: runs > 0 ? 'running' : failed > 0 ? 'failed' : 'done' }),
    h('p', { class: 'hint queue-note', role: 'status' },
      paused && runs > 0 && 'Paused. Files that were under way are finished.',
      waits && [`${why}; `, h(Countdown, { key: until, until, before: 'continues in' }), '.']));
}

/** @param {{item: import('../upload-queue.js').Item}} props */
function Row({ item }) {
  return h('li', { class: `entry entry-${item.state}`, 'data-state': item.state },
    h('div', { class: 'share-card' },
      h(ShareImage, { sources: item.preview }),
      h('div', { class: 'share-text' }, h('strong', null, item.file.name),
        h('div', { class: 'share-source' }, `${bytes(item.file.size)} · ${WORDS[item.state]}${item.state === 'sending' ? ` ${Math.round((100 * item.sent) / item.file.size)} %` : ''}`),
        ['sending', 'checking', 'compressing'].includes(item.state) && h(Progress, { label: `Upload of ${item.file.name}`, value: item.state === 'sending' ? item.sent : null, max: item.file.size }),
        item.note && h('p', { class: item.state === 'refused' || item.state === 'failed' ? 'entry-note entry-note-bad' : 'entry-note' }, item.note))),
    h('div', { class: 'entry-actions' },
      item.state === 'refused' && item.remedy === 'smaller' && h('button', { class: 'button', onClick: () => shrink(item) }, 'Compress'),
      item.state === 'refused' && item.remedy === 'convert' && h('button', { class: 'button', onClick: () => shrink(item), title: 'Its first picture, if it moves' }, 'Convert to JPEG'),
      ['sending', 'checking', 'waiting'].includes(item.state)
        ? h('button', { class: 'icon-button', 'aria-label': `Cancel ${item.file.name}`, title: 'Cancel', onClick: () => cancel(item) }, icon('close'))
        : h('button', { class: 'icon-button', disabled: item.state === 'compressing', 'aria-label': `Remove ${item.file.name}`, onClick: () => remove(item) }, icon('close'))));
}
