import { h } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { duration } from './format.js';

/**
 * "continues in 2 s", counted down.
 *
 * @param {{until: number, before: string, onEnd?: () => void}} props until: as Date.now() counts
 */
export function Countdown({ until, before, onEnd }) {
  const [now, setNow] = useState(Date.now());
  const left = Math.max(0, Math.ceil((until - now) / 1_000));
  useEffect(() => {
    if (left === 0) {
      onEnd?.();
      return undefined;
    }
    const timer = setTimeout(() => setNow(Date.now()), Math.max(50, (until - Date.now()) % 1_000 || 1_000));
    return () => clearTimeout(timer);
  }, [until, now]);
  return h('span', { class: 'countdown' }, left === 0 ? `${before} a moment` : `${before} ${duration(left)}`);
}
