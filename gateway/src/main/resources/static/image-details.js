import { h } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { call } from './api.js';
import { bytes, count, when } from './format.js';
import { icon } from './icons.js';
import { isHttp } from './image-url.js';
import { parseApiError, toast } from './toast.js';
import { kind, plain } from './words.js';

const SOURCES = { generated: 'Generated', imported: 'Imported', uploaded: 'Uploaded' };
const STATES = { generating: 'Being generated', completed: 'Ready', failed: 'Failed' };

/**
 * What is known of an image, and what can be done with it.
 *
 * @param {{image: import('./image-grid.js').Image, usages: {kind: string, role: string, count: number}[] | null,
 *     onChange: (image: import('./image-grid.js').Image) => void, onDelete: () => void}} props usages: null while unknown
 */
export function ImagePanel({ image, usages, onChange, onDelete }) {
  const used = usages !== null && usages.length > 0;
  const uses = (usages ?? []).map((use) => `${count(use.count, use.kind)} (${use.role} image)`).join(', ');
  return h('div', { class: 'details-side' },
    image.error && h('p', { class: 'notice notice-error' }, plain(image.error.detail)),
    h(Words, { image, onChange }),
    h('dl', { class: 'facts' },
      fact('Status', STATES[image.status] ?? image.status), fact('Source', SOURCES[image.source] ?? image.source), image.prompt && fact('Prompt', image.prompt),
      fact('Size', image.width ? `${image.width} × ${image.height}, ${bytes(image.size)}` : '–'),
      fact('Type', image.contentType ? kind(image.contentType) : '–'), image.projectId && fact('Project', image.projectId), fact('Created', when(image.createdAt)),
      fact('Used by', usages === null ? '…' : used ? uses : 'nothing')),
    h('div', { class: 'actions' },
      used && h('p', { class: 'hint' }, 'It cannot be deleted while it is used.'),
      h('button', { class: 'button button-danger', disabled: used || usages === null, onClick: onDelete }, icon('trash'), 'Delete')),
    image.url && h(WordPress, { id: image.id }));
}

function fact(name, value) {
  return h('div', { key: name }, h('dt', null, name), h('dd', null, value));
}

/** Its name and what it shows. What is saved is shown at once, and can be taken back. */
function Words({ image, onChange }) {
  const [name, setName] = useState(image.name ?? '');
  const [altText, setAltText] = useState(image.altText ?? '');
  const wanted = {
    ...(name.trim() === (image.name ?? '') ? {} : { name: name.trim() }),
    ...(altText.trim() === (image.altText ?? '') ? {} : { altText: altText.trim() }),
  };
  const change = async (words) => {
    onChange({ ...image, ...words });
    try {
      const told = await call('PATCH', `api/images/${image.id}`, { json: words });
      onChange(told);
      return told;
    } catch (error) {
      onChange(image);
      toast.error(error);
      return null;
    }
  };
  /** Shows what is known now, as a name that comes of the text, in fields that nobody has written in since. */
  const follow = (told, before) => {
    setName((shown) => (shown === (before.name ?? '') ? told.name ?? '' : shown));
    setAltText((shown) => (shown === (before.altText ?? '') ? told.altText ?? '' : shown));
  };
  const save = async (event) => {
    event.preventDefault();
    const before = Object.fromEntries(Object.keys(wanted).map((key) => [key, image[key] ?? '']));
    const saved = await change(wanted);
    if (saved !== null) {
      follow(saved, { name, altText });
      toast.undo('Saved', async () => {
        const undone = await change(before);
        if (undone !== null) {
          follow(undone, saved);
        }
      });
    }
  };
  return h('form', { class: 'form', onSubmit: save },
    h('label', { class: 'field' }, h('span', null, 'Name'),
      h('input', { maxLength: 200, value: name, placeholder: 'Unnamed', onInput: (event) => setName(event.currentTarget.value) })),
    h('label', { class: 'field' }, h('span', null, 'Alternative text ', h('span', { class: 'muted' }, `${altText.length} of 500`)),
      h('textarea', { rows: 3, maxLength: 500, value: altText, onInput: (event) => setAltText(event.currentTarget.value) })),
    h('button', { class: 'button', disabled: Object.keys(wanted).length === 0 }, 'Save'));
}

/** Sends it to a media library; what that says when it refuses is shown as it is. */
function WordPress({ id }) {
  const [sites, setSites] = useState(/** @type {string[]} */ ([]));
  const [site, setSite] = useState('');
  const [busy, setBusy] = useState(false);
  const [sent, setSent] = useState(/** @type {any} */ (null));
  const [error, setError] = useState(/** @type {{title: string, text: string} | null} */ (null));
  useEffect(() => {
    const abort = new AbortController();
    call('GET', 'api/images/wordpress/sites', { signal: abort.signal }).then((told) => {
      setSites(told.sites);
      setSite(told.sites[0] ?? '');
    }).catch(() => {}); // then there is nowhere to send it to
    return () => abort.abort();
  }, []);
  const send = async (event) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    setSent(null);
    try {
      setSent(await call('POST', `api/images/${id}/wordpress`, { json: { site } }));
    } catch (failed) {
      const { title, detail } = parseApiError(failed);
      setError({ title, text: plain(detail) });
    } finally {
      setBusy(false);
    }
  };
  if (sites.length === 0) {
    return null;
  }
  return h('details', { class: 'more' }, h('summary', null, 'Send to WordPress'),
    h('form', { class: 'form', onSubmit: send },
      h('label', { class: 'field' }, h('span', null, 'Site'),
        h('select', { value: site, onChange: (event) => setSite(event.currentTarget.value) }, sites.map((name) => h('option', { key: name, value: name }, name)))),
      h('button', { class: 'button', disabled: busy, 'aria-busy': busy }, icon('send'), busy ? 'Sending…' : 'Send'),
      error && h('p', { class: 'notice notice-error', role: 'alert' }, h('strong', null, error.title), ' ', error.text),
      sent && h('p', { class: 'notice notice-success', role: 'status' }, `In ${sent.site} as number ${sent.id}. `,
        isHttp(sent.link) && h('a', { href: sent.link, target: '_blank', rel: 'noopener noreferrer' }, 'Open'), sent.warning && ` ${sent.warning}`)));
}
