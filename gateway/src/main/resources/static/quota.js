import { h } from 'preact';
import { standings } from './api.js';
import { duration } from './format.js';
import { useStore } from './store.js';

/**
 * What is left of a limit, before it runs out.
 *
 * @param {{limit: string, unit: string}} props unit: "today", for example
 */
export function Quota({ limit, unit }) {
  const standing = useStore(standings)[limit];
  if (!standing) {
    return null;
  }
  const { remaining, capacity, resetsInSeconds } = standing;
  const low = capacity !== null && remaining <= Math.max(1, capacity / 10);
  return h('div', { class: low ? 'quota quota-low' : 'quota', role: 'status', 'data-remaining': remaining },
    capacity !== null && h('meter', { min: 0, max: capacity, low: capacity / 10, value: remaining, 'aria-label': `Left ${unit}` }),
    h('span', null, h('strong', null, capacity === null ? remaining : `${remaining} of ${capacity}`), ` left ${unit}`,
      remaining === 0 ? `; more in ${duration(resetsInSeconds)}` : ''));
}
