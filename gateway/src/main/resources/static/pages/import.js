import { h } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Countdown } from '../countdown.js';
import { count } from '../format.js';
import { icon } from '../icons.js';
import { dropped, hostOf, nameInUrl, smallSources } from '../image-url.js';
import { addText, cancelAll, clear, gate, imports, isRunning, rename, retryAll } from '../import-queue.js';
import { NameInput } from '../name-input.js';
import { Progress } from '../progress.js';
import { linkTo, navigate } from '../router.js';
import { ShareImage } from '../share-card.js';
import { useStore } from '../store.js';

const WORDS = { waiting: 'Waiting', running: 'Being fetched', done: 'In your gallery', failed: 'Failed', cancelled: 'Cancelled' };

/** Pictures of other sites become one's own. */
export default function Import({ query }) {
  const all = useStore(imports);
  const { until, why } = useStore(gate.state);
  const [text, setText] = useState('');
  const [note, setNote] = useState('');
  const [over, setOver] = useState(false);
  const add = (wanted) => {
    const result = addText(wanted);
    setNote([
      result.added > 0 && `${count(result.added, 'picture')} to fetch.`,
      result.repeated > 0 && `${result.repeated} there already.`,
      result.others.length > 0 && `${count(result.others.length, 'link')} left out, leading to no picture.`,
      result.tooMany > 0 && `${count(result.tooMany, 'link')} left out: too many at once.`,
    ].filter(Boolean).join(' ') || 'No link to a picture in that text.');
    return result;
  };
  useEffect(() => {
    const brought = query.get('text');
    if (brought) {
      if (history.state?.dropped) {
        add(brought);
      } else {
        setText(brought); // a link that anybody may have made: it imports nothing by itself
        setNote('These links came with the address of this page. Import fetches them.');
      }
      navigate('/import', { replace: true });
    }
  }, []);
  const submit = (event) => {
    event.preventDefault();
    const result = add(text);
    if (result.added + result.repeated > 0) {
      setText('');
    }
  };
  const drop = (event) => {
    event.preventDefault();
    setOver(false);
    add(dropped(event.dataTransfer) || event.dataTransfer.getData('text/plain'));
  };
  const runs = isRunning();
  const done = all.filter((one) => one.state === 'done').length;
  const again = all.filter((one) => one.state === 'failed' || one.state === 'cancelled').length;
  return h('div', null,
    h('header', { class: 'page-head' }, h('h1', null, 'Import by link'),
      h('p', { class: 'muted' }, 'Pictures of other sites become yours: paste their links, or drag a picture here from another window.')),
    h('form', {
      class: over ? 'card drop drop-over' : 'card drop',
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
        rows: 3, value: text, spellcheck: false, placeholder: 'https://example.com/one.jpg, or any text with links in it',
        onInput: (event) => setText(event.currentTarget.value),
        onKeyDown: (event) => event.key === 'Enter' && (event.ctrlKey || event.metaKey) && submit(event),
      })),
    h('div', { class: 'actions' },
      h('button', { class: 'button button-primary', disabled: !text.trim() }, icon('link'), 'Import'),
      h('a', { class: 'button button-quiet', ...linkTo('/upload') }, 'Upload files')),
    h('p', { class: 'hint', 'aria-live': 'polite' }, note || h('span', { class: 'desktop-only' }, 'Ctrl + Enter imports.'))),
    all.length > 0 && h('section', { class: 'queue', 'aria-labelledby': 'imports-title' },
      h('div', { class: 'section-head' },
        h('h2', { id: 'imports-title' }, count(all.length, 'link')),
        h('p', { class: 'muted', role: 'status' }, `${done} of ${all.length} imported`),
        h('div', { class: 'actions' },
          runs && h('button', { class: 'button', onClick: cancelAll }, 'Cancel all'),
          !runs && again > 0 && h('button', { class: 'button', onClick: retryAll }, icon('refresh'), again === 1 ? 'Retry' : `Retry all ${again}`),
          !runs && h('button', { class: 'button', onClick: clear }, 'Clear'),
          done > 0 && h('a', { class: 'button button-primary', ...linkTo('/gallery') }, 'Open the gallery'))),
      h(Progress, { label: 'All imports', value: done, max: all.length, text: `${done} of ${all.length}`, state: runs ? 'running' : again > 0 ? 'failed' : 'done' }),
      h('p', { class: 'hint queue-note', role: 'status' },
        runs && until !== null && until > Date.now() && [`${why}; `, h(Countdown, { key: until, until, before: 'continues in' }), '.']),
      h('ul', { class: 'entries' }, all.map((one) => h('li', { key: one.url, class: `entry entry-${one.state}`, 'data-state': one.state },
        h('div', { class: 'share-card' },
          h(ShareImage, { sources: one.file ? smallSources(one.file) : null }),
          h('div', { class: 'share-text' }, 
            h(NameInput, {
              label: `Name of ${nameInUrl(one.url)}`,
              value: one.name ?? '',
              placeholder: nameInUrl(one.url),
              maxLength: 255,
              // What was kept of an earlier release does not tell which picture it became.
              disabled: one.state === 'done' && one.id === undefined,
              onRename: (name) => rename(one.url, name),
            }),
            h('div', { class: 'share-source', title: one.url }, `${hostOf(one.url)} · ${WORDS[one.state]}`),
            one.state === 'running' && h(Progress, { label: `Import of ${nameInUrl(one.url)}` }),
            one.note && h('p', { class: one.state === 'failed' ? 'entry-note entry-note-bad' : 'entry-note' }, one.note))))))));
}
