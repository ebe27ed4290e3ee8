import { h } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { call } from '../api.js';
import { Chart } from '../chart.js';
import { confirmed } from '../dialog.js';
import { bytes, count, duration, reason, when } from '../format.js';
import { icon } from '../icons.js';
import { ImageGrid } from '../image-grid.js';
import { Listing, useImages } from '../image-list.js';
import { navigate } from '../router.js';
import { session } from '../session.js';
import { ShareCard } from '../share-card.js';
import { useStore } from '../store.js';
import { parseApiError, toast } from '../toast.js';
import { kind } from '../words.js';

const TABS = [['overview', 'Overview', Overview], ['images', 'Images', Images], ['limits', 'Limits', Limits], ['cache', 'Cache', Cache]];

/** For who looks after the gateway. */
export default function Admin({ query }) {
  const chosen = TABS.find(([name]) => name === query.get('tab')) ?? TABS[0];
  const keys = (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step) {
      const next = TABS[(TABS.indexOf(chosen) + step + TABS.length) % TABS.length];
      navigate(`/admin?tab=${next[0]}`);
      event.currentTarget.querySelector(`#tab-${next[0]}`)?.focus();
    }
  };
  return h('div', null,
    h('header', { class: 'page-head' }, h('h1', null, 'Admin')),
    h('div', { class: 'tabs', role: 'tablist', 'aria-label': 'Admin', onKeyDown: keys },
      TABS.map(([name, title]) => h('button', {
        key: name, id: `tab-${name}`, role: 'tab', 'aria-selected': name === chosen[0], 'aria-controls': 'tab-panel', tabIndex: name === chosen[0] ? 0 : -1, onClick: () => navigate(`/admin?tab=${name}`),
      }, title))),
    h('div', { id: 'tab-panel', role: 'tabpanel', 'aria-labelledby': `tab-${chosen[0]}`, tabIndex: 0 }, h(chosen[2], { key: chosen[0] })));
}

const PERIOD = 5_000;
/** Steps of the overview that count as now. */
const RECENT = 20;

/** What a limit bounds, for people. */
const LIMITS = {
  'ip': 'Requests of an address, not signed in', 'user': 'Requests', 'image-proxy': 'Images shown', 'anonymous-images': 'Images shown to an address, not signed in',
  'gallery': 'Gallery requests', 'uploads': 'Upload requests', 'image-minute': 'Images generated a minute', 'ai-endpoint': 'Questions to the assistant a minute',
  'image-day': 'Images generated a day', 'training-day': 'Trainings a day', 'ai-day': 'Questions to the assistant a day', 'ai-day-tokens': 'Tokens of the assistant a day',
  'anonymous-ai': 'Questions of an address, not signed in', 'anonymous-tokens': 'Tokens of an address, not signed in', 'zip-slots': 'Archives at once',
  'anonymous-slots': 'Archives of an address at once', 'event-slots': 'Progress listeners at once', 'anonymous-events': 'Progress listeners of an address at once',
  'training-slots': 'Trainings at once', 'ai-slots': 'Questions at once', 'zip-bytes': 'Bytes of archives an hour', 'anonymous-bytes': 'Bytes of archives of an address an hour',
  'ai-hour': 'Questions of everybody an hour', 'ai-hour-tokens': 'Tokens of everybody an hour',
};
const inWords = (limit) => LIMITS[limit] ?? limit;
const COMPONENTS = { database: 'Database', redis: 'Redis', storage: 'Image store', pictures: 'Picture decoder' };

/** Is it well: the last hour, and what the gateway depends on. */
function Overview() {
  const [seen, setSeen] = useState(/** @type {any} */ (null));
  const [error, setError] = useState('');
  useEffect(() => {
    let timer = 0;
    let left = false;
    const look = async () => {
      if (!document.hidden) {
        try {
          setSeen(await call('GET', 'api/admin/overview'));
          setError('');
        } catch (failed) {
          setError(parseApiError(failed).detail);
        }
      }
      if (!left) {
        timer = setTimeout(look, PERIOD);
      }
    };
    look();
    return () => {
      left = true;
      clearTimeout(timer);
    };
  }, []);
  if (!seen) {
    return h('div', null, error ? h('p', { class: 'notice notice-error', role: 'alert' }, error) : h('p', { class: 'muted', role: 'status' }, 'Looking…'));
  }
  const span = { from: seen.from, to: new Date(Date.parse(seen.from) + seen.requests.length * seen.stepSeconds * 1000).toISOString() };
  const rate = (value) => `${value < 10 ? value.toFixed(1) : Math.round(value)}/s`;
  const chart = (title, values, text) => h(Chart, { key: title, title, values, points: values.length, text, ...span });
  const troubles = troublesOf(seen);
  return h('div', null,
    error && h('p', { class: 'notice notice-error', role: 'alert' }, error),
    h('section', { class: `notice notice-${troubles.length > 0 ? 'error' : 'success'}`, role: 'status' },
      h('strong', null, troubles.length > 0 ? 'Not all is well' : 'All is well'),
      troubles.length > 0 && h('ul', null, troubles.map((trouble) => h('li', { key: trouble }, trouble)))),
    h('dl', { class: 'facts facts-row' }, seen.components.map((one) => h('div', { key: one.name },
      h('dt', null, COMPONENTS[one.name] ?? one.name), h('dd', null, one.status === 'UP' ? 'Works' : 'Does not work')))),
    h('div', { class: 'charts' },
      chart('Requests', seen.requests, rate),
      chart('Refused by limits', seen.refusals, rate),
      chart('Server errors (500, 503)', seen.serverErrors, rate),
      chart('Fetched from origins', seen.fetchedBytes, (value) => `${bytes(value)}/s`),
      chart('Memory free for archives', seen.memoryFree, bytes),
      chart('Disk free for archives', seen.diskFree, bytes),
      chart('Image cache', seen.cacheBytes, bytes),
      chart('Heap in use', seen.heapUsed, bytes)),
    h('div', { class: 'charts' },
      h(Counts, { title: 'Limits that refused, last hour', counts: seen.refusedBy, words: inWords, none: 'None did.' }),
      h(Counts, { title: 'Fetches that failed, last hour', counts: seen.failedBy, words: reason, none: 'None did.' })));
}

function troublesOf(seen) {
  const recent = (values) => values.slice(-RECENT);
  return [
    ...seen.components.filter((one) => one.status !== 'UP').map((one) => `${COMPONENTS[one.name] ?? one.name} does not work${one.reason ? `: ${one.reason}` : '.'}`),
    recent(seen.serverErrors).some((value) => value > 0) && 'Requests failed within the last five minutes (500 or 503).',
    seen.memoryFree.at(-1) === 0 && 'No memory is free for archives: they wait, or go to disk.',
    seen.diskFree.at(-1) === 0 && 'No disk is free for archives.',
  ].filter(Boolean);
}

function Counts({ title, counts, words, none }) {
  return h('section', { class: 'card' }, h('h2', null, title),
    counts.length === 0 ? h('p', { class: 'muted' }, none)
      : h('table', { class: 'counts' }, h('tbody', null, counts.map((one) => h('tr', { key: one.name },
        h('th', { scope: 'row' }, words(one.name)), h('td', null, one.count.toLocaleString()))))));
}

const ownerOf = (image) => [h('strong', null, image.owner), ' ', image.projectId ?? 'no project'];

/** Everybody's images, within the admin's projects. */
function Images() {
  const who = useStore(session);
  const [filter, setFilter] = useState({ q: '', status: '' });
  const [selected, setSelected] = useState(/** @type {Set<string>} */ (new Set()));
  const [busy, setBusy] = useState(false);
  const images = useImages('api/admin/images', filter);
  const chosen = images.images.filter((image) => selected.has(image.id));
  const remove = async () => {
    if (!await confirmed(`Delete ${count(chosen.length, 'image')} of others?`, 'They are gone for good. Those that are in use stay.', 'Delete')) {
      return;
    }
    setBusy(true);
    const gone = new Set();
    for (const image of chosen) {
      try {
        await call('DELETE', `api/admin/images/${image.id}`);
        gone.add(image.id);
      } catch (error) {
        if (error.status === 404) {
          gone.add(image.id); // somebody was quicker
        } else {
          toast.error(error);
        }
      }
    }
    images.edit((all) => all.filter((image) => !gone.has(image.id)));
    setSelected(new Set());
    setBusy(false);
    if (gone.size > 0) {
      toast.success(`${count(gone.size, 'image')} deleted`);
    }
  };
  return h('div', null,
    h('div', { class: 'toolbar', role: 'search', 'aria-label': 'Filter' },
      h('label', { class: 'search' }, icon('search'), h('span', { class: 'visually-hidden' }, 'Search'),
        h('input', { type: 'search', placeholder: 'Search', value: filter.q, onInput: (event) => setFilter({ ...filter, q: event.currentTarget.value }) })),
      h('p', { class: 'muted', role: 'status' }, `${count(images.total, 'image')} in ${who.roles.includes('super-admin') ? 'all projects' : who.projects.join(', ') || 'none of your projects'}`),
      chosen.length > 0 && h('button', { class: 'button button-danger', disabled: busy, 'aria-busy': busy, onClick: remove }, icon('trash'), `Delete ${chosen.length}`)),
    h(Listing, { images, empty: h('section', { class: 'empty' }, icon('gallery'), h('h2', null, 'No images'), h('p', { class: 'muted' }, 'There are none in your projects.')) },
      h(ImageGrid, {
        images: images.images, label: 'Images of all users', selected, onSelect: setSelected, onDelete: remove, waiting: images.waiting,
        caption: ownerOf,
      })));
}

/** As the gateway takes it. */
const SUBJECT = /^(user|anon|ip|address):[\x20-\x7e]{1,160}$/;

/** What one subject has taken of its limits. */
function Limits() {
  const who = useStore(session);
  const [subject, setSubject] = useState(`user:${who.user}`);
  const [report, setReport] = useState(/** @type {any} */ (null));
  const [error, setError] = useState('');
  const path = (name) => `api/admin/limits/${encodeURIComponent(name)}`;
  const look = async (name) => {
    if (!SUBJECT.test(name)) {
      setReport(null);
      setError('That names nobody. It begins with user:, anon:, ip: or address:, and a name or an address follows.');
      return;
    }
    try {
      setReport(await call('GET', path(name)));
      setError('');
    } catch (failed) {
      setReport(null);
      setError(parseApiError(failed).detail);
    }
  };
  /** @param {string} [limit] this one alone */
  const reset = async (limit) => {
    const what = limit ? `${inWords(limit)}: this counter starts anew.` : 'All its counters start anew.';
    if (await confirmed(`Forget what ${report.subject} took?`, `${what} The log says who did it.`, 'Reset')) {
      try {
        await call('DELETE', path(report.subject), limit ? { query: { limit } } : {});
        toast.success('Limits reset', report.subject);
        await look(report.subject);
      } catch (failed) {
        toast.error(failed);
      }
    }
  };
  return h('div', { class: 'card' },
    h('form', { class: 'inline-form', onSubmit: (event) => {
      event.preventDefault();
      look(subject.trim());
    } },
    h('label', { class: 'field' }, h('span', null, 'Subject ', h('span', { class: 'muted' }, 'user:alice, for example; or one that begins with anon:, ip: or address:')),
      h('input', { value: subject, required: true, spellcheck: false, onInput: (event) => setSubject(event.currentTarget.value) })),
    h('button', { class: 'button button-primary' }, icon('search'), 'Look'),
    report && h('button', { type: 'button', class: 'button button-danger', onClick: () => reset() }, 'Reset all')),
    error && h('p', { class: 'notice notice-error', role: 'alert' }, error),
    report && h('div', { class: 'table-scroll', tabIndex: 0, role: 'region', 'aria-label': `Limits of ${report.subject}` }, h('table', { class: 'limits' },
      h('thead', null, h('tr', null, ['Limit', 'Left', 'Of', 'Renewed in', 'Share', 'Reset'].map((title, index) => h('th', { key: title, scope: 'col' }, index < 4 ? title : h('span', { class: 'visually-hidden' }, title))))),
      h('tbody', null, report.limits.map((limit) => h('tr', { key: limit.limit },
        h('th', { scope: 'row' }, inWords(limit.limit)), h('td', null, units(limit, limit.remaining)), h('td', { 'data-before': 'of ' }, units(limit, limit.capacity)),
        h('td', limit.resetsInSeconds > 0 ? { 'data-before': '\u00b7 renewed in ' } : null, limit.resetsInSeconds > 0 ? duration(limit.resetsInSeconds) : ''),
        h('td', null, h('meter', { min: 0, max: limit.capacity, low: limit.capacity / 10, value: limit.remaining, 'aria-label': `Left of ${inWords(limit.limit)}` })),
        h('td', null, h('button', { class: 'button', 'aria-label': `Reset ${inWords(limit.limit)}`, onClick: () => reset(limit.limit) }, 'Reset'))))))));
}

function units(limit, value) {
  return limit.limit.endsWith('-bytes') ? bytes(value) : value.toLocaleString();
}

/** What the image proxy keeps of one URL. */
function Cache() {
  const [url, setUrl] = useState('');
  const [entry, setEntry] = useState(/** @type {any} */ (null));
  const [error, setError] = useState('');
  const look = async (event) => {
    event.preventDefault();
    try {
      setEntry(await call('GET', 'api/admin/image-proxy', { query: { url: url.trim() } }));
      setError('');
    } catch (failed) {
      setEntry(null);
      setError(parseApiError(failed).detail);
    }
  };
  const purge = async () => {
    try {
      await call('DELETE', 'api/admin/image-proxy', { query: { url: entry.url } });
      toast.success('Forgotten', entry.url);
      setEntry(null);
    } catch (failed) {
      toast.error(failed);
    }
  };
  const image = entry?.image;
  return h('div', { class: 'card' },
    h('form', { class: 'inline-form', onSubmit: look },
      h('label', { class: 'field' }, h('span', null, 'Address of the image'),
        h('input', { type: 'url', value: url, required: true, placeholder: 'https://example.com/picture.jpg', onInput: (event) => setUrl(event.currentTarget.value) })),
      h('button', { class: 'button button-primary' }, icon('search'), 'Look'),
      entry && h('button', { type: 'button', class: 'button button-danger', onClick: purge }, 'Forget it')),
    error && h('p', { class: 'notice', role: 'status' }, error),
    entry && h('div', { class: 'cache-entry' },
      h(ShareCard, { title: h('strong', null, { fresh: 'Shown without asking', stale: 'Its origin is asked first', failed: 'Not asked for a moment' }[entry.state] ?? entry.state), imageUrl: image ? entry.url : null, source: entry.url }),
      h('dl', { class: 'facts' },
        [image && ['Type', `${kind(image.contentType)}, ${bytes(image.size)}`], image && ['Kept since', when(image.storedAt)], image && ['Fresh until', when(image.expiresAt)],
          image && ['Entity tag', image.etag], entry.failure && ['Failure', `${reason(entry.failure.code)} Until ${when(entry.failure.until)}`]]
          .filter(Boolean).map(([name, value]) => h('div', { key: name }, h('dt', null, name), h('dd', null, value))))));
}
