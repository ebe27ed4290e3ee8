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
  // Browsers look at the icon's address again when the page's changes; it is relative to the first one.
  const sign = document.querySelector('link[rel=icon]');
  if (sign instanceof HTMLLinkElement) {
    sign.setAttribute('href', sign.href);
  }
  // A network that changes while the modules come would leave an empty page: they are asked for once more.
  const AGAIN = 'sluice.again';
  document.addEventListener('error', (event) => {
    if (!(event.target instanceof HTMLScriptElement) || event.target.type !== 'module') {
      return;
    }
    let again = true;
    try {
      again = sessionStorage.getItem(AGAIN) !== null;
      sessionStorage.setItem(AGAIN, '1');
    } catch {
      // Then it cannot be told from the next time.
    }
    if (!again) {
      setTimeout(() => location.reload(), 1_000);
      return;
    }
    const text = document.createElement('p');
    text.textContent = 'A part of this page did not come. ';
    const button = document.createElement('button');
    button.className = 'button';
    button.textContent = 'Load again';
    button.addEventListener('click', () => location.reload());
    text.append(button);
    document.querySelector('.skeleton')?.replaceWith(text);
  }, true);
  // What the page asked for imports, all at once: the browser would find them one after the other, a round trip each.
  // Low, since the answers below are few bytes and take the gateway longer.
  const MODULES = {
    '': ['pages/zip-builder.js', 'archive.js', 'archive-download.js', 'archive-summary.js', 'find-links.js', 'waiting.js', 'image-url.js', 'loading.js', 'previews.js', 'name-input.js'],
    gallery: ['pages/gallery.js', 'image-grid.js', 'image-list.js', 'image-url.js', 'loading.js', 'quota.js'],
  };
  const here = /** @type {HTMLScriptElement} */ (document.querySelector('script[src$="/start.js"]')).src;
  const root = new URL('../../', here).href;
  // Links of earlier releases had all of it behind a #.
  const where = location.hash.startsWith('#/') ? location.hash.slice(2) : location.href.slice(root.length).replace(/#.*/, '');
  const [, page, further] = /^([^/?]*)(.*)/.exec(where) ?? [];
  const isPicture = page === 'gallery' && further.startsWith('/');
  for (const name of [...(Object.hasOwn(MODULES, page) ? MODULES[page] : []), ...(isPicture ? ['viewer.js', 'image-details.js'] : [])]) {
    const link = document.createElement('link');
    link.rel = 'modulepreload';
    link.fetchPriority = 'low';
    link.href = here.replace(/[^/]*$/, name);
    document.head.append(link);
  }
  // And what they will ask the gateway for. api.js takes the answers, each once; null means that it has to ask by itself.
  const ask = (path) => fetch(new URL(path, root), { headers: { Accept: 'application/json, application/problem+json, */*;q=0.5' } });
  const session = ask('api/session');
  const underWay = { 'api/session': session };
  if (page === 'gallery' && !further.includes('?')) {
    const list = 'api/images?page=1&size=60';
    // The page says whether its request brought a session; the gateway may no longer take that, and then says so to who asks again.
    underWay[list] = document.documentElement.dataset.session === 'sent' ? ask(list).then((answer) => (answer.ok ? answer : null)).catch(() => null) : null;
  }
  Object.assign(window, { underWay });
  session.catch(() => {}); // that it failed is told to who takes it
})();
