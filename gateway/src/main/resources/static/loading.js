import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

const TRIES = 3;
const LOOKS = 10;
const LONGEST_PAUSE = 30_000;

/**
 * How far an <img> is. What fails to load is asked for again, later and later: many at once may be more than the
 * gateway lets one caller have.
 *
 * @param {string | null} src
 * @returns {{state: 'loading' | 'loaded' | 'failed', props: {key: string, ref: any, class: string, onLoad: () => void,
 *     onError: () => void}}} props: for the <img>
 */
export function useLoading(src) {
  const [known, setKnown] = useState({ src, tries: 0, state: 'loading' });
  const { tries, state } = known.src === src ? known : { tries: 0, state: 'loading' };
  const final = tries >= TRIES;
  useEffect(() => {
    if (state !== 'missed' || final) {
      return undefined;
    }
    const timer = setTimeout(() => setKnown({ src, tries: tries + 1, state: 'loading' }), 2_000 * 2 ** tries + Math.random() * 1_000);
    return () => clearTimeout(timer);
  }, [src, tries, state]);
  const key = `${tries} ${src}`;
  const image = useRef(/** @type {HTMLImageElement | null} */ (null));
  useLayoutEffect(() => {
    const shown = image.current;
    return () => {
      // Chromium keeps an <img> whose size depends on the window's for as long as the window is there, and with it the
      // page that it was on. Without an address it asks for nothing.
      shown?.setAttribute('sizes', '1px');
      shown?.removeAttribute('srcset');
      shown?.removeAttribute('src');
    };
  }, [key]);
  return {
    state: state === 'loaded' ? 'loaded' : state === 'missed' && final ? 'failed' : 'loading',
    props: {
      key,
      ref: image,
      class: state === 'loaded' ? 'is-loaded' : state === 'missed' ? 'is-missed' : '',
      onLoad: () => setKnown({ src, tries, state: 'loaded' }),
      onError: () => setKnown({ src, tries, state: 'missed' }),
    },
  };
}

/**
 * Looks again, less and less often and some minutes long, for what is still to come.
 *
 * @param {string | null} awaited what is; null for nothing. Another text begins anew
 * @param {(signal: AbortSignal) => Promise<void>} look quiet when it fails: the next one is as good
 */
export function useLooks(awaited, look) {
  const [made, setMade] = useState({ awaited, looks: 0 });
  const looks = made.awaited === awaited ? made.looks : 0;
  useEffect(() => {
    if (awaited === null || looks >= LOOKS) {
      return undefined;
    }
    const abort = new AbortController();
    const timer = setTimeout(async () => {
      await look(abort.signal).catch(() => {});
      if (!abort.signal.aborted) {
        setMade({ awaited, looks: looks + 1 });
      }
    }, Math.min(LONGEST_PAUSE, 2_000 * 1.6 ** looks));
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [awaited, looks]);
}
