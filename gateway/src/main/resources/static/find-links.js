/** What a picture's file ends with. */
const ENDING = 'jpe?g|jpe|jfif|png|gif|webp|avif|apng|svg|heic|heif|bmp|tiff?|ico|jxl';
const IMAGE = new RegExp(`\\.(?:${ENDING})(?:$|[?#&/:!])`, 'i');
const ENDS_AS_IMAGE = new RegExp(`\\.(?:${ENDING})(?:[?#][^,;]*)?$`, 'i');
/** Of an element's attributes, those that name a picture. */
const PICTURE_ATTRIBUTES = ['src', 'data-src', 'data-original', 'data-lazy-src', 'data-lazy', 'data-url', 'data-image', 'data-full', 'data-bg', 'poster'];
const SET_ATTRIBUTES = ['srcset', 'data-srcset', 'data-lazy-srcset', 'imagesrcset'];
const TAG = /<([a-z][a-z0-9-]*)((?:\s+[^\s=<>"'/]+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'>]+))?|\s*\/)*)\s*>/gi;
const ATTRIBUTE = /([^\s=>"'/]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))/g;
// What may be repeated has a bound in these, so that no text, whatever is in it, holds the page up.
const MARKDOWN = /(!?)\[((?:[^[\]]|\[[^[\]]{0,200}\]){0,1000})\]\(\s{0,20}<?([^\s()<>]{0,8192}(?:\([^\s()]{0,1000}\)[^\s()<>]{0,8192}){0,20})>?(?:\s{1,20}(?:"[^"]{0,1000}"|'[^']{0,1000}'))?\s{0,20}\)/g;
const DEEPEST_MARKDOWN = 4;
/** As style sheets name a picture. */
const URL_FUNCTION = /\burl\(\s{0,20}(?:"([^"]{1,4096})"|'([^']{1,4096})'|([^\s'"()]{1,4096}))\s{0,20}\)/gi;
const SCHEME = 'https?:\\/\\/';
const HAS_SCHEME = new RegExp(`^${SCHEME}`, 'i');
const BETWEEN_ADDRESSES = new RegExp(`(?<=[^=/?&:%#])[,;'"()[\\]]{1,16}(?=${SCHEME})|(?<=\\.(?:${ENDING}))(?=${SCHEME})`, 'i');
const AFTER_IMAGE = new RegExp(`(?<=\\.(?:${ENDING}))[,;]`, 'i');
const OF_THE_SENTENCE = '.,;:!?\'"*…’”»';
const NO_SPACE = '[^\\s<>"`|\\\\^{}]';
/** What begins with a scheme, with two slashes or with www., or a host and a path that ends as a picture. */
const CANDIDATE = new RegExp(
  `${SCHEME}${NO_SPACE}+|(?<![\\w:/.])\\/\\/[\\w-]+(?:\\.[\\w-]+)+\\/${NO_SPACE}+`
  + `|(?<![\\w@/.-])(?:www\\.[\\w-]+(?:\\.[\\w-]+)+|(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,24}(?::\\d+)?(?=\\/))(?:\\/${NO_SPACE}*)?`, 'gi');

/**
 * @typedef {object} Found
 * @property {string[]} urls absolute, in the order of the text, each once
 * @property {number} repeated how many were there more than once
 * @property {string[]} relative addresses of pictures that say not on which server
 * @property {string[]} others links that are no pictures, beside some that are
 */

/**
 * Every link to a picture in a text of any kind: lines, prose, Markdown, HTML with `srcset` and `data-src`, CSV, JSON.
 * Links that tell not what they lead to count as pictures, unless the text has others that do.
 *
 * @param {string} text
 * @returns {Found}
 */
export function findLinks(text) {
  const found = /** @type {{at: number, url: string, sure: boolean, structured: boolean}[]} */ ([]);
  const relative = /** @type {string[]} */ ([]);
  const add = (at, raw, sure, structured) => {
    const url = absolute(raw);
    if (url !== null) {
      found.push({ at, url, sure: sure || looksLikeImage(url), structured });
    } else if (sure && raw.trim() && !/^(?:data|blob|javascript|about|file|ftp|mailto):|^#/i.test(raw.trim())) {
      relative.push(raw.trim());
    }
  };
  const json = strings(text);
  let rest = json === null ? text : json.join('\n');
  const isHtml = /<(?:img|a|source|picture|video|div|p|meta|link|figure|html|body|span)\b/i.test(rest);
  rest = rest.replace(/&amp;/gi, '&').replace(/&#0?38;|&#x26;/gi, '&').replace(/\\\//g, '/').replace(/\\u0026/gi, '&');
  rest = rest.replace(TAG, (whole, name, attributes, at) => {
    inTag(name.toLowerCase(), attributes, (raw, sure) => add(at, raw, sure, true));
    return ' '.repeat(whole.length);
  });
  rest = rest.replace(URL_FUNCTION, (whole, inDouble, inSingle, bare, at) => {
    add(at, inDouble ?? inSingle ?? bare, true, true);
    return ' '.repeat(whole.length);
  });
  for (let before = '', depth = 0; before !== rest && depth < DEEPEST_MARKDOWN; depth += 1) {
    before = rest;
    // A picture inside of a link: first the one, then the other.
    rest = rest.replace(MARKDOWN, (whole, sign, words, raw, at) => {
      add(at, raw, sign === '!', true);
      return `${' '.repeat(whole.length - words.length)}${sign === '!' ? ' '.repeat(words.length) : words}`;
    });
  }
  for (const match of rest.matchAll(CANDIDATE)) {
    let from = '';
    for (const part of parts(match[0])) {
      const url = absolute(part, from);
      if (url !== null) {
        from = url;
        add(match.index, url, false, json !== null || isHtml);
      }
    }
  }
  return sorted(found, relative);
}

function sorted(found, relative) {
  const known = new Set();
  const urls = [];
  const others = [];
  let repeated = 0;
  const anySure = found.some((one) => one.sure);
  for (const { url, sure, structured } of found.map((one, index) => ({ ...one, index })).sort((one, other) => one.at - other.at || one.index - other.index)) {
    const same = identity(url);
    if (known.has(same)) {
      repeated += 1;
    } else {
      known.add(same);
      (sure || !structured || !anySure ? urls : others).push(url);
    }
  }
  return { urls, repeated, relative, others };
}

/** What one address is, however it is written. @param {string} url */
export function identity(url) {
  try {
    const parsed = new URL(url);
    parsed.hash = '';
    return parsed.href;
  } catch {
    return url;
  }
}

/** @param {string} url */
export function looksLikeImage(url) {
  try {
    const { pathname, search } = new URL(url);
    return IMAGE.test(pathname) || IMAGE.test(decodeURIComponent(search));
  } catch {
    return false;
  }
}

function inTag(name, attributes, add) {
  const known = {};
  for (const [, attribute, ...values] of attributes.matchAll(ATTRIBUTE)) {
    known[attribute.toLowerCase()] ??= values.find((value) => value !== undefined) ?? '';
  }
  const sets = SET_ATTRIBUTES.map((attribute) => candidates(known[attribute] ?? '')).filter((set) => set.length > 0);
  const inSets = new Set(sets.flat().map((one) => one.url));
  sets.forEach((set) => add(set.reduce((best, one) => (one.size > best.size ? one : best)).url, true));
  const isPicture = ['img', 'source', 'picture', 'image', 'input', 'amp-img'].includes(name);
  for (const attribute of PICTURE_ATTRIBUTES) {
    const value = known[attribute];
    // The smaller ones of a set are the same picture.
    if (value && !inSets.has(value)) {
      const lazy = attribute !== 'src';
      if (isPicture || attribute === 'poster') {
        add(value, !value.startsWith('data:'));
      } else if (lazy || name === 'a') {
        add(value, false);
      }
    }
  }
  for (const [, inDouble, inSingle, bare] of (known.style ?? '').matchAll(URL_FUNCTION)) {
    add(inDouble ?? inSingle ?? bare, true);
  }
  if (known.href) {
    add(known.href, name === 'image' || (name === 'link' && /icon|image/i.test(`${known.rel} ${known.as}`)));
  }
  if (name === 'meta' && /image/i.test(`${known.property ?? ''}${known.name ?? ''}${known.itemprop ?? ''}`)) {
    add(known.content ?? '', true);
  }
}

/** `a.jpg 1x, b.jpg 640w`: each with its size. A comma inside of an address is followed by no space. */
function candidates(set) {
  return set.split(/,\s+|(?<=\s[\d.]+[wxh]),/).map((one) => one.trim().split(/\s+/)).filter(([url]) => url)
    .map(([url, size]) => ({ url: url.replace(/,$/, ''), size: size ? Number.parseFloat(size) * (size.endsWith('x') ? 1_000 : 1) : 1_000 }));
}

/** The pieces of what has no space in it: several addresses in a row, an address and the next column of a table. */
function parts(run) {
  return run.split(BETWEEN_ADDRESSES).flatMap((one) => {
    // "a.jpg,b.jpg" are two, and "a.jpg,Harbour" is one with its title; "w_300,h_200/a.jpg" is one.
    const [first, ...others] = trimmed(one).split(AFTER_IMAGE);
    const end = others.findIndex((other) => !ENDS_AS_IMAGE.test(other));
    return [first, ...(end < 0 ? others : others.slice(0, end))];
  });
}

/** Without what belongs to the sentence around it. */
function trimmed(one) {
  let end = one.length;
  const open = { ')': 0, ']': 0 };
  for (let at = 0; at < one.length; at += 1) {
    const sign = one[at];
    if (sign === '(') {
      open[')'] += 1;
    } else if (sign === '[') {
      open[']'] += 1;
    } else if (sign === ')' || sign === ']') {
      open[sign] -= 1;
      if (open[sign] < 0) {
        end = at;
        break;
      }
    }
  }
  while (end > 0 && OF_THE_SENTENCE.includes(one[end - 1])) {
    end -= 1;
  }
  return one.slice(0, end);
}

/** @returns {string | null} */
function absolute(raw, from = '') {
  const text = raw.trim().replace(/^<|>$/g, '');
  const hasScheme = /^[a-z][a-z0-9+.-]*:/i.test(text) && !/^[\w.-]+:\d+(?:\/|$)/.test(text);
  let wanted = null;
  if (HAS_SCHEME.test(text)) {
    wanted = text;
  } else if (/^\/\/[\w-]+\./.test(text)) {
    wanted = `https:${text}`;
  } else if (!hasScheme && /^(?:www\.|(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,24}(?::\d+)?\/)/i.test(text)) {
    wanted = `https://${text}`;
  } else if (from && text && !hasScheme) {
    wanted = within(text, from);
  }
  try {
    return wanted !== null && /[^.]/.test(new URL(wanted).hostname) ? wanted : null;
  } catch {
    return null;
  }
}

function within(text, from) {
  try {
    return new URL(text, from).href;
  } catch {
    return null;
  }
}

/** All strings of a JSON text; null for what is none. */
function strings(text) {
  if (!/^\s*[[{"]/.test(text)) {
    return null;
  }
  try {
    const all = [];
    (function walk(value) {
      if (typeof value === 'string') {
        all.push(value);
      } else if (value !== null && typeof value === 'object') {
        Object.values(value).forEach(walk);
      }
    })(JSON.parse(text));
    return all;
  } catch {
    return null; // a part of one: its addresses are found as in any text
  }
}
