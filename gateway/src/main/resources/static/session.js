import { ApiError, call, standings, whenUnauthenticated } from './api.js';
import { navigate, route } from './router.js';
import { createStore } from './store.js';
import { parseApiError, toast } from './toast.js';
import { explained } from './words.js';

/**
 * @typedef {object} Session
 * @property {boolean} known whether the gateway has said who this is
 * @property {string | null} user
 * @property {string[]} roles
 * @property {string[]} projects
 * @property {boolean} developmentLogin whether anybody can sign in as anybody
 * @property {string | null} trouble why the gateway has not said who this is, the last time it was asked
 */

/** @type {Session} */
const NOBODY = { known: false, user: null, roles: [], projects: [], developmentLogin: false, trouble: null };
const RETURN_TO = 'sluice.returnTo';

export const session = createStore(NOBODY);

/** @param {Session} who */
export function isAdmin(who) {
  return who.roles.includes('admin') || who.roles.includes('super-admin');
}

const LONGEST_PAUSE = 30;
let pauses = 0;
let timer = 0;

/**
 * Asks the gateway who this is. An old session that it no longer takes is put away. While it does not answer, nobody is
 * taken for signed out: it is asked again by itself.
 */
export async function loadSession() {
  clearTimeout(timer);
  try {
    await ask().catch((error) => {
      if (!(error instanceof ApiError) || error.status !== 401) {
        throw error;
      }
      return putAway();
    });
    pauses = 0;
  } catch (error) {
    const problem = parseApiError(error);
    const { title, text } = explained(problem);
    session.value = { ...session.value, trouble: `${title}. ${text}` };
    if (!session.value.known) {
      pauses += 1;
      timer = setTimeout(() => loadSession().catch(() => {}), 1_000 * Math.min(LONGEST_PAUSE, problem.retryAfter ?? 2 ** pauses));
    }
    throw error;
  }
}

async function ask() {
  const told = await call('GET', 'api/session', { quietly: true });
  const user = told.anonymous ? null : told.user;
  if (user !== null && last !== null && user !== last) {
    leave();
  }
  last = user ?? last;
  session.value = {
    known: true,
    user,
    roles: told.roles,
    projects: told.projects,
    developmentLogin: told.developmentLogin,
    trouble: null,
  };
  standings.value = {
    ...standings.value,
    ...Object.fromEntries(told.limits.map((limit) => [limit.limit, limit])),
  };
}

async function putAway() {
  await call('DELETE', 'api/session', { quietly: true });
  try {
    await ask();
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 401) {
      throw error;
    }
    session.value = { ...NOBODY, known: true };
    toSignIn();
  }
}

/** Leads to the page to sign in, and from there back to where one is now. */
export function toSignIn() {
  if (route.value.page !== 'sign-in') {
    sessionStorage.setItem(RETURN_TO, route.value.path);
    navigate('/sign-in');
  }
}

/** Leads to where one was before the page to sign in. */
export function fromSignIn() {
  const back = sessionStorage.getItem(RETURN_TO);
  sessionStorage.removeItem(RETURN_TO);
  navigate(back ?? '/', { replace: true });
}

/** @type {Set<(user: string) => void>} */
const leavers = new Set();
/** Who was here last; a session that has only ended is not a user who has left. */
let last = /** @type {string | null} */ (null);

/**
 * Called with a user's name when they sign out, or when somebody else signs in: what one user has here, the next does
 * not see.
 *
 * @param {(user: string) => void} listener
 */
export function whenUserLeaves(listener) {
  leavers.add(listener);
}

function leave() {
  const user = last;
  last = null;
  if (user !== null) {
    leavers.forEach((listener) => listener(user));
  }
}

/**
 * Has a store begin anew when its user leaves.
 *
 * @template T
 * @param {import('./store.js').Store<T>} store
 * @param {() => void} [further] is called then, too
 */
export function ofOneUser(store, further = () => {}) {
  const initial = store.value;
  whenUserLeaves(() => {
    further();
    store.value = initial;
  });
}

/** The other tabs of this browser: they share the cookie, and learn that it is another's now. */
const tabs = typeof BroadcastChannel === 'function' ? new BroadcastChannel('sluice') : null;
if (tabs) {
  tabs.onmessage = ({ data }) => {
    if (data?.kind === 'session' && session.value.known && data.user !== session.value.user) {
      onOtherTab(data.user);
    }
  };
}

async function onOtherTab(user) {
  const before = session.value.user;
  if (before !== null) {
    leave();
  }
  standings.value = {};
  try {
    await loadSession();
    if (user === null) {
      toast.info('You signed out in another tab');
    } else {
      toast.info(`You are ${user} now`, 'Somebody signed in in another tab; what was here belonged to who was here before.');
    }
  } catch (error) {
    toast.error(error);
  }
}

function tellTabs() {
  tabs?.postMessage({ kind: 'session', user: session.value.user });
}

/** @param {{user: string, roles: string[], projects: string[]}} wish */
export async function signIn(wish) {
  await call('POST', 'api/session', { json: wish, quietly: true });
  standings.value = {};
  await loadSession();
  tellTabs();
  fromSignIn();
}

export async function signOut() {
  try {
    await call('DELETE', 'api/session', { quietly: true });
    leave();
    session.value = { ...NOBODY, known: true, developmentLogin: session.value.developmentLogin };
    standings.value = {};
    navigate('/');
    tellTabs();
    await loadSession();
  } catch (error) {
    toast.error(error);
  }
}

whenUnauthenticated(() => {
  const had = session.value.user !== null;
  session.value = { ...session.value, user: null, roles: [], projects: [] };
  if (had) {
    toast.info('Your session has ended', 'Sign in to go on where you were.');
  }
  toSignIn();
});
