import { urlOf } from './api.js';

/** @typedef {{name: string, labels: Record<string, string>, value: number}} Sample */

/**
 * The meters as Prometheus reads them.
 *
 * @param {AbortSignal} [signal]
 * @returns {Promise<Sample[]>}
 */
export async function readMeters(signal) {
  const response = await fetch(urlOf('actuator/prometheus'), { headers: { Accept: 'text/plain' }, signal });
  if (response.status === 404) {
    throw new Error('The meters are on the port of operations, which pages do not reach.');
  }
  if (!response.ok) {
    throw new Error(`The meters are not to be had here (${response.status}).`);
  }
  return parseMeters(await response.text());
}

/** @param {string} text in the exposition format, a sample a line */
export function parseMeters(text) {
  const samples = /** @type {Sample[]} */ ([]);
  for (const line of text.split('\n')) {
    const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/.exec(line);
    if (match) {
      const labels = /** @type {Record<string, string>} */ ({});
      for (const [, name, value] of (match[2] ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) {
        labels[name] = value;
      }
      samples.push({ name: match[1], labels, value: Number(match[3]) });
    }
  }
  return samples;
}

/**
 * @param {Sample[]} samples
 * @param {string} name
 * @param {(labels: Record<string, string>) => boolean} [fits]
 */
export function sum(samples, name, fits = () => true) {
  return samples.filter((sample) => sample.name === name && fits(sample.labels)).reduce((total, sample) => total + sample.value, 0);
}
