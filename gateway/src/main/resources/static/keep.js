import { session, whenUserLeaves } from './session.js';

const DATABASE = 'sluice';
const STORE = 'kept';
const SOON = 200;
const PATIENCE = 1_500;

/** @type {Promise<IDBDatabase | null> | null} */
let opened = null;

/** Null where this browser keeps nothing: then a page lasts as long as it is open, as ever. */
function open() {
  opened ??= new Promise((resolve) => {
    try {
      const request = indexedDB.open(DATABASE, 1);
      request.onupgradeneeded = () => request.result.createObjectStore(STORE);
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => resolve(null);
    } catch {
      resolve(null);
    }
  });
  return opened;
}

/**
 * @param {IDBTransactionMode} mode
 * @param {(store: IDBObjectStore) => IDBRequest} work
 * @returns {Promise<any>} undefined also when it failed
 */
async function within(mode, work) {
  const database = await open();
  if (database === null) {
    return undefined;
  }
  return new Promise((resolve) => {
    try {
      const transaction = database.transaction(STORE, mode);
      const request = work(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onerror = () => resolve(undefined);
      transaction.onabort = () => resolve(undefined);
      transaction.commit?.(); // a page that is left waits for nothing
    } catch {
      resolve(undefined);
    }
  });
}

const here = () => session.value.user ?? '';

/** Keeps a value for who is here now. @param {string[]} path @param {unknown} value */
export function put(path, value) {
  const key = [here(), ...path];
  return within('readwrite', (store) => store.put(value, key));
}

/** @param {string[]} path */
export function drop(path) {
  const key = [here(), ...path];
  return within('readwrite', (store) => store.delete(key));
}

/** @param {string[]} path @returns {Promise<any>} */
export function get(path) {
  const key = [here(), ...path];
  return within('readonly', (store) => store.get(key));
}

/** Everything that is kept below a path. @param {string[]} path @returns {Promise<any[]>} */
export async function list(path) {
  const key = [here(), ...path];
  return (await within('readonly', (store) => store.getAll(IDBKeyRange.bound(key, [...key, []])))) ?? [];
}

/** Whether anything is kept at or below a path. @param {string[]} path @returns {Promise<boolean>} */
export async function holds(path) {
  const key = [here(), ...path];
  return (await within('readonly', (store) => store.count(IDBKeyRange.bound(key, [...key, []])))) > 0;
}

whenUserLeaves((user) => {
  within('readwrite', (store) => store.delete(IDBKeyRange.bound([user], [user, []])));
});

/**
 * Whether this tab is the one that keeps something: two that did would undo each other's work.
 *
 * @param {string} name
 * @returns {Promise<boolean>}
 */
export function isKeeper(name) {
  if (!navigator.locks) {
    return Promise.resolve(true); // not over plain HTTP
  }
  return new Promise((resolve) => {
    // The tab before a reload has it for a moment longer.
    navigator.locks.request(`sluice.${name}`, { signal: AbortSignal.timeout(PATIENCE) }, () => {
      resolve(true);
      return new Promise(() => {}); // as long as the tab lives
    }).catch(() => resolve(false));
  });
}

/**
 * What a page that is left says to the next one in its tab: its last write to the database may not come to an end, and a
 * tab that is not the keeper writes none.
 *
 * @param {string} name
 */
function lastWords(name) {
  const key = `sluice.left.${name}`;
  const guarded = (work) => {
    try {
      return work();
    } catch {
      return null; // no storage here, or it is full
    }
  };
  const forget = () => guarded(() => sessionStorage.removeItem(key));
  return {
    forget,
    /** @param {string} owner @param {any} packed @param {boolean} isAll whether it is newer than what the database has */
    say: (owner, packed, isAll) => guarded(() => sessionStorage.setItem(key, JSON.stringify({ owner, packed, isAll }))),
    /** @param {string} whose @returns {{packed: any, isAll: boolean} | null} */
    take: (whose) => {
      const left = guarded(() => JSON.parse(sessionStorage.getItem(key) ?? 'null'));
      forget();
      return left?.owner === whose ? left : null;
    },
  };
}

/**
 * Keeps a store's value over a reload, for who is here: what a visitor has who then signs in is that user's. The first tab
 * keeps it in the database; another one for itself, as long as it is open.
 *
 * @template T
 * @param {string} name
 * @param {import('./store.js').Store<T>} store
 * @param {{pack: (value: T) => any, unpack: (packed: any) => void}} how pack: null for nothing worth keeping. unpack: brings
 *     back what was kept, and loses nothing of what the store has by then: somebody may be quicker than the database
 */
export function keep(name, store, { pack, unpack }) {
  const keeper = isKeeper(name);
  let isKept = false;
  let timer = 0;
  let changes = 0;
  let kept = 0;
  /** Whose it is, also after their session has ended: they may sign in again and go on. */
  let owner = /** @type {string | null} */ (null);
  const leftBehind = lastWords(name);
  const write = () => {
    clearTimeout(timer);
    timer = 0;
    if (!isKept || changes === kept) {
      return;
    }
    const packed = pack(store.value);
    const key = [/** @type {string} */ (owner), name];
    const upTo = changes;
    within('readwrite', (all) => (packed === null ? all.delete(key) : all.put(packed, key))).then(() => {
      kept = upTo;
    });
  };
  const bringBack = (packed) => {
    if (packed !== null && packed !== undefined) {
      unpack(packed);
    }
  };
  const restore = async () => {
    const whose = here();
    if (!session.value.known || owner === whose || (owner && whose === '')) {
      return;
    }
    const before = owner;
    owner = whose;
    const left = leftBehind.take(whose);
    bringBack(left?.packed);
    isKept = await keeper;
    const packed = isKept && !left?.isAll ? await get([name]) : null;
    if (owner !== whose || !isKept) {
      return;
    }
    const isChanged = pack(store.value) !== null;
    bringBack(packed);
    if (isChanged || left?.isAll) {
      changes += 1;
      write();
    }
    if (before === '') {
      within('readwrite', (all) => all.delete(['', name]));
    }
  };
  whenUserLeaves(() => {
    clearTimeout(timer);
    timer = 0;
    owner = null;
    leftBehind.forget();
  });
  queueMicrotask(restore); // its module has more to declare first
  session.subscribe(restore);
  store.subscribe(() => {
    changes += 1;
    if (owner !== null && timer === 0) {
      timer = setTimeout(() => (owner === null ? undefined : write()), SOON);
    }
  });
  window.addEventListener('pagehide', () => {
    if (owner !== null) {
      // Said also when all is written: another tab may be the keeper by the time this one is back.
      leftBehind.say(owner, pack(store.value), isKept && changes !== kept);
      write();
    }
  });
  // It has not gone after all, and what it keeps from now on is newer.
  window.addEventListener('pageshow', (event) => event.persisted && leftBehind.forget());
}
