// What cannot wait for modules.
(function () {
  'use strict';
  // Before anything is painted, so that nobody who chose one theme sees the other flash by.
  try {
    const chosen = localStorage.getItem('sluice.theme');
    if (chosen === 'light' || chosen === 'dark') {
      document.documentElement.dataset.theme = chosen;
    }
  } catch {
    // No storage here: the system's theme it is.
  }
  // What the page asked for imports, all at once: the browser would find them one after the other, a round trip each.
  const MODULES = {
    '': ['pages/zip-builder.js'],
    gallery: ['pages/gallery.js', 'image-grid.js', 'image-list.js', 'image-url.js', 'image-details.js', 'quota.js'],
  };
  const here = /** @type {HTMLScriptElement} */ (document.querySelector('script[src$="/start.js"]')).src;
  const page = location.hash.replace(/^#\/?/, '').replace(/[/?].*/, '');
  for (const name of Object.hasOwn(MODULES, page) ? MODULES[page] : []) {
    const link = document.createElement('link');
    link.rel = 'modulepreload';
    link.href = here.replace(/[^/]*$/, name);
    document.head.append(link);
  }
})();
