import { h } from 'preact';

/** Strokes on a 24 by 24 grid. */
const PATHS = {
  zip: 'M4 7l8-4 8 4v10l-8 4-8-4zM4 7l8 4 8-4M12 11v10',
  gallery: 'M4 5h16v14H4zM4 16l5-5 4 4 2-2 5 5M15.5 9.5h.01',
  generate: 'M12 3l1.8 5.2L19 10l-5.2 1.8L12 17l-1.8-5.2L5 10l5.2-1.8zM19 16v4M17 18h4',
  upload: 'M12 16V4M7 9l5-5 5 5M4 16v4h16v-4',
  admin: 'M4 19V9M10 19V5M16 19v-7M21 19H3',
  sun: 'M12 8a4 4 0 100 8 4 4 0 000-8zM12 2v2M12 20v2M4.9 4.9l1.4 1.4M17.7 17.7l1.4 1.4M2 12h2M20 12h2M4.9 19.1l1.4-1.4M17.7 6.3l1.4-1.4',
  moon: 'M20 14.5A8.5 8.5 0 019.5 4a8.5 8.5 0 1010.5 10.5z',
  system: 'M3 5h18v11H3zM8 20h8M12 16v4',
  person: 'M12 12a4 4 0 100-8 4 4 0 000 8zM4 20c1.5-4 4.5-5 8-5s6.5 1 8 5',
  close: 'M6 6l12 12M18 6L6 18',
  check: 'M5 13l4 4L19 7',
  warning: 'M12 4l9 16H3zM12 10v4M12 17h.01',
  info: 'M12 3a9 9 0 100 18 9 9 0 000-18zM12 11v5M12 8h.01',
  download: 'M12 4v12M7 11l5 5 5-5M4 20h16',
  trash: 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13',
  up: 'M12 19V5M6 11l6-6 6 6',
  down: 'M12 5v14M6 13l6 6 6-6',
  grip: 'M9 6h.01M15 6h.01M9 12h.01M15 12h.01M9 18h.01M15 18h.01',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  plus: 'M12 5v14M5 12h14',
  search: 'M11 4a7 7 0 100 14 7 7 0 000-14zM20 20l-4-4',
  picture: 'M4 5h16v14H4zM4 16l5-5 4 4 2-2 5 5',
  refresh: 'M20 11a8 8 0 10-2.3 6.3M20 5v6h-6',
  send: 'M4 12l16-8-6 16-3-7z',
  leave: 'M14 5H5v14h9M10 12h11M17 8l4 4-4 4',
  pause: 'M8 5v14M16 5v14',
  play: 'M7 5l12 7-12 7z',
  left: 'M15 5l-7 7 7 7',
  right: 'M9 5l7 7-7 7',
  link: 'M10 14a4 4 0 005.7 0l3-3a4 4 0 00-5.7-5.7l-1 1M14 10a4 4 0 00-5.7 0l-3 3a4 4 0 005.7 5.7l1-1',
  zoom: 'M11 4a7 7 0 100 14 7 7 0 000-14zM20 20l-4-4M8 11h6M11 8v6',
  full: 'M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5',
  lock: 'M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 017 0v3',
};

/**
 * A picture beside a word, or in a button that has a label: nothing to read aloud.
 *
 * @param {keyof typeof PATHS} name
 */
export function icon(name) {
  return h('svg', { class: 'icon', viewBox: '0 0 24 24', 'aria-hidden': 'true', focusable: 'false' },
    h('path', { d: PATHS[name] }));
}

/** The gate and the water. */
export function logo() {
  return h('svg', { class: 'logo', viewBox: '0 0 32 32', 'aria-hidden': 'true', focusable: 'false' },
    h('rect', { width: 32, height: 32, rx: 8 }),
    h('path', { class: 'logo-gate', d: 'M8 7v18M24 7v18M8 11h16' }),
    h('path', { class: 'logo-water', d: 'M11.5 17c1.5-1.6 3-1.6 4.5 0s3 1.6 4.5 0M11.5 22c1.5-1.6 3-1.6 4.5 0s3 1.6 4.5 0' }));
}
