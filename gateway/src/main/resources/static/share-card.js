import { h } from 'preact';
import { proxyImageSources } from './image-url.js';
import { icon } from './icons.js';
import { useLoading } from './loading.js';

const SIDE = 48;

/**
 * A remote image with its title and where it is from. The image comes through the proxy, made small.
 *
 * @param {{title: any, imageUrl: string | null, source: any,
 *     sources?: import('./image-url.js').Sources | null, showImage?: boolean, alt?: string, children?: any}} props
 *     sources: where the picture is, if not behind the proxy; showImage: false for callers whom the proxy would refuse
 */
export function ShareCard({ title, imageUrl, source, sources = proxyImageSources(imageUrl), showImage = true, alt = '', children }) {
  return h('div', { class: 'share-card' },
    h(ShareImage, { sources: showImage ? sources : null, alt }),
    h('div', { class: 'share-text' }, title, h('div', { class: 'share-source' }, source)),
    children);
}

/**
 * A small square picture. Until it is loaded, and where there is none, a sign stands in its place, so that nothing
 * moves.
 *
 * @param {{sources: import('./image-url.js').Sources | null, alt?: string}} props
 */
export function ShareImage({ sources, alt = '' }) {
  const { state, props } = useLoading(sources && sources.src);
  return h('div', { class: 'share-image' },
    icon('picture'),
    sources !== null && state !== 'failed' && h('img', {
      loading: 'lazy', decoding: 'async', sizes: `${SIDE}px`, ...sources, alt, width: SIDE, height: SIDE, ...props,
    }));
}
