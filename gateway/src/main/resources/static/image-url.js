import { ROOT, urlOf } from './api.js';

/**
 * Where a remote image can be had without asking its origin from here. Null for what is no http or https URL.
 *
 * @param {string | null | undefined} originalUrl
 * @returns {string | null}
 */
export function proxyImageUrl(originalUrl) {
  return originalUrl && isHttp(originalUrl) ? urlOf('api/image-proxy', { url: originalUrl }) : null;
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
