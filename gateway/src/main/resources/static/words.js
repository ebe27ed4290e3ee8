import { duration } from './format.js';

/** @typedef {import('./api.js').ApiError} ApiError */

const BUSY = ['rate_limited', 'endpoint_throttled', 'too_many_concurrent', 'overloaded', 'limits_unavailable', 'provider_busy'];

/** What a refusal means to people, by its code: a title and what to do next. */
const WORDS = {
  rate_limited: ['A little too fast', 'The gateway takes so many requests at a time.'],
  endpoint_throttled: ['A little too fast', 'The gateway takes so many of these at a time.'],
  too_many_concurrent: ['Already as many as may run at once', 'It can begin when one of the others has ended.'],
  quota_exceeded: ['Your share is used up', 'More is free later.'],
  overloaded: ['The gateway is busy', 'Nothing was started.'],
  budget_exceeded: ['Used up for now', 'What all users share for this is spent.'],
  limits_unavailable: ['The gateway cannot tell what is left', 'It will not spend before it can.'],
  provider_busy: ['The provider is busy', 'Nothing was started.'],
  storage_quota_exceeded: ['No room left for your pictures', 'Delete some pictures in the gallery, then try again.'],
  storage_failed: ['The store of pictures does not answer', 'Try again in a moment.'],
  storage_missing: ['The gateway has lost its store', 'Tell the people who run it.'],
  database_failed: ['The gateway cannot look that up now', 'Try again in a moment.'],
  internal_error: ['The gateway failed', 'Try again; if it happens again, tell the people who run it.'],
  no_image_available: ['None of the pictures could be fetched', 'The reason of each is in the list.'],
  /** Of an archive that is all or nothing. */
  image_failed: ['One of the pictures could not be fetched', 'You wanted all or nothing, so there is no archive.'],
  upstream_timeout: ['Its server took too long', 'Try again later, or another address.'],
  connection_failed: ['Its server cannot be reached', 'Check the address, or try again later.'],
  timed_out: ['Its server took too long', 'Try again later, or another address.'],
  upstream_status: ['Its server has no such picture', 'Open the link in your browser to see what is there.'],
  too_large: ['That picture is too large', 'The gateway takes smaller ones.'],
  bad_encoding: ['That picture cannot be unpacked', 'Its server sends it in a way that the gateway does not read.'],
  blocked_address: ['That address is out of reach', 'The gateway fetches from public web servers only.'],
  invalid_url: ['That is not a link it can fetch', 'It begins with https:// and names a picture on a public web server.'],
  unsupported_scheme: ['That is not a link it can fetch', 'It begins with https://.'],
  not_an_image: ['There is no picture at that address', 'Open the picture itself in your browser, then copy its link.'],
  invalid_image: ['That file is not a picture that can be kept', 'It may be damaged, or of another kind than its name says.'],
  unsupported_image_type: ['That kind of picture is not taken', 'Convert it first.'],
  image_too_large: ['That picture is too large', 'Make it smaller first.'],
  too_many_images: ['Too many pictures at once', 'Take some out.'],
  payload_too_large: ['That is too large', 'Make it smaller first.'],
  image_in_use: ['The picture is in use', 'Take it out of what uses it first.'],
  forbidden: ['You may not do that', 'Ask the people who run the gateway.'],
  not_found: ['It is not there any more', 'Load the page again to see what is.'],
};

/**
 * What went wrong, for people: what it is, what to do next. What has no words here is told in the server's own, without
 * what only machines read.
 *
 * @param {ApiError} error
 * @returns {{title: string, text: string}}
 */
export function explained(error) {
  // A failed fetch says what failed.
  const code = error.code === 'invalid_image' && /^The response /.test(error.detail) ? 'not_an_image'
    : [error.code === 'upstream_failed' ? String(error.members.reason) : error.code, error.code].find((one) => Object.hasOwn(WORDS, one));
  const known = code === undefined ? null : WORDS[code];
  const title = known?.[0] ?? error.title;
  const text = known !== null && (BUSY.includes(error.code) || code === 'not_an_image' || !saysMore(error)) ? known[1] : plain(error.detail);
  const wait = error.retryAfter ? ` ${BUSY.includes(error.code) ? 'It works again' : 'More'} in ${duration(error.retryAfter)}.` : '';
  return { title, text: text.replace(/ More is free later\.$/, '') + wait };
}

/** Whether the server's own sentence tells people something that the code does not. */
function saysMore({ code, detail }) {
  return ['image_in_use', 'invalid_image', 'storage_quota_exceeded', 'forbidden', 'not_found', 'quota_exceeded'].includes(code)
    && /^[A-Z]/.test(detail) && !/\(expected:|[0-9a-f]{8}-[0-9a-f]{4}-|^Image \S+:/.test(detail);
}

const ISO_DURATION = /\bP(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?\b(?<=\d[DHMS])/g;
const MEDIA_TYPES = /(?:image\/[a-z0-9.+-]+(?:, )?)+/g;
const UUID = /\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g;

/**
 * A machine's sentence as people read it: durations, kinds of pictures, no ids.
 *
 * @param {string} text
 */
export function plain(text) {
  return text
    .replace(ISO_DURATION, (_, d = 0, hours = 0, minutes = 0, seconds = 0) => duration(((+d * 24 + +hours) * 60 + +minutes) * 60 + +seconds))
    .replace(MEDIA_TYPES, (types) => kinds(types.split(', ').filter(Boolean)) + (types.endsWith(', ') ? ', ' : ''))
    .replace(/ ?\(expected: ([^)]*)\)/g, '; expected: $1')
    .replace(UUID, 'this one');
}

const KINDS = { jpeg: 'JPEG', jpg: 'JPEG', png: 'PNG', webp: 'WebP', heic: 'HEIC', heif: 'HEIF', gif: 'GIF', avif: 'AVIF', 'svg+xml': 'SVG', tiff: 'TIFF', jxl: 'JPEG XL', bmp: 'BMP' };

/**
 * Kinds of pictures as people call them: "JPEG, PNG and WebP".
 *
 * @param {string[]} types media types
 */
export function kinds(types) {
  const names = [...new Set(types.map((type) => kind(type)))];
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names[names.length - 1]}`;
}

/** @param {string} type a media type */
export function kind(type) {
  const name = type.replace(/^image\//, '');
  return KINDS[name] ?? (type.startsWith('image/') ? name.toUpperCase() : 'another kind of file');
}

const LIMITS = {
  'image-day': 'Today’s pictures are all made',
  'image-minute': 'That is enough for one minute',
};

/** What it means that nothing is left of a limit. @param {string} name */
export function exhausted(name) {
  return LIMITS[name] ?? 'Nothing is left for now';
}
