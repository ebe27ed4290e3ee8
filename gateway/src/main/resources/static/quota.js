import { h } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { call, standings } from './api.js';
import { bytes, duration } from './format.js';
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

/**
 * How much of the room for one's images is taken; its place is kept until it is told.
 *
 * @param {{since: number | string | null}} props since: asked again whenever this changes; null for not yet
 */
export function Storage({ since }) {
  const [use, setUse] = useState(/** @type {{used: number, quota: number} | null} */ (null));
  useEffect(() => {
    if (since === null) {
      return undefined;
    }
    const abort = new AbortController();
    // What cannot be told now is in nobody's way.
    call('GET', 'api/images/storage', { signal: abort.signal }).then(setUse).catch(() => {});
    return () => abort.abort();
  }, [since]);
  if (use === null) {
    return h('div', { class: 'storage' }, '\u00a0');
  }
  const { used, quota } = use;
  const high = 0.9 * quota;
  return h('div', { class: used >= high ? 'storage quota-low' : 'storage', role: 'status', 'data-used': used },
    h('meter', { min: 0, max: quota, high, value: Math.min(used, quota), 'aria-label': 'Room taken' }),
    h('span', null, h('strong', null, bytes(used)), ` of ${bytes(quota)} taken`, used >= quota ? '; delete some images to go on' : ''));
}
