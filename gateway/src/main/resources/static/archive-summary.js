import { h } from 'preact';
import { useState } from 'preact/hooks';
import { archive, change, curl, nameOf, planned } from './archive.js';
import { cancel, download, gate, retry } from './archive-download.js';
import { Countdown } from './countdown.js';
import { CopyButton } from './dialog.js';
import { bytes, count, reason } from './format.js';
import { icon } from './icons.js';
import { Progress } from './progress.js';
import { useStore } from './store.js';

/** What comes of it: options, the one button, the outcome, the same for the command line. */
export function ArchiveSummary({ busy }) {
  const { entries, filename, onError, phase, parts } = useStore(archive);
  const [showsCurl, setShowsCurl] = useState(false);
  const empty = entries.length === 0;
  const unsaved = phase === 'ended' && parts.some((part) => part.state === 'failed' || part.state === 'cancelled');
  const hasLinks = entries.some((entry) => entry.id === undefined);
  const archives = planned().length;
  return h('aside', { class: 'card builder-side', 'aria-label': 'Archive' },
    h('div', { class: 'builder-options' },
      h('label', { class: 'field' }, h('span', null, 'Archive name'),
        h('span', { class: 'with-suffix' },
          h('input', { value: filename.replace(/\.zip$/i, ''), placeholder: 'images', maxLength: 150, disabled: busy, onInput: (event) => change({ filename: event.currentTarget.value }) }),
          h('span', { 'aria-hidden': 'true' }, '.zip'))),
      h('fieldset', { class: 'field' }, h('legend', null, 'If an image fails'),
        h('div', { class: 'segmented' }, /** @type {const} */ ([['skip', 'Leave it out'], ['fail', 'No archive']]).map(([value, label]) =>
          h('label', { key: value },
            h('input', { type: 'radio', name: 'on-error', value, checked: onError === value, disabled: busy, onChange: () => change({ onError: value }) }),
            h('span', null, label)))))),
    h('div', { class: 'builder-go' },
      busy
        ? h('button', { class: 'button button-large', onClick: cancel }, icon('close'), 'Cancel')
        : h('button', { class: 'button button-primary button-large', disabled: empty, onClick: unsaved && parts.some((part) => part.state === 'saved' || part.state === 'left') ? retry : download },
          icon('download'), unsaved ? 'Try again' : archives > 1 ? `Download ${archives} ZIPs` : 'Download ZIP'),
      h('div', { class: 'summary', role: 'status' }, h(Outcome, { entries, phase, parts }))),
    h('div', { class: 'builder-options' },
      h('button', { class: 'button button-quiet', disabled: !hasLinks, 'aria-expanded': showsCurl && hasLinks, onClick: () => setShowsCurl(!showsCurl) }, 'The same with curl'),
      showsCurl && hasLinks && h('div', { class: 'curl' },
        h('pre', { tabIndex: 0, 'aria-label': 'Command' }, h('code', null, curl())),
        h(CopyButton, { text: curl(), label: 'Copy' }))));
}

/** One result, of what has happened and of nothing else. */
function Outcome({ entries, phase, parts }) {
  const { until, why } = useStore(gate.state);
  if (phase === 'idle') {
    return h('p', { class: 'muted' }, entries.length === 0 ? 'Add at least one image.' : `${count(entries.length, 'image')}, at most 5 MB each.`);
  }
  const skipped = entries.filter((entry) => entry.state === 'skipped');
  const done = entries.filter((entry) => entry.state === 'done');
  const saved = parts.filter((part) => part.state === 'saved');
  const received = parts.reduce((sum, part) => sum + part.bytes, 0);
  const failed = parts.filter((part) => part.state === 'failed');
  const finished = done.length + skipped.length;
  const ended = phase === 'ended';
  const all = parts.every((part) => part.state === 'saved' || part.state === 'left');
  const cancelled = ended && failed.length === 0 && parts.some((part) => part.state === 'cancelled');
  const waits = !ended && until !== null && until > Date.now();
  return [
    // Whoever cancelled knows how far it was.
    !cancelled && h(Progress, {
      label: 'All images',
      value: ended ? 1 : finished === 0 && received === 0 ? null : finished,
      max: ended ? 1 : entries.length,
      state: !ended ? 'running' : all ? 'done' : 'failed',
      text: `${finished} of ${entries.length} images`,
    }),
    !ended && h('p', { class: 'summary-line' },
      h('strong', null, `${finished} of ${entries.length}`),
      h('span', null, bytes(received))),
    waits && h('p', { class: 'notice' }, `${why}; `, h(Countdown, { key: until, until, before: 'continues in' }), '.'),
    ended && saved.length > 0 && h('p', { class: 'result' }, icon('check'), h('span', null, h('strong', null, 'Saved to Downloads'),
      ` · ${saved.length > 1 ? `${saved.length} ZIPs, ` : ''}${count(saved.reduce((sum, part) => sum + entries.filter((entry) => part.keys.includes(entry.key) && entry.state === 'done').length, 0), 'image')}, ${bytes(saved.reduce((sum, part) => sum + part.bytes, 0))}${skipped.length > 0 ? `; ${skipped.length} left out` : ''}`)),
    ended && parts.filter((part) => part.state === 'left').map((part) => h('p', { key: part.filename, class: 'notice' },
      `${part.filename}.zip is large: your browser downloads it, and shows how far it is.`)),
    ended && failed.map((part) => h('div', { key: part.filename, class: 'notice notice-error' },
      h('strong', null, parts.length > 1 ? `${part.filename}.zip: ${part.problem?.title}` : part.problem?.title), h('p', null, part.problem?.text))),
    ended && parts.some((part) => part.state === 'cancelled') && h('p', { class: 'notice' }, saved.length > 0 ? 'Cancelled; the rest was not saved.' : 'Cancelled. Nothing was saved.'),
    skipped.length > 0 && h('div', { class: 'skipped' },
      h('h3', null, `${count(skipped.length, 'image')} ${ended && saved.length === 0 ? 'not fetched' : 'left out'}`),
      h('ul', null, skipped.map((entry) => h('li', { key: entry.key }, h('strong', null, nameOf(entry)), ' ', reason(entry.code))))),
  ];
}
