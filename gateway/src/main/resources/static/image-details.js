import { h } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { call, download } from './api.js';
import { Dialog, confirmed } from './dialog.js';
import { bytes, when } from './format.js';
import { icon } from './icons.js';
import { titleOf } from './image-grid.js';
import { isAwaited, isHttp } from './image-url.js';
import { useLooks } from './loading.js';
import { Picture } from './picture.js';
import { parseApiError, toast } from './toast.js';

/**
 * One image, large, with what can be done with it.
 *
 * @param {{id: string, known?: import('./image-grid.js').Image, onClose: () => void,
 *     onChange: (image: import('./image-grid.js').Image) => void, onDeleted: (id: string) => void}} props
 */
export function ImageDetails({ id, known, onClose, onChange, onDeleted }) {
  const [image, setImage] = useState(known ?? null);
  const [usages, setUsages] = useState(/** @type {{kind: string, role: string, count: number}[] | null} */ (null));
  const [busy, setBusy] = useState('');
  const look = async (signal) => {
    const { usages: used, ...shown } = await call('GET', `api/images/${id}`, { signal });
    setImage(shown);
    setUsages(used);
  };
  useEffect(() => {
    const abort = new AbortController();
    look(abort.signal).catch((error) => !abort.signal.aborted && toast.error(error));
    return () => abort.abort();
  }, [id]);
  useLooks(image !== null && isAwaited(image, { alone: true }) ? id : null, look);
  if (image === null) {
    return h(Dialog, { title: 'Image', onClose }, h('div', { class: 'loading' }));
  }
  const during = async (what, work) => {
    setBusy(what);
    try {
      await work();
    } catch (error) {
      toast.error(error);
    } finally {
      setBusy('');
    }
  };
  const remove = async () => {
    if (await confirmed('Delete this image?', 'It is gone for good, unless something uses it.', 'Delete')) {
      await during('delete', async () => {
        await call('DELETE', `api/images/${id}`);
        toast.success('Image deleted');
        onDeleted(id);
      });
    }
  };
  return h(Dialog, { title: titleOf(image), onClose, wide: true },
    h('div', { class: 'details' },
      h('div', { class: 'details-picture' }, h(Picture, { image, alt: titleOf(image), sizes: '(max-width: 60rem) 92vw, 35rem', alone: true })),
      h('div', { class: 'details-side' },
        image.error && h('p', { class: 'notice notice-error' }, image.error.detail),
        h(AltText, { image, onSaved: (changed) => {
          setImage(changed);
          onChange(changed);
        } }),
        h('dl', { class: 'facts' },
          fact('Status', image.status), fact('From', image.source), image.prompt && fact('Prompt', image.prompt),
          fact('Size', image.width ? `${image.width} × ${image.height}, ${bytes(image.size)}` : '–'),
          fact('Type', image.contentType ?? '–'), image.projectId && fact('Project', image.projectId), fact('Since', when(image.createdAt)),
          fact('Used by', usages === null ? '…' : usages.length === 0 ? 'nothing' : usages.map((use) => `${use.count} × ${use.kind} (${use.role})`).join(', '))),
        h('div', { class: 'actions' },
          h('button', { class: 'button button-primary', disabled: busy !== '' || !image.url, 'aria-busy': busy === 'download', onClick: () => during('download', () => download(image.downloadUrl ?? '', id)) },
            icon('download'), busy === 'download' ? 'Downloading…' : 'Download'),
          h('button', { class: 'button button-danger', disabled: busy !== '', 'aria-busy': busy === 'delete', onClick: remove }, icon('trash'), 'Delete')),
        image.url && h(WordPress, { id }))));
}

function fact(name, value) {
  return h('div', { key: name }, h('dt', null, name), h('dd', null, value));
}

function AltText({ image, onSaved }) {
  const [text, setText] = useState(image.altText ?? '');
  const [busy, setBusy] = useState(false);
  const save = async (event) => {
    event.preventDefault();
    setBusy(true);
    try {
      onSaved(await call('PATCH', `api/images/${image.id}`, { json: { altText: text.trim() } }));
      toast.success('Alternative text saved');
    } catch (error) {
      toast.error(error);
    } finally {
      setBusy(false);
    }
  };
  return h('form', { class: 'form', onSubmit: save },
    h('label', { class: 'field' }, h('span', null, 'Alternative text ', h('span', { class: 'muted' }, `${text.length} of 500`)),
      h('textarea', { rows: 3, maxLength: 500, value: text, onInput: (event) => setText(event.currentTarget.value) })),
    h('button', { class: 'button', disabled: busy || text.trim() === (image.altText ?? ''), 'aria-busy': busy }, busy ? 'Saving…' : 'Save text'));
}

/** Sends it to a media library; what that says when it refuses is shown as it is. */
function WordPress({ id }) {
  const [sites, setSites] = useState(/** @type {string[]} */ ([]));
  const [site, setSite] = useState('');
  const [busy, setBusy] = useState(false);
  const [sent, setSent] = useState(/** @type {any} */ (null));
  const [error, setError] = useState(/** @type {import('./api.js').ApiError | null} */ (null));
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
      setError(parseApiError(failed));
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
      error && h('p', { class: 'notice notice-error', role: 'alert' }, h('strong', null, error.title), ' ', error.detail),
      sent && h('p', { class: 'notice notice-success', role: 'status' }, `In ${sent.site} as number ${sent.id}. `,
        isHttp(sent.link) && h('a', { href: sent.link, target: '_blank', rel: 'noopener noreferrer' }, 'Open'), sent.warning && ` ${sent.warning}`)));
}
