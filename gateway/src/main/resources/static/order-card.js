import { h } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { duration } from './format.js';
import { icon } from './icons.js';
import { titleOf } from './image-grid.js';
import { advice, cancel, stage, took } from './orders.js';
import { Picture } from './picture.js';
import { Progress } from './progress.js';

/** A guess is never taken for the end. */
const MOST_OF_BAR = 0.95;
const STATES = { completed: 'Done', failed: 'Failed' };

/**
 * A picture that was ordered: what it waits for and how long, then itself or why it will not come.
 *
 * @param {{order: import('./orders.js').Order, expected: number | null, busy: boolean, onOpen: () => void,
 *     onRetry: () => void, onReuse: () => void}} props expected: what it may take, in ms
 */
export function OrderCard({ order, expected, busy, onOpen, onRetry, onReuse }) {
  const title = titleOf(order);
  const time = took(order);
  const runs = order.status === 'generating';
  return h('article', { class: 'card order' },
    h('button', { class: `order-picture ratio-${(order.aspectRatio ?? '1:1').replace(':', 'x')}`, 'aria-label': `Open ${title}`, onClick: onOpen },
      h(Picture, { image: order, alt: '', sizes: '(max-width: 60rem) 92vw, 21rem' })),
    h('p', { role: 'status', 'data-status': order.status, 'data-stage': runs ? order.generation?.stage ?? 'waiting' : undefined },
      h('strong', null, runs ? stage(order) : STATES[order.status]),
      time !== null && h('span', { class: 'muted' }, ` in ${duration(Math.max(1_000, time) / 1_000)}`)),
    h('p', { class: order.status === 'failed' ? 'order-text entry-note-bad' : 'order-text muted' }, order.status === 'failed' ? advice(order.error) : title),
    runs && h(Elapsed, { since: order.orderedAt ?? Date.parse(order.createdAt), expected, title }),
    h('div', { class: 'actions' },
      order.status === 'failed' && h('button', { class: 'button', disabled: busy, onClick: onRetry }, icon('refresh'), 'Retry'),
      runs && h('button', { class: 'button', onClick: () => cancel(order) }, 'Cancel'),
      h('button', { class: 'button button-quiet', onClick: onReuse }, icon('copy'), 'Use the prompt again')));
}

/** How long it has been, beside how long it may be. */
function Elapsed({ since, expected, title }) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  const elapsed = Math.max(0, now - since);
  const share = expected === null ? null : Math.min(MOST_OF_BAR, elapsed / Math.max(1_000, expected));
  return h('div', { class: 'order-time' },
    h(Progress, { label: `Picture: ${title}`, value: share, text: expected === null ? duration(elapsed / 1_000) : `${duration(elapsed / 1_000)} of about ${duration(expected / 1_000)}` }),
    h('span', { role: 'timer', class: 'muted' }, duration(elapsed / 1_000), expected !== null && ` · most take ${duration(Math.max(1_000, expected) / 1_000)}`));
}
