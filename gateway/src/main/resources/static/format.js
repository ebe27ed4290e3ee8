const UNITS = ['B', 'KB', 'MB', 'GB', 'TB'];

/**
 * 1536 → "1.5 KB".
 *
 * @param {number | null | undefined} count
 */
export function bytes(count) {
  if (count === null || count === undefined || Number.isNaN(count)) {
    return '–';
  }
  let value = count;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}

/**
 * 130 → "2 min".
 *
 * @param {number} seconds
 */
export function duration(seconds) {
  if (seconds < 90) {
    return `${Math.max(0, Math.round(seconds))} s`;
  }
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}

/** @param {string | null | undefined} instant */
export function when(instant) {
  return instant
    ? new Date(instant).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' })
    : '–';
}

/** A date in words, without the time. @param {string | null | undefined} instant */
export function day(instant) {
  return instant ? new Date(instant).toLocaleDateString(undefined, { dateStyle: 'long' }) : 'an unknown day';
}

/**
 * "1 image", "3 images".
 *
 * @param {number} count
 * @param {string} thing
 * @param {string} [things] of which there is more than one
 */
export function count(count, thing, things = `${thing}s`) {
  // Numbers without groups need no locale, the first use of which takes tens of milliseconds on a phone.
  return `${count < 1_000 ? count : count.toLocaleString()} ${count === 1 ? thing : things}`;
}

const REASONS = {
  blocked_address: 'The gateway does not reach that address.',
  invalid_url: 'That is not a link it can fetch.',
  too_large: 'It is larger than the gateway takes.',
  timed_out: 'Its server took too long.',
  not_an_image: 'What came is not an image.',
  bad_encoding: 'Its server packed it in a way that the gateway does not unpack.',
  upstream_status: 'Its server answered with an error.',
  connection_failed: 'The connection to its server failed.',
};

/**
 * Why an image is missing, for people.
 *
 * @param {string | null | undefined} code
 */
export function reason(code) {
  return REASONS[code ?? ''] ?? code ?? 'It could not be fetched.';
}
