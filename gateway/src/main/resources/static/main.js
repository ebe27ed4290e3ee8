import { Component, h, render } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Question } from './dialog.js';
import { icon, logo } from './icons.js';
import { holds } from './keep.js';
import { activity } from './activity.js';
import { linkTo, route } from './router.js';
import { isAdmin, loadSession, session, signOut, toSignIn } from './session.js';
import { useStore } from './store.js';
import { Toasts, parseApiError, toast } from './toast.js';

/** @type {Record<string, {title: string, icon?: any, under?: string, load: () => Promise<{default: any}>, who?: 'user' | 'admin'}>} under: the page that stands for it in the bar */
const PAGES = {
  zip: { title: 'ZIP builder', icon: 'zip', load: () => import('./pages/zip-builder.js') },
  gallery: { title: 'Gallery', icon: 'gallery', load: () => import('./pages/gallery.js'), who: 'user' },
  generate: { title: 'Generate', icon: 'generate', load: () => import('./pages/generate.js'), who: 'user' },
  upload: { title: 'Upload', icon: 'upload', load: () => import('./pages/upload.js'), who: 'user' },
  import: { title: 'Import', under: 'upload', load: () => import('./pages/import.js'), who: 'user' },
  admin: { title: 'Admin', icon: 'admin', load: () => import('./pages/admin.js'), who: 'admin' },
  'sign-in': { title: 'Sign in', load: () => import('./pages/sign-in.js') },
};

/**
 * Keeps a failure of one page from taking the others with it.
 *
 * @extends {Component<{children?: any}, {error: Error | null}>}
 */
class Boundary extends Component {
  /** @param {{children?: any}} props */
  constructor(props) {
    super(props);
    this.state = { error: null };
  }

  static getDerivedStateFromError(error) {
    return { error };
  }

  render() {
    return this.state.error
      ? h(Failure, { detail: parseApiError(this.state.error).detail, onRetry: () => this.setState({ error: null }) })
      : this.props.children;
  }
}

function Failure({ detail, onRetry }) {
  return h('section', { class: 'empty', role: 'alert' },
    icon('warning'),
    h('h1', null, 'This page could not be shown'),
    h('p', null, detail),
    h('button', { class: 'button button-primary', onClick: onRetry }, icon('refresh'), 'Try again'));
}

/** The page of the route, loaded when it is first visited. */
function CurrentPage() {
  const here = useStore(route);
  const who = useStore(session);
  const page = PAGES[here.page] ?? PAGES.zip;
  const main = useRef(/** @type {HTMLElement | null} */ (null));
  const [loaded, setLoaded] = useState(/** @type {any} */ ({}));
  const [tries, setTries] = useState(0);
  const first = useRef(true);
  const waits = page.who !== undefined && !who.known;
  const barred = page.who !== undefined && who.known && who.user === null;
  useEffect(() => {
    let current = true;
    document.title = `${page.title} · Sluice`;
    page.load().then(
      (module) => current && setLoaded({ page, view: module.default }),
      (error) => current && setLoaded({ page, failed: parseApiError(error).detail }));
    return () => {
      current = false;
    };
  }, [page, tries]);
  useEffect(() => {
    // A change of page is told to who does not see it; the first one the browser tells itself.
    if (!first.current) {
      main.current?.focus({ preventScroll: true });
      window.scrollTo(0, 0);
    }
    first.current = false;
  }, [page]);
  useEffect(() => {
    if (barred) {
      toSignIn();
    }
  }, [barred]);
  /** @type {import('preact').VNode<any>} */
  let view = h('div', { class: 'skeleton', role: 'status' }, h('span', { class: 'visually-hidden' }, 'Loading'), h('i', null), h('i', null), h('i', null));
  if (waits && who.trouble !== null) {
    view = h(Failure, { detail: who.trouble, onRetry: () => loadSession().catch(toast.error) });
  } else if (loaded.page === page && !waits && !barred) {
    if (loaded.failed) {
      view = h(Failure, { detail: loaded.failed, onRetry: () => setTries(tries + 1) });
    } else if (page.who === 'admin' && !isAdmin(who)) {
      view = h('section', { class: 'empty' }, icon('lock'), h('h1', null, 'For admins'),
        h('p', null, `${who.user} is not one. Sign in as somebody who is.`),
        h('button', { class: 'button button-primary', onClick: toSignIn }, 'Sign in'));
    } else {
      view = h(Boundary, { key: here.page }, h(loaded.view, { query: here.query, rest: here.rest }));
    }
  }
  return h('main', { id: 'main', tabIndex: -1, ref: main, class: `page page-${here.page}` }, view);
}

const THEMES = ['system', 'light', 'dark'];

function ThemeButton() {
  const [theme, setTheme] = useState(document.documentElement.dataset.theme ?? 'system');
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
  const choose = () => {
    if (next === 'system') {
      delete document.documentElement.dataset.theme;
    } else {
      document.documentElement.dataset.theme = next;
    }
    try {
      localStorage.setItem('sluice.theme', next);
    } catch {
      // It lasts as long as the page, then.
    }
    setTheme(next);
  };
  return h('button', { class: 'icon-button', onClick: choose, 'aria-label': `Theme: ${theme}. Change to ${next}`, title: `Theme: ${theme}` },
    icon(theme === 'dark' ? 'moon' : theme === 'light' ? 'sun' : 'system'));
}

function Who() {
  const who = useStore(session);
  if (!who.known) {
    return h('span', { class: 'who-waiting' });
  }
  return who.user === null
    ? h('a', { class: 'button', href: linkTo('/sign-in').href, onClick: (event) => {
      event.preventDefault();
      toSignIn();
    } }, icon('person'), 'Sign in')
    : h('div', { class: 'who' },
      h('span', { class: 'who-name', title: `${who.user}: ${who.roles.join(', ')}` }, icon('person'), h('span', null, who.user)),
      h('button', { class: 'button', onClick: signOut, 'aria-label': 'Sign out', title: 'Sign out' }, icon('leave'), h('span', null, 'Sign out')));
}

function Running({ what }) {
  return what && h('span', { class: 'running', title: `${what.done} of ${what.all} done` }, h('span', { class: 'visually-hidden' }, ', under way'));
}

function Navigation() {
  const here = useStore(route);
  const who = useStore(session);
  const runs = useStore(activity);
  const shown = Object.entries(PAGES).filter(([, page]) => page.icon && (page.who !== 'admin' || isAdmin(who)));
  return h('nav', { class: 'nav', 'aria-label': 'Pages' },
    shown.map(([name, page]) => h('a', {
      key: name,
      ...linkTo(name === 'zip' ? '/' : `/${name}`),
      'aria-current': (PAGES[here.page] ?? PAGES.zip) === page ? 'page' : name === PAGES[here.page]?.under ? 'true' : undefined,
    }, icon(page.icon), h('span', null, page.title),
    h(Running, { what: runs[name] ?? (name === 'upload' ? runs.imports : undefined) }))));
}

/** What ran when the page was left goes on, whichever page one comes back to. */
const RESUMED = /** @type {const} */ ([
  ['uploads', () => import('./upload-queue.js')],
  ['imports', () => import('./import-queue.js')],
  ['zip', () => import('./archive-download.js')],
]);

async function resume() {
  for (const [what, load] of RESUMED) {
    if (await holds([what])) {
      await load();
    }
  }
}

function App() {
  const { known, user } = useStore(session);
  useEffect(() => {
    loadSession().catch(toast.error);
  }, []);
  useEffect(() => {
    if (known) {
      resume().catch(() => {}); // it is found again with its own page
    }
  }, [known, user]);
  return [
    h('a', { class: 'skip', href: '#main', onClick: (event) => {
      event.preventDefault();
      document.getElementById('main')?.focus();
    } }, 'Skip to the page'),
    h('header', { class: 'bar' }, h('div', { class: 'bar-inner' },
      h('a', { class: 'brand', ...linkTo('/') }, logo(), h('span', null, 'Sluice')),
      h(Navigation, null),
      h('div', { class: 'bar-end' }, h(ThemeButton, null), h(Who, null)))),
    h(CurrentPage, null),
    h(Question, null),
    h(Toasts, null),
  ];
}

window.addEventListener('unhandledrejection', (event) => toast.error(event.reason));

try {
  sessionStorage.removeItem('sluice.again'); // start.js may try once more, the next time
} catch {
  // No storage here.
}

const root = /** @type {HTMLElement} */ (document.getElementById('app'));
root.replaceChildren();
render(h(App, null), root);
