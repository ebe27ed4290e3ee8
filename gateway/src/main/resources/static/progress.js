import { h } from 'preact';

/**
 * How far something is. Without `value` it is under way and nobody knows how far.
 *
 * @param {{label: string, value?: number | null, max?: number, state?: 'running' | 'done' | 'failed', text?: string}} props
 *     label: for screen readers; text: what stands for the value, for example "3 of 20 images"
 */
export function Progress({ label, value = null, max = 1, state = 'running', text }) {
  const known = value !== null && max > 0;
  const share = known ? Math.min(1, Math.max(0, value / max)) : 0;
  return h('div', {
    class: `progress progress-${state}${known ? '' : ' progress-unknown'}`,
    role: 'progressbar',
    'aria-label': label,
    'aria-valuemin': 0,
    'aria-valuemax': known ? 100 : undefined,
    'aria-valuenow': known ? Math.round(share * 100) : undefined,
    'aria-valuetext': text,
  }, h('div', { class: 'progress-bar', style: known ? { transform: `scaleX(${share})` } : {} }));
}
