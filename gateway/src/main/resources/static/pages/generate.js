import { h } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { call, standings } from '../api.js';
import { duration } from '../format.js';
import { icon } from '../icons.js';
import { titleOf } from '../image-grid.js';
import { OrderCard } from '../order-card.js';
import { expected, followAll, forget, forgetEnded, learn, order, orders, past, replace, wishOf } from '../orders.js';
import { Quota, Storage } from '../quota.js';
import { navigate } from '../router.js';
import { session } from '../session.js';
import { useStore } from '../store.js';
import { toast } from '../toast.js';
import { Viewer } from '../viewer.js';
import { exhausted } from '../words.js';

const LONGEST_PROMPT = 1000;
const MOST_AT_ONCE = 4;
const RATIOS = [['1:1', 'Square'], ['16:9', 'Wide'], ['9:16', 'Tall'], ['4:3', 'Classic'], ['3:4', 'Portrait']];

/**
 * Pictures from words.
 *
 * @param {{query: URLSearchParams}} props image: the one that is open
 */
export default function Generate({ query }) {
  const who = useStore(session);
  const made = useStore(orders);
  const earlier = useStore(past);
  const limits = useStore(standings);
  const [prompt, setPrompt] = useState('');
  const [altText, setAltText] = useState('');
  const [aspectRatio, setAspectRatio] = useState('1:1');
  const [projectId, setProjectId] = useState('');
  const [pictures, setPictures] = useState(1);
  const [busy, setBusy] = useState(false);
  const open = query.get('image');
  const words = useRef(/** @type {HTMLTextAreaElement | null} */ (null));
  const spent = ['image-day', 'image-minute'].map((name) => limits[name]).find((limit) => limit && limit.remaining === 0);
  const usual = expected(made, earlier);

  useEffect(followAll, []);
  useEffect(() => {
    if (who.user !== null) {
      learn();
    }
  }, [who.user]);

  const ordered = async (wish, times, instead) => {
    setBusy(true);
    try {
      for (let left = times; left > 0; left -= 1) {
        await order(wish, instead);
      }
    } catch (error) {
      toast.error(error);
    } finally {
      setBusy(false);
    }
  };
  const submit = (event) => {
    event.preventDefault();
    ordered({ prompt: prompt.trim(), aspectRatio, ...(altText.trim() ? { altText: altText.trim() } : {}), ...(projectId ? { projectId } : {}) }, pictures);
  };
  const addressOf = (id) => `/generate?image=${encodeURIComponent(id)}`;
  const close = () => {
    // Back leads to the orders, whichever way one goes.
    if (history.state?.fromOrders) {
      history.back();
    } else {
      navigate('/generate', { replace: true });
    }
  };
  const reuse = (before) => {
    const wish = wishOf(before);
    setPrompt(wish.prompt);
    setAltText(wish.altText ?? '');
    setAspectRatio(RATIOS.some(([ratio]) => ratio === wish.aspectRatio) ? wish.aspectRatio : '1:1');
    setProjectId(wish.projectId ?? '');
    words.current?.focus();
  };

  return h('div', { class: 'builder builder-pictures' },
    h('div', { class: 'builder-main' },
      h('header', { class: 'page-head' }, h('h1', null, 'Generate a picture'), h('p', { class: 'muted' }, 'Say what it shows. It lands in your gallery.')),
      h('form', { class: 'card form', onSubmit: submit },
        h('label', { class: 'field' }, h('span', null, 'Prompt ', h('span', { class: 'muted' }, `${prompt.length} of ${LONGEST_PROMPT}`)),
          h('textarea', { ref: words, rows: 4, required: true, maxLength: LONGEST_PROMPT, value: prompt, placeholder: 'A lock gate at dawn, mist over still water', onInput: (event) => setPrompt(event.currentTarget.value) })),
        h('label', { class: 'field' }, h('span', null, 'Alternative text ', h('span', { class: 'muted' }, 'for people who cannot see it')),
          h('input', { maxLength: 500, value: altText, onInput: (event) => setAltText(event.currentTarget.value) })),
        h('fieldset', { class: 'field' }, h('legend', null, 'Shape'),
          h('div', { class: 'ratios' }, RATIOS.map(([ratio, name]) => h('label', { key: ratio },
            h('input', { type: 'radio', name: 'ratio', value: ratio, checked: aspectRatio === ratio, onChange: () => setAspectRatio(ratio) }),
            h('span', { class: 'ratio' }, h('span', { class: `ratio-shape ratio-${ratio.replace(':', 'x')}`, 'aria-hidden': 'true' }), name, h('small', null, ratio)))))),
        who.projects.length > 0 && h('label', { class: 'field' }, h('span', null, 'Project'),
          h('select', { value: projectId, onChange: (event) => setProjectId(event.currentTarget.value) },
            h('option', { value: '' }, 'None'), who.projects.map((project) => h('option', { key: project, value: project }, project)))),
        h('fieldset', { class: 'field' }, h('legend', null, 'How many'),
          h('div', { class: 'segmented' }, Array.from({ length: MOST_AT_ONCE }, (_, index) => index + 1).map((number) => h('label', { key: number },
            h('input', { type: 'radio', name: 'pictures', value: number, checked: pictures === number, onChange: () => setPictures(number) }), h('span', null, number))))),
        h('div', { class: 'actions' },
          h('button', { class: 'button button-primary button-large', disabled: busy || !prompt.trim() || spent !== undefined, 'aria-busy': busy }, icon('generate'), busy ? 'Ordering…' : 'Generate'),
          h(Quota, { limit: 'image-day', unit: 'today' }),
          h(Storage, { since: made.filter(({ status }) => status === 'completed').length })),
        spent && h('p', { class: 'notice', role: 'status' }, `${exhausted(spent.limit)}; more in ${duration(spent.resetsInSeconds)}. `,
          h('button', { type: 'button', class: 'button', onClick: () => call('GET', 'api/session').then((told) => {
            standings.value = { ...standings.value, ...Object.fromEntries(told.limits.map((limit) => [limit.limit, limit])) };
          }, toast.error) }, 'Look again')))),
    h('aside', { class: 'orders', 'aria-label': 'Ordered pictures' },
      made.length === 0
        ? h('div', { class: 'card order-none' }, icon('generate'), h('p', { class: 'muted' }, 'Your pictures appear here.'))
        : [
          made.some(({ status }) => status !== 'generating') && h('div', { key: 'head', class: 'section-head orders-head' },
            h('button', { class: 'button button-quiet', onClick: forgetEnded }, 'Clear what is done')),
          ...made.map((one) => h(OrderCard, {
            key: one.id,
            order: one,
            expected: usual,
            busy,
            onOpen: () => navigate(addressOf(one.id), { state: { fromOrders: true } }),
            onRetry: () => ordered(wishOf(one), 1, one.id),
            onReuse: () => reuse(one),
          })),
        ]),
    open !== null && h(Viewer, {
      id: open,
      images: made,
      onMove: (id) => navigate(addressOf(id), { replace: true, state: history.state }),
      onClose: close,
      onChange: replace,
      onDelete: (image) => {
        close();
        const before = orders.value;
        forget(image.id);
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
