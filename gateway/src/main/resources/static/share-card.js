import { h } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { proxyImageUrl } from './image-url.js';
import { icon } from './icons.js';

/**
 * A remote image with its title and where it is from. The image comes through the proxy; where there is none, or one
 * that does not load, a sign of the same size stands in its place, so that nothing moves.
 *
 * @param {{title: any, imageUrl: string | null, source: any, showImage?: boolean, alt?: string, children?: any}} props
 *     showImage: false for callers whom the proxy would refuse
 */
export function ShareCard({ title, imageUrl, source, showImage = true, alt = '', children }) {
  const [state, setState] = useState('loading');
  const url = showImage ? proxyImageUrl(imageUrl) : null;
  useEffect(() => setState('loading'), [url]);
  const shown = url !== null && state !== 'failed';
  return h('div', { class: 'share-card' },
    h('div', { class: shown ? 'share-image' : 'share-image share-image-none' },
      shown
        ? h('img', {
          src: url, alt, width: 72, height: 72, loading: 'lazy', decoding: 'async',
          class: state === 'loaded' ? 'is-loaded' : '',
          onLoad: () => setState('loaded'),
          onError: () => setState('failed'),
        })
        : icon('picture')),
    h('div', { class: 'share-text' }, title, h('div', { class: 'share-source' }, source)),
    children);
}
