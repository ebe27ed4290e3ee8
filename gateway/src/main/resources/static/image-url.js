import { ROOT, urlOf } from './api.js';

/** Every width that a thumbnail can have, in pixels, ascending. */
const WIDTHS = [160, 320, 640, 1280];

/** What all browsers show. A picture of any other type is seen by its thumbnails alone. */
const SHOWN = ['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/avif', 'image/svg+xml', 'image/bmp', 'image/x-icon'];

/** A file of this size, in bytes, is as good as a thumbnail. */
const SMALL = 50 * 1024;

/**
 * @typedef {object} Sources what an <img> may load, for the browser to choose from by the width it needs
 * @property {string} src for browsers that cannot choose
 * @property {string} [srcset]
 */

/** @typedef {import('./image-grid.js').Image} Image */

/**
 * What an <img> may load for a stored image: its thumbnails. The original is among them only where it is as small as
 * one, or, of an image that is looked at by itself, where no thumbnail is as wide or there is none. Null when there is
 * nothing (yet) that a browser shows.
 *
 * @param {Image} image
 * @param {{alone?: boolean}} [options] alone: it is looked at by itself
 * @returns {Sources | null}
 */
export function imageSources(image, { alone = false } = {}) {
  const candidates = (image.thumbnails ?? []).map(({ url, width }) => ({ url: getImageUrl(url), width }));
  if (originalServes(image, alone)) {
    candidates.push({ url: getImageUrl(image.url), width: image.width ?? 0 });
  }
  return sourcesOf(candidates);
}

/**
 * What an <img> that fills the window may load: its thumbnails, and the original for more pixels than they have.
 *
 * @param {Image} image
 * @returns {Sources | null}
 */
export function viewerSources(image) {
  if (image.status !== 'completed') {
    return null;
  }
  const candidates = (image.thumbnails ?? []).map(({ url, width }) => ({ url: getImageUrl(url), width }));
  const widest = candidates.at(-1)?.width ?? 0;
  if (image.contentType === undefined || SHOWN.includes(image.contentType)) {
    candidates.push({ url: getImageUrl(image.url), width: Math.max(image.width ?? 0, widest + 1) });
  }
  return sourcesOf(candidates);
}

/** @param {Image} image @param {boolean} alone */
function originalServes({ thumbnails, contentType, width = Infinity, size = Infinity }, alone) {
  if (contentType === undefined || thumbnails === undefined) {
    return contentType === undefined || SHOWN.includes(contentType); // there is nothing else, and there will not be
  }
  const isNarrow = width <= WIDTHS[WIDTHS.length - 1];
  return SHOWN.includes(contentType)
    && (width <= WIDTHS[0] || (isNarrow && size <= SMALL) || (alone && (isNarrow || thumbnails.length === 0)));
}

/**
 * Whether there is nothing to show of an image before its thumbnails are there, and they are not yet.
 *
 * @param {Image} image
 * @param {{alone?: boolean}} [options] as for {@link imageSources}
 */
export function isAwaited(image, options) {
  return image.status === 'completed' && image.thumbnails?.length === 0 && image.thumbnailStatus === 'waiting' && imageSources(image, options) === null;
}

/**
 * What an <img> may load for a remote image: smaller ones that the proxy makes. Null for what is no http or https URL.
 *
 * @param {string | null | undefined} originalUrl
 * @returns {Sources | null}
 */
export function proxyImageSources(originalUrl) {
  return sourcesOf(WIDTHS.slice(0, 2).map((width) => ({ url: proxyImageUrl(originalUrl, width), width })));
}

/**
 * What an <img> may load for a stored image of which nothing is known but where its bytes are.
 *
 * @param {string} fileUrl
 * @returns {Sources | null}
 */
export function smallSources(fileUrl) {
  return sourcesOf(WIDTHS.slice(0, 2).map((width) => ({ url: getImageUrl(`${fileUrl}?w=${width}`), width })));
}

/**
 * @param {{url: string | null, width: number}[]} candidates ascending
 * @returns {Sources | null}
 */
function sourcesOf(candidates) {
  const [first, ...others] = candidates.filter(({ url }) => url !== null);
  if (first === undefined) {
    return null;
  }
  const src = /** @type {string} */ (first.url);
  return others.length === 0 ? { src } : { src, srcset: [first, ...others].map(({ url, width }) => `${url} ${width}w`).join(', ') };
}

/**
 * Where a remote image can be had without asking its origin from here. Null for what is no http or https URL.
 *
 * @param {string | null | undefined} originalUrl
 * @param {number} [width] at most, in pixels: one of the widths of thumbnails
 * @returns {string | null}
 */
export function proxyImageUrl(originalUrl, width) {
  return originalUrl && isHttp(originalUrl) ? urlOf('api/image-proxy', { url: originalUrl, w: width }) : null;
}

/**
 * What an <img> may load for an image's URL as the API tells it: a path of the gateway's own is found under whatever
 * prefix it is served; anything else comes through the proxy. Null when there is nothing to show.
 *
 * @param {string | null | undefined} url
 * @returns {string | null}
 */
export function getImageUrl(url) {
  if (!url) {
    return null;
  }
  if (url.startsWith('/') && !url.startsWith('//')) {
    return urlOf(url);
  }
  return url.startsWith(ROOT.href) ? url : proxyImageUrl(url);
}

/**
 * Whether a text is an absolute http or https URL.
 *
 * @param {string} text
 */
export function isHttp(text) {
  try {
    return /^https?:$/.test(new URL(text).protocol);
  } catch {
    return false;
  }
}

/**
 * The name that a URL's last segment suggests.
 *
 * @param {string} url
 */
export function nameInUrl(url) {
  try {
    const segment = new URL(url).pathname.split('/').filter(Boolean).at(-1) ?? '';
    return decodeURIComponent(segment) || new URL(url).host;
  } catch {
    return url;
  }
}

/** @param {string} url */
export function hostOf(url) {
  try {
    return new URL(url).host;
  } catch {
    return '';
  }
}

/**
 * The text that names what was dropped here from another window: a picture brings its own address in its markup, beside
 * that of the link around it.
 *
 * @param {DataTransfer} data
 */
export function dropped(data) {
  const markup = data.getData('text/html');
  return /<img\b/i.test(markup) ? markup : data.getData('text/uri-list').split('\n').filter((line) => !line.startsWith('#')).join('\n');
}
