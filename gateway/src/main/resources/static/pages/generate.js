import { h } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { call, pause, standings } from '../api.js';
import { duration } from '../format.js';
import { icon } from '../icons.js';
import { titleOf } from '../image-grid.js';
import { isAwaited } from '../image-url.js';
import { keep } from '../keep.js';
import { Picture } from '../picture.js';
import { Quota, Storage } from '../quota.js';
import { ofOneUser, session } from '../session.js';
import { createStore, useStore } from '../store.js';
import { toast } from '../toast.js';
import { Viewer } from '../viewer.js';
import { exhausted, plain } from '../words.js';

const LONGEST_PROMPT = 1000;
const RATIOS = [['1:1', 'Square'], ['16:9', 'Wide'], ['9:16', 'Tall'], ['4:3', 'Classic'], ['3:4', 'Portrait']];
const FIRST_LOOK = 700;
const LONGEST_PAUSE = 5_000;
/** How often an order that is done is looked at again, for thumbnails that it had not yet. */
const FURTHER_LOOKS = 20;

/** What was ordered since the page was loaded; the newest first. It outlives a visit to another page. */
const orders = createStore(/** @type {import('../image-grid.js').Image[]} */ ([]));
const followed = new Set();
ofOneUser(orders);
keep('orders', orders, {
  pack: (all) => (all.length === 0 ? null : all),
  unpack: (all) => {
    orders.value = all;
    all.filter((image) => image.status === 'generating' || isAwaited(image)).forEach(follow);
  },
});

/** A picture from words. */
export default function Generate() {
  const who = useStore(session);
  const made = useStore(orders);
  const limits = useStore(standings);
  const [prompt, setPrompt] = useState('');
  const [altText, setAltText] = useState('');
  const [aspectRatio, setAspectRatio] = useState('1:1');
  const [projectId, setProjectId] = useState('');
  const [busy, setBusy] = useState(false);
  const [open, setOpen] = useState(/** @type {string | null} */ (null));
  const spent = ['image-day', 'image-minute'].map((name) => limits[name]).find((limit) => limit && limit.remaining === 0);

  useEffect(() => {
    made.filter((image) => image.status === 'generating' || isAwaited(image)).forEach(follow);
  }, []);

  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    try {
      const image = await call('POST', 'api/images/generations', {
        json: { prompt: prompt.trim(), aspectRatio, ...(altText.trim() ? { altText: altText.trim() } : {}), ...(projectId ? { projectId } : {}) },
      });
      orders.value = [image, ...orders.value];
      follow(image);
    } catch (error) {
      toast.error(error);
    } finally {
      setBusy(false);
    }
  };

  return h('div', { class: 'builder' },
    h('div', { class: 'builder-main' },
      h('header', { class: 'page-head' }, h('h1', null, 'Generate a picture'), h('p', { class: 'muted' }, 'Say what it shows. It lands in your gallery.')),
      h('form', { class: 'card form', onSubmit: submit },
        h('label', { class: 'field' }, h('span', null, 'Prompt ', h('span', { class: 'muted' }, `${prompt.length} of ${LONGEST_PROMPT}`)),
          h('textarea', { rows: 4, required: true, maxLength: LONGEST_PROMPT, value: prompt, placeholder: 'A lock gate at dawn, mist over still water', onInput: (event) => setPrompt(event.currentTarget.value) })),
        h('label', { class: 'field' }, h('span', null, 'Alternative text ', h('span', { class: 'muted' }, 'what it shows, for who cannot see it')),
          h('input', { maxLength: 500, value: altText, onInput: (event) => setAltText(event.currentTarget.value) })),
        h('fieldset', { class: 'field' }, h('legend', null, 'Shape'),
          h('div', { class: 'ratios' }, RATIOS.map(([ratio, name]) => h('label', { key: ratio },
            h('input', { type: 'radio', name: 'ratio', value: ratio, checked: aspectRatio === ratio, onChange: () => setAspectRatio(ratio) }),
            h('span', { class: 'ratio' }, h('span', { class: `ratio-shape ratio-${ratio.replace(':', 'x')}`, 'aria-hidden': 'true' }), name, h('small', null, ratio)))))),
        who.projects.length > 0 && h('label', { class: 'field' }, h('span', null, 'Project'),
          h('select', { value: projectId, onChange: (event) => setProjectId(event.currentTarget.value) },
            h('option', { value: '' }, 'None'), who.projects.map((project) => h('option', { key: project, value: project }, project)))),
        h('div', { class: 'actions' },
          h('button', { class: 'button button-primary button-large', disabled: busy || !prompt.trim() || spent !== undefined, 'aria-busy': busy }, icon('generate'), busy ? 'Ordering…' : 'Generate'),
          h(Quota, { limit: 'image-day', unit: 'today' }),
          h(Storage, { since: '' })),
        spent && h('p', { class: 'notice', role: 'status' }, `${exhausted(spent.limit)}; more in ${duration(spent.resetsInSeconds)}. `,
          h('button', { type: 'button', class: 'button', onClick: () => call('GET', 'api/session').then((told) => {
            standings.value = { ...standings.value, ...Object.fromEntries(told.limits.map((limit) => [limit.limit, limit])) };
          }, toast.error) }, 'Look again')))),
    h('aside', { class: 'builder-side orders', 'aria-label': 'Ordered pictures' },
      made.length === 0
        ? h('div', { class: 'card order-none' }, icon('generate'), h('p', { class: 'muted' }, 'Your pictures appear here.'))
        : made.map((image) => h('article', { key: image.id, class: 'card order' },
          h('button', { class: `order-picture ratio-${(image.aspectRatio ?? '1:1').replace(':', 'x')}`, 'aria-label': `Open ${titleOf(image)}`, onClick: () => setOpen(image.id) }, h(Picture, { image, alt: '', sizes: '(max-width: 60rem) 92vw, 21rem' })),
          h('p', { role: 'status', 'data-status': image.status }, h('strong', null, { generating: 'Generating…', completed: 'Done', failed: 'Failed' }[image.status]), ' ', image.error ? plain(image.error.detail) : titleOf(image))))),
    open !== null && h(Viewer, {
      id: open,
      images: made,
      onMove: setOpen,
      onClose: () => setOpen(null),
      onChange: replace,
      onDelete: (image) => {
        setOpen(null);
        const before = orders.value;
        orders.value = before.filter((one) => one.id !== image.id);
        const back = () => {
          orders.value = before;
        };
        toast.undo(`${titleOf(image)}: deleted`, back, () => call('DELETE', `api/images/${image.id}`).catch((error) => {
          back();
          toast.error(error);
        }));
      },
    }));
}

function replace(image) {
  orders.value = orders.value.map((known) => (known.id === image.id ? image : known));
}

/** Looks after an order until it is decided and can be seen, less and less often. */
async function follow(image) {
  if (followed.has(image.id)) {
    return;
  }
  followed.add(image.id);
  let wait = FIRST_LOOK;
  let misses = 0;
  let further = FURTHER_LOOKS;
  while (orders.value.some((known) => known.id === image.id)) {
    await pause(wait);
    wait = Math.min(LONGEST_PAUSE, wait * 1.4);
    try {
      const { usages, ...told } = await call('GET', `api/images/${image.id}`);
      misses = 0;
      replace(told);
      further -= told.status === 'generating' ? 0 : 1;
      if (further < 0 || (told.status !== 'generating' && !isAwaited(told))) {
        break;
      }
    } catch (error) {
      misses += 1;
      if (error.status === 401 || error.status === 404 || misses > 5) {
        toast.error(error);
        break;
      }
    }
  }
  followed.delete(image.id);
}
