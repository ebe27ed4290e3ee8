import { createStore } from './store.js';

/** Where the gateway is, whatever path a proxy has put it under: this file is at assets/<version>/api.js. */
export const ROOT = new URL('../../', import.meta.url);

/**
 * The URL of a path of the gateway, with or without a leading slash.
 *
 * @param {string} path
 * @param {Record<string, string | number | null | undefined>} [query] what is null or empty is left out
 */
export function urlOf(path, query = {}) {
  const url = new URL(path.replace(/^\/+/, ''), ROOT);
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== '') {
      url.searchParams.set(name, String(value));
    }
  }
  return url.href;
}

/** What went wrong, in the gateway's own words (RFC 9457), or in ours when it did not answer. */
export class ApiError extends Error {
  /**
   * @param {{status: number, code: string, detail: string, title?: string, requestId?: string, retryAfter?: number,
   *     members?: Record<string, unknown>}} problem
   */
  constructor(problem) {
    super(problem.detail);
    this.name = 'ApiError';
    this.status = problem.status;
    this.code = problem.code;
    this.detail = problem.detail;
    this.title = problem.title ?? 'That did not work';
    this.requestId = problem.requestId ?? null;
    this.retryAfter = problem.retryAfter ?? null;
    this.members = problem.members ?? {};
  }
}

/** @typedef {{limit: string, capacity: number | null, remaining: number, resetsInSeconds: number}} Standing */

/** The limits as the last answer that told of each has told: by name. */
export const standings = createStore(/** @type {Record<string, Standing>} */ ({}));

/** Called at every 401 that does not ask who one is. */
let onUnauthenticated = () => {};

/** @param {() => void} listener */
export function whenUnauthenticated(listener) {
  onUnauthenticated = listener;
}

const PATIENCE_SECONDS = 5;

/**
 * Sends a request and reads the answer's JSON; null when there is none.
 *
 * @param {string} method
 * @param {string} path
 * @param {{json?: unknown, query?: Record<string, string | number | null | undefined>, signal?: AbortSignal,
 *     quietly?: boolean}} [options] quietly: a 401 leads nowhere
 * @returns {Promise<any>}
 * @throws {ApiError}
 */
export async function call(method, path, options = {}) {
  const response = await send(method, path, options);
  return response.status === 204 ? null : response.json();
}

/**
 * Sends a request; the answer is good.
 *
 * @param {string} method
 * @param {string} path
 * @param {Parameters<typeof call>[2] & {headers?: Record<string, string>}} [options]
 * @returns {Promise<Response>}
 * @throws {ApiError}
 */
export async function send(method, path, options = {}) {
  try {
    return await once(method, path, options);
  } catch (error) {
    // What changes nothing may be asked again by itself, if it is soon: a network that changes breaks what is under way.
    const wait = !(error instanceof ApiError) ? null : error.status === 429 ? error.retryAfter : error.code === 'offline' ? 1 : null;
    if (method !== 'GET' || wait === null || wait > PATIENCE_SECONDS) {
      throw error;
    }
    await pause(wait * 1000, options.signal);
    return once(method, path, options);
  }
}

async function once(method, path, options) {
  const headers = { Accept: 'application/json, application/problem+json, */*;q=0.5', ...options.headers };
  let body;
  if (options.json !== undefined) {
    headers['Content-Type'] = 'application/json';
    body = JSON.stringify(options.json);
  }
  let response;
  try {
    const url = urlOf(path, options.query);
    response = (method === 'GET' && await takeUnderWay(url))
      || await fetch(url, { method, headers, body, signal: options.signal, credentials: 'same-origin', keepalive: method === 'DELETE' });
    options.signal?.throwIfAborted();
  } catch (error) {
    throw options.signal?.aborted ? error : unreachable();
  }
  noteStandings(response.headers);
  if (response.ok) {
    return response;
  }
  const problem = await problemOf(response);
  if (response.status === 401 && !options.quietly) {
    onUnauthenticated();
  }
  throw problem;
}

/**
 * The answer to what start.js has asked before there were modules: the first to ask takes it.
 *
 * @param {string} url
 * @returns {Promise<Response | null>}
 */
async function takeUnderWay(url) {
  const underWay = /** @type {any} */ (window).underWay ?? {};
  const path = url.slice(ROOT.href.length);
  const answer = Object.hasOwn(underWay, path) ? underWay[path] : null;
  delete underWay[path];
  return answer;
}

/** @returns {ApiError} */
export function unreachable() {
  return new ApiError({
    status: 0,
    code: 'offline',
    title: 'The gateway cannot be reached',
    detail: 'Check your connection, then try again.',
  });
}

/**
 * The error that an answer stands for.
 *
 * @param {Response} response
 */
export async function problemOf(response) {
  let told = {};
  try {
    told = await response.json();
  } catch {
    // No problem document: something between here and the gateway answered.
  }
  const { type, title, status, detail, instance, code, error, requestId, ...members } = told;
  const retryAfter = Number.parseInt(response.headers.get('Retry-After') ?? '', 10);
  return new ApiError({
    status: response.status,
    code: code ?? 'unknown',
    title,
    detail: detail ?? error ?? `The answer was ${response.status} without a reason.`,
    requestId: requestId ?? response.headers.get('X-Request-Id') ?? undefined,
    retryAfter: Number.isNaN(retryAfter) ? undefined : retryAfter,
    members,
  });
}

/** `"ip";r=9;t=2, "user";r=19;t=1`, beside `"ip";q=10;w=20, …`: RFC 9651. */
function noteStandings(headers) {
  const told = headers.get('RateLimit');
  if (!told) {
    return;
  }
  const capacities = Object.fromEntries(items(headers.get('RateLimit-Policy') ?? '').map((item) => [item.name, item.q]));
  const next = { ...standings.value };
  for (const item of items(told)) {
    next[item.name] = {
      limit: item.name,
      capacity: capacities[item.name] ?? null,
      remaining: item.r,
      resetsInSeconds: item.t,
    };
  }
  standings.value = next;
}

function items(field) {
  return [...field.matchAll(/"([^"]+)"((?:;[a-z]+=(?:"[^"]*"|[0-9]+))*)/g)].map(([, name, parameters]) => {
    const item = { name };
    for (const [, key, value] of parameters.matchAll(/;([a-z]+)=("?[^;]*)/g)) {
      item[key] = Number(value);
    }
    return item;
  });
}

/**
 * @param {number} milliseconds
 * @param {AbortSignal} [signal] ends it early, as an error
 */
export function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(signal.reason);
    }, { once: true });
  });
}

/**
 * A file that the browser then keeps: read whole, so that a failure can be told.
 *
 * @param {string} path
 * @param {string} fallbackName
 */
export async function download(path, fallbackName) {
  const response = await send('GET', path);
  let bytes;
  try {
    bytes = await response.blob();
  } catch {
    throw unreachable();
  }
  const url = URL.createObjectURL(bytes);
  save(url, fileNameOf(response.headers.get('Content-Disposition')) ?? fallbackName);
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/**
 * Has the browser download a URL by itself.
 *
 * @param {string} url
 * @param {string} [name]
 */
export function save(url, name = '') {
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.rel = 'noopener';
  document.body.append(link);
  link.click();
  link.remove();
}

/** @param {string | null} disposition */
export function fileNameOf(disposition) {
  const encoded = /filename\*=UTF-8''([^;]+)/i.exec(disposition ?? '');
  const plain = /filename="([^"]+)"/i.exec(disposition ?? '');
  try {
    return encoded ? decodeURIComponent(encoded[1]) : plain?.[1] ?? null;
  } catch {
    return null;
  }
}
