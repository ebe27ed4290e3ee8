import { h } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { call, save, urlOf } from '../api.js';
import { Dialog, confirmed } from '../dialog.js';
import { count } from '../format.js';
import { icon } from '../icons.js';
import { ImageGrid, titleOf } from '../image-grid.js';
import { Listing, mark, useImages } from '../image-list.js';
import { dropped } from '../image-url.js';
import { Storage } from '../quota.js';
import { linkTo, navigate } from '../router.js';
import { session } from '../session.js';
import { useStore } from '../store.js';
import { toast } from '../toast.js';
import { plain } from '../words.js';

const MOST_IN_ARCHIVE = 500;
const MOST_TO_DELETE = 100;
const NARROWED_BY = ['q', 'status', 'projectId'];

/** One's own images; one of them by itself where its id is in the address. */
export default function Gallery({ query, rest }) {
  const who = useStore(session);
  const filter = Object.fromEntries(NARROWED_BY.map((name) => [name, query.get(name) ?? '']));
  const [selected, setSelected] = useState(/** @type {Set<string>} */ (new Set()));
  const [Viewer, setViewer] = useState(/** @type {any} */ (null));
  const [arrived, setArrived] = useState(false);
  const [busy, setBusy] = useState('');
  const stop = useRef(/** @type {AbortController | null} */ (null));
  const [failures, setFailures] = useState(/** @type {{id: string, title: string, detail: string}[]} */ ([]));
  const images = useImages('api/images', filter);
  const chosen = images.images.filter((image) => selected.has(image.id));
  const filtered = filter.q || filter.status || filter.projectId;
  const open = rest || null;
  useEffect(() => {
    // The list is shown without it.
    if (open !== null && Viewer === null) {
      import('../viewer.js').then((module) => setViewer(() => module.Viewer), (error) => {
        close();
        toast.error(error);
      });
    }
  }, [open, Viewer]);
  const addressOf = (id, by = filter) => {
    const narrowed = new URLSearchParams(NARROWED_BY.filter((name) => by[name]).map((name) => [name, by[name]])).toString();
    return `/gallery${id ? `/${encodeURIComponent(id)}` : ''}${narrowed ? `?${narrowed}` : ''}`;
  };
  const narrow = (change) => {
    setSelected(new Set());
    navigate(addressOf('', { ...filter, ...change }), { replace: true });
  };
  const show = (id) => navigate(addressOf(id), { state: { fromGallery: true } });
  const moveTo = (id) => navigate(addressOf(id), { replace: true, state: history.state });
  const close = () => {
    // Back leads to the gallery, whichever way one goes.
    if (history.state?.fromGallery) {
      history.back();
    } else {
      navigate(addressOf(''), { replace: true });
    }
  };
  const forget = (ids) => {
    images.edit((all) => all.filter((image) => !ids.has(image.id)));
    setSelected((before) => new Set([...before].filter((id) => !ids.has(id))));
  };
  const change = (changed) => images.edit((all) => all.map((image) => (image.id === changed.id ? changed : image)));

  /** It is gone at once, and for good when the word to take it back is. */
  const remove = (image) => {
    const index = images.images.findIndex((one) => one.id === image.id);
    const next = images.images[index + 1] ?? images.images[index - 1];
    mark(image.id, 'hidden');
    setSelected((before) => new Set([...before].filter((id) => id !== image.id)));
    if (index >= 0 && next) {
      moveTo(next.id);
    } else {
      close();
    }
    toast.undo(`${titleOf(image)}: deleted`, () => mark(image.id, 'back'), () => call('DELETE', `api/images/${image.id}`).then(() => mark(image.id, 'gone'), (error) => {
      const isGone = error.status === 404; // somebody was quicker
      mark(image.id, isGone ? 'gone' : 'back');
      if (!isGone) {
        toast.error(error);
      }
    }));
  };

  const downloadAll = async () => {
    const wanted = chosen.filter((image) => image.url);
    const abort = new AbortController();
    const { signal } = abort;
    stop.current = abort;
    setBusy('zip');
    try {
      const { LARGEST_HERE, answerOf, bytesOf, saveArchive } = await import('../whole-archive.js');
      const { createGate } = await import('../waiting.js');
      const { patiently } = createGate(2);
      // A link has room for all of them, and what is wrong is told here and not by a file of the browser's.
      const link = await patiently(() => call('POST', 'api/images/zip', { json: { ids: wanted.map((image) => image.id) }, signal }), signal);
      if (wanted.reduce((sum, image) => sum + (image.size ?? 0), 0) > LARGEST_HERE) {
        save(urlOf(link.url), 'images.zip');
        toast.info('Your browser downloads it', 'It is large: how far it is stands with your other downloads.');
      } else {
        const response = await patiently(() => answerOf(urlOf(link.url), signal), signal);
        const blob = await bytesOf(response, signal);
        saveArchive(blob, response, 'images.zip');
        toast.success('Saved to Downloads', count(wanted.length, 'image'));
      }
    } catch (error) {
      toast.error(error);
    } finally {
      setBusy('');
    }
  };

  const deleteAll = async () => {
    const sure = await confirmed(`Delete ${count(chosen.length, 'image')}?`, 'They are gone for good. Those that are in use stay.', 'Delete');
    if (!sure) {
      return;
    }
    setBusy('delete');
    const titles = new Map(chosen.map((image) => [image.id, titleOf(image)]));
    const ids = [...titles.keys()];
    const failed = [];
    const gone = new Set();
    try {
      for (let from = 0; from < ids.length; from += MOST_TO_DELETE) {
        const told = await call('POST', 'api/images/bulk-delete', { json: { ids: ids.slice(from, from + MOST_TO_DELETE) } });
        // What somebody else has deleted is gone, too.
        told.results.forEach((result) => (result.status === 'deleted' || result.code === 'not_found'
          ? gone.add(result.id)
          : failed.push({ id: result.id, title: titles.get(result.id) ?? 'A picture', detail: plain(result.detail) })));
      }
    } catch (error) {
      toast.error(error);
    }
    forget(gone);
    setFailures(failed);
    setBusy('');
    if (gone.size > 0) {
      toast.success(`${count(gone.size, 'image')} deleted`);
    }
  };

  const drop = async (event) => {
    const { files } = event.dataTransfer;
    const link = dropped(event.dataTransfer);
    if (files.length > 0 || link) {
      event.preventDefault();
    }
    if (files.length > 0) {
      const chosen = [...files];
      const { add } = await import('../upload-queue.js');
      add(chosen);
      navigate('/upload');
    } else if (link) {
      navigate(`/import?${new URLSearchParams({ text: link })}`, { state: { dropped: true } });
    }
  };

  return h('div', { class: 'gallery', onDragOver: (event) => event.preventDefault(), onDrop: drop },
    h('header', { class: 'page-head page-head-row' },
      h('h1', null, 'Gallery'),
      h('p', { class: 'muted', role: 'status' }, images.state === 'loading' && images.images.length === 0 ? 'Loading…' : count(images.total, 'image')),
      h(Storage, { since: images.state === 'loading' && images.images.length === 0 ? null : images.total }),
      images.total > 0 && h('p', { class: 'hint desktop-only' }, 'Arrows move, Space selects, Shift extends, Enter opens, Delete deletes.')),
    h('div', { class: 'toolbar', role: 'search', 'aria-label': 'Filter' },
      h('label', { class: 'search' }, icon('search'), h('span', { class: 'visually-hidden' }, 'Search names, prompts and descriptions'),
        h('input', { type: 'search', placeholder: 'Search', value: filter.q, maxLength: 200, onInput: (event) => narrow({ q: event.currentTarget.value }) })),
      h('label', null, h('span', { class: 'visually-hidden' }, 'Status'),
        h('select', { value: filter.status, onChange: (event) => narrow({ status: event.currentTarget.value }) },
          [['', 'Any state'], ['completed', 'Ready'], ['generating', 'Generating'], ['failed', 'Failed']].map(([value, text]) => h('option', { key: value, value }, text)))),
      who.projects.length > 0 && h('label', null, h('span', { class: 'visually-hidden' }, 'Project'),
        h('select', { value: filter.projectId, onChange: (event) => narrow({ projectId: event.currentTarget.value }) },
          h('option', { value: '' }, 'Any project'), who.projects.map((project) => h('option', { key: project, value: project }, project)))),
      h('button', { class: 'icon-button', 'aria-label': 'Load again', title: 'Load again', onClick: images.again }, icon('refresh'))),
    h(Listing, { images, empty: h('section', { class: 'empty' }, icon('gallery'),
      h('h2', null, filtered ? 'No matches' : 'No images yet'),
      h('p', { class: 'muted' }, filtered ? 'None of your pictures is like that.' : 'What you generate, upload or import appears here.'),
      filtered
        ? h('button', { class: 'button', onClick: () => narrow({ q: '', status: '', projectId: '' }) }, 'Show all')
        : h('div', { class: 'actions' }, h('a', { class: 'button button-primary', ...linkTo('/generate') }, 'Generate one'), h('a', { class: 'button', ...linkTo('/upload') }, 'Upload some'))) },
    h(ImageGrid, { images: images.images, label: 'Images', selected, onSelect: setSelected, onOpen: (image) => show(image.id), onDelete: deleteAll, waiting: images.waiting, behind: open !== null && !arrived })),
    chosen.length > 0 && h('div', { class: 'selection', role: 'toolbar', 'aria-label': 'Selected images' },
      h('strong', { role: 'status' }, `${chosen.length} selected`),
      busy === 'zip'
        ? h('button', { class: 'button', onClick: () => stop.current?.abort() }, icon('close'), h('span', null, 'Cancel'))
        : h('button', { class: 'button', disabled: busy !== '' || chosen.length > MOST_IN_ARCHIVE, onClick: downloadAll }, icon('download'), h('span', null, 'ZIP')),
      h('button', { class: 'button button-danger', disabled: busy !== '', 'aria-busy': busy === 'delete', onClick: deleteAll }, icon('trash'), h('span', null, busy === 'delete' ? 'Deleting…' : 'Delete')),
      h('button', { class: 'icon-button', 'aria-label': 'Clear the selection', onClick: () => setSelected(new Set()) }, icon('close'))),
    failures.length > 0 && h(Dialog, { title: `${count(failures.length, 'image')} not deleted`, onClose: () => setFailures([]) },
      h('ul', { class: 'reasons' }, failures.map((failure) => h('li', { key: failure.id }, h('strong', null, failure.title), h('p', null, failure.detail))))),
    open !== null && Viewer !== null && (images.state !== 'loading' || images.images.length > 0) && h(Viewer, {
      id: decodeURIComponent(open),
      images: images.images,
      onMove: moveTo,
      onClose: close,
      onChange: change,
      onDelete: remove,
      onMore: images.more,
      onArrived: () => setArrived(true),
    }));
}
