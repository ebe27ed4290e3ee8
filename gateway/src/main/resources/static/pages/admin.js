import { h } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { call } from '../api.js';
import { Chart } from '../chart.js';
import { confirmed } from '../dialog.js';
import { bytes, count, duration, reason, when } from '../format.js';
import { icon } from '../icons.js';
import { ImageGrid } from '../image-grid.js';
import { Listing, useImages } from '../image-list.js';
import { readMeters, sum } from '../meters.js';
import { navigate } from '../router.js';
import { session } from '../session.js';
import { ShareCard } from '../share-card.js';
import { useStore } from '../store.js';
import { parseApiError, toast } from '../toast.js';

const TABS = [['live', 'Live', Live], ['images', 'Images', Images], ['limits', 'Limits', Limits], ['cache', 'Image cache', Cache]];

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

const PERIOD = 2_000;
/** The first looks come sooner, so that there is a line to see. */
const FIRST_PERIOD = 500;
const FIRST_LOOKS = 3;
const POINTS = 60;
const REQUESTS = 'http_server_requests_seconds_count';
const LOOKING = (labels) => labels.uri === '/actuator/prometheus';

/** Rates and budgets as the gateway's meters tell them. */
function Live() {
  const [points, setPoints] = useState(/** @type {any[]} */ ([]));
  const [error, setError] = useState('');
  const [all, setAll] = useState(/** @type {any[]} */ ([]));
  useEffect(() => {
    const abort = new AbortController();
    let before = null;
    let looks = 0;
    let timer = 0;
    const look = async () => {
      try {
        const samples = await readMeters(abort.signal);
        const now = { at: performance.now(), ...counted(samples) };
        setError('');
        setAll(samples);
        if (before !== null) {
          const last = before;
          setPoints((known) => [...known, point(last, now)].slice(-POINTS));
        }
        before = now;
      } catch (failed) {
        if (!abort.signal.aborted) {
          setError(failed instanceof TypeError ? 'The gateway cannot be reached.' : failed.message);
        }
      }
    };
    const lookOn = async () => {
      if (!document.hidden) {
        await look();
        looks += 1;
      }
      if (!abort.signal.aborted) {
        timer = setTimeout(lookOn, looks < FIRST_LOOKS ? FIRST_PERIOD : PERIOD);
      }
    };
    lookOn();
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, []);
  const of = (name) => points.map((one) => one[name]);
  const rate = (value) => `${value < 10 ? value.toFixed(1) : Math.round(value)}/s`;
  return h('div', null,
    error && h('p', { class: 'notice notice-error', role: 'alert' }, error),
    h('div', { class: 'charts' },
      h(Chart, { title: 'Requests', values: of('requests'), points: POINTS, text: rate }),
      h(Chart, { title: 'Refusals (429, 503)', values: of('refusals'), points: POINTS, text: rate }),
      h(Chart, { title: 'Fetched from origins', values: of('fetched'), points: POINTS, text: (value) => `${bytes(value)}/s` }),
      h(Chart, { title: 'Memory free for archives', values: of('memory'), points: POINTS, text: bytes }),
      h(Chart, { title: 'Disk free for archives', values: of('disk'), points: POINTS, text: bytes }),
      h(Chart, { title: 'Image cache', values: of('cache'), points: POINTS, text: bytes })),
    h('dl', { class: 'facts facts-row' },
      h('div', null, h('dt', null, 'Images in the cache'), h('dd', null, sum(all, 'sluice_image_proxy_cache_entries').toLocaleString())),
      h('div', null, h('dt', null, 'Archives waiting for room'), h('dd', null, sum(all, 'sluice_zip_budget_queued').toLocaleString())),
      h('div', null, h('dt', null, 'Being generated'), h('dd', null, sum(all, 'sluice_gallery_workers_busy').toLocaleString())),
      h('div', null, h('dt', null, 'Limits are counted'), h('dd', null, sum(all, 'sluice_limits_degraded') > 0 ? 'here alone: Redis is away' : 'as configured'))));
}

function counted(samples) {
  return {
    requests: sum(samples, REQUESTS, (labels) => !LOOKING(labels)),
    refusals: sum(samples, REQUESTS, (labels) => labels.status === '429' || labels.status === '503'),
    fetched: sum(samples, 'sluice_fetch_bytes_total'),
    memory: sum(samples, 'sluice_zip_budget_free_bytes', (labels) => labels.kind === 'memory'),
    disk: sum(samples, 'sluice_zip_budget_free_bytes', (labels) => labels.kind === 'disk'),
    cache: sum(samples, 'sluice_image_proxy_cache_bytes'),
  };
}

function point(before, now) {
  const seconds = (now.at - before.at) / 1000;
  const each = (name) => Math.max(0, now[name] - before[name]) / seconds;
  return { ...now, requests: each('requests'), refusals: each('refusals'), fetched: each('fetched') };
}

/** Everybody's images, within the admin's projects. */
function Images() {
  const who = useStore(session);
  const [filter, setFilter] = useState({ q: '', status: '' });
  const [selected, setSelected] = useState(/** @type {Set<string>} */ (new Set()));
  const [busy, setBusy] = useState(false);
  const images = useImages('api/admin/images', filter);
  const chosen = images.images.filter((image) => selected.has(image.id));
  const remove = async () => {
    if (!await confirmed(`Delete ${count(chosen.length, 'image')} of others?`, 'They are gone for good. One that something uses stays.', 'Delete')) {
      return;
    }
    setBusy(true);
    const gone = new Set();
    for (const image of chosen) {
      try {
        await call('DELETE', `api/admin/images/${image.id}`);
        gone.add(image.id);
      } catch (error) {
        toast.error(error);
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
        caption: (image) => [h('strong', null, image.owner), ' ', image.projectId ?? 'no project'],
      })));
}

/** What one subject has taken of its limits. */
function Limits() {
  const who = useStore(session);
  const [subject, setSubject] = useState(`user:${who.user}`);
  const [report, setReport] = useState(/** @type {any} */ (null));
  const [error, setError] = useState('');
  const path = (name) => `api/admin/limits/${encodeURIComponent(name)}`;
  const look = async (name) => {
    try {
      setReport(await call('GET', path(name)));
      setError('');
    } catch (failed) {
      setReport(null);
      setError(parseApiError(failed).detail);
    }
  };
  const reset = async () => {
    if (await confirmed(`Forget what ${report.subject} took?`, 'All its counters start anew. The log says who did it.', 'Reset')) {
      try {
        await call('DELETE', path(report.subject));
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
    h('label', { class: 'field' }, h('span', null, 'Subject ', h('span', { class: 'muted' }, 'user:, anon:, ip: or address:')),
      h('input', { value: subject, required: true, spellcheck: false, onInput: (event) => setSubject(event.currentTarget.value) })),
    h('button', { class: 'button button-primary' }, icon('search'), 'Look'),
    report && h('button', { type: 'button', class: 'button button-danger', onClick: reset }, 'Reset')),
    error && h('p', { class: 'notice notice-error', role: 'alert' }, error),
    report && h('div', { class: 'table-scroll', tabIndex: 0, role: 'region', 'aria-label': `Limits of ${report.subject}` }, h('table', null,
      h('thead', null, h('tr', null, ['Limit', 'Left', 'Of', 'Renewed in', ''].map((title) => h('th', { key: title, scope: 'col' }, title || h('span', { class: 'visually-hidden' }, 'Share'))))),
      h('tbody', null, report.limits.map((limit) => h('tr', { key: limit.limit },
        h('th', { scope: 'row' }, limit.limit), h('td', null, units(limit, limit.remaining)), h('td', null, units(limit, limit.capacity)), h('td', null, duration(limit.resetsInSeconds)),
        h('td', null, h('meter', { min: 0, max: limit.capacity, low: limit.capacity / 10, value: limit.remaining, 'aria-label': `Left of ${limit.limit}` }))))))));
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
        [['State', entry.state], image && ['Type', `${image.contentType}, ${bytes(image.size)}`], image && ['Kept since', when(image.storedAt)], image && ['Fresh until', when(image.expiresAt)],
          image && ['Entity tag', image.etag], entry.failure && ['Failure', `${reason(entry.failure.code)} Until ${when(entry.failure.until)}`]]
          .filter(Boolean).map(([name, value]) => h('div', { key: name }, h('dt', null, name), h('dd', null, value))))));
}
