import { h } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { call, pause, save, urlOf } from '../api.js';
import { Dialog, confirmed } from '../dialog.js';
import { count } from '../format.js';
import { icon } from '../icons.js';
import { ImageGrid, titleOf } from '../image-grid.js';
import { Listing, useImages } from '../image-list.js';
import { Storage } from '../quota.js';
import { session } from '../session.js';
import { useStore } from '../store.js';
import { toast } from '../toast.js';

const MOST_IN_ARCHIVE = 500;
const MOST_TO_DELETE = 100;

/** One's own images. */
export default function Gallery({ query }) {
  const who = useStore(session);
  const [filter, setFilter] = useState({ q: query.get('q') ?? '', status: '', projectId: '' });
  const [selected, setSelected] = useState(/** @type {Set<string>} */ (new Set()));
  const [open, setOpen] = useState(/** @type {string | null} */ (null));
  const [Details, setDetails] = useState(/** @type {any} */ (null));
  const [busy, setBusy] = useState('');
  const [failures, setFailures] = useState(/** @type {{id: string, title: string, detail: string}[]} */ ([]));
  const images = useImages('api/images', filter);
  const chosen = images.images.filter((image) => selected.has(image.id));
  const filtered = filter.q || filter.status || filter.projectId;
  useEffect(() => {
    // The list is shown without it.
    if (open !== null && Details === null) {
      import('../image-details.js').then((module) => setDetails(() => module.ImageDetails), (error) => {
        setOpen(null);
        toast.error(error);
      });
    }
  }, [open, Details]);
  const narrow = (change) => {
    setSelected(new Set());
    setFilter({ ...filter, ...change });
  };
  const forget = (ids) => {
    images.edit((all) => all.filter((image) => !ids.has(image.id)));
    setSelected((before) => new Set([...before].filter((id) => !ids.has(id))));
  };

  const downloadAll = async () => {
    const ids = chosen.filter((image) => image.url).map((image) => image.id);
    setBusy('zip');
    try {
      // A link has room for all of them, and what is wrong is told here and not by a file of the browser's.
      const link = await call('POST', 'api/images/zip', { json: { ids } });
      save(urlOf(link.url), 'images.zip');
      await pause(500);
    } catch (error) {
      toast.error(error);
    } finally {
      setBusy('');
    }
  };

  const deleteAll = async () => {
    const sure = await confirmed(`Delete ${count(chosen.length, 'image')}?`, 'They are gone for good. One that something uses stays.', 'Delete');
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
        told.results.forEach((result) => (result.status === 'deleted'
          ? gone.add(result.id)
          : failed.push({ id: result.id, title: titles.get(result.id) ?? result.id, detail: result.detail })));
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

  return h('div', null,
    h('header', { class: 'page-head page-head-row' },
      h('h1', null, 'Gallery'),
      h('p', { class: 'muted', role: 'status' }, images.state === 'loading' && images.images.length === 0 ? 'Loading…' : count(images.total, 'image')),
      h(Storage, { since: images.state === 'loading' && images.images.length === 0 ? null : images.total }),
      images.total > 0 && h('p', { class: 'hint desktop-only' }, 'Arrows move, Space selects, Shift extends, Enter opens, Delete deletes.')),
    h('div', { class: 'toolbar', role: 'search', 'aria-label': 'Filter' },
      h('label', { class: 'search' }, icon('search'), h('span', { class: 'visually-hidden' }, 'Search in prompts and descriptions'),
        h('input', { type: 'search', placeholder: 'Search', value: filter.q, maxLength: 200, onInput: (event) => narrow({ q: event.currentTarget.value }) })),
      h('label', null, h('span', { class: 'visually-hidden' }, 'Status'),
        h('select', { value: filter.status, onChange: (event) => narrow({ status: event.currentTarget.value }) },
          [['', 'Any status'], ['completed', 'Completed'], ['generating', 'Generating'], ['failed', 'Failed']].map(([value, text]) => h('option', { key: value, value }, text)))),
      who.projects.length > 0 && h('label', null, h('span', { class: 'visually-hidden' }, 'Project'),
        h('select', { value: filter.projectId, onChange: (event) => narrow({ projectId: event.currentTarget.value }) },
          h('option', { value: '' }, 'Any project'), who.projects.map((project) => h('option', { key: project, value: project }, project)))),
      h('button', { class: 'icon-button', 'aria-label': 'Load again', title: 'Load again', onClick: images.again }, icon('refresh'))),
    h(Listing, { images, empty: h('section', { class: 'empty' }, icon('gallery'),
      h('h2', null, filtered ? 'Nothing fits' : 'No images yet'),
      h('p', { class: 'muted' }, filtered ? 'No image of yours is like that.' : 'What you generate and upload appears here.'),
      filtered
        ? h('button', { class: 'button', onClick: () => narrow({ q: '', status: '', projectId: '' }) }, 'Show all')
        : h('div', { class: 'actions' }, h('a', { class: 'button button-primary', href: '#/generate' }, 'Generate one'), h('a', { class: 'button', href: '#/upload' }, 'Upload some'))) },
    h(ImageGrid, { images: images.images, label: 'Images', selected, onSelect: setSelected, onOpen: (image) => setOpen(image.id), onDelete: deleteAll, waiting: images.waiting })),
    chosen.length > 0 && h('div', { class: 'selection', role: 'toolbar', 'aria-label': 'Selected images' },
      h('strong', { role: 'status' }, `${chosen.length} selected`),
      h('button', { class: 'button', disabled: busy !== '' || chosen.length > MOST_IN_ARCHIVE, 'aria-busy': busy === 'zip', onClick: downloadAll }, icon('download'), h('span', null, busy === 'zip' ? 'Preparing…' : 'ZIP')),
      h('button', { class: 'button button-danger', disabled: busy !== '', 'aria-busy': busy === 'delete', onClick: deleteAll }, icon('trash'), h('span', null, busy === 'delete' ? 'Deleting…' : 'Delete')),
      h('button', { class: 'icon-button', 'aria-label': 'Clear the selection', onClick: () => setSelected(new Set()) }, icon('close'))),
    failures.length > 0 && h(Dialog, { title: `${count(failures.length, 'image')} not deleted`, onClose: () => setFailures([]) },
      h('ul', { class: 'reasons' }, failures.map((failure) => h('li', { key: failure.id }, h('strong', null, failure.title), h('p', null, failure.detail))))),
    open !== null && Details !== null && h(Details, {
      id: open,
      known: images.images.find((image) => image.id === open),
      onClose: () => setOpen(null),
      onChange: (/** @type {import('../image-grid.js').Image} */ changed) => images.edit((all) => all.map((image) => (image.id === changed.id ? changed : image))),
      onDeleted: (/** @type {string} */ id) => {
        setOpen(null);
        forget(new Set([id]));
      },
    }));
}
