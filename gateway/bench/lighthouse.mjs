/*
 * Judges the web app's pages with Lighthouse: node lighthouse.mjs GATEWAY MODULES [mobile|desktop].
 *
 * MODULES is a directory that has node_modules/lighthouse. Each page is opened signed out and signed in, with Lighthouse's own
 * simulated network and processor. Prints a Markdown table and what takes points away; ends with 1 when a mark is under 95.
 */
import { createRequire } from 'node:module';
import { loadavg } from 'node:os';
import { pathToFileURL } from 'node:url';

const [gateway, modules, form = 'mobile'] = process.argv.slice(2);
const WANTED = 95;
/** For example "/gallery in": that page alone. */
const only = process.env.ONLY;
const TRIES = 3;
const CATEGORIES = ['performance', 'accessibility', 'best-practices'];
const require = createRequire(`${modules}/x.js`);
const load = async (name) => import(pathToFileURL(require.resolve(name)).href);
const { default: lighthouse, desktopConfig } = await load('lighthouse');
const { launch } = await load('chrome-launcher');

const post = async (path, json, headers = {}) => {
  const answer = await fetch(gateway + path, { method: 'POST', headers: { 'Content-Type': 'application/json', ...headers }, body: JSON.stringify(json) });
  if (!answer.ok) {
    throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  }
  return answer.json();
};

/** Somebody with pictures, who sees every page. */
async function signIn() {
  const { token } = await post('/api/session', { user: 'lighthouse', roles: ['super-admin'], projects: ['p1'] });
  const bearer = { Authorization: `Bearer ${token}` };
  const { pictures } = await (await fetch(`${gateway}/samples`)).json();
  let id = '';
  for (let round = 0; round < 3; round += 1) {
    for (const url of pictures) {
      ({ id } = await post('/api/images/imports', { url }, bearer));
    }
  }
  await post('/api/images/generations', { prompt: 'A lock gate at dawn' }, bearer);
  return { token, id };
}

const { token, id } = await signIn();
const pages = [
  ['/', true], ['/gallery', true], [`/gallery/${id}`, true], ['/generate', true], ['/upload', true], ['/import', true], ['/admin', true],
  ['/', false], ['/sign-in', false], ['/gallery', false], ['/generate', false], ['/upload', false], ['/import', false], ['/admin', false],
];
console.log(`| page | who | ${CATEGORIES.join(' | ')} | LCP s | TBT ms | CLS |`);
console.log(`| --- | --- | ${CATEGORIES.map(() => '---:').join(' | ')} | ---: | ---: | ---: |`);
const remarks = [];
let failed = false;
const visitOnce = async (path, signedIn) => {
  const chrome = await launch({ chromePath: process.env.CHROMIUM ?? '/usr/bin/chromium', chromeFlags: ['--headless=new', '--no-sandbox', '--disable-dev-shm-usage'] });
  try {
    const { lhr } = await lighthouse(gateway + path, {
      port: chrome.port, logLevel: 'silent', output: 'json', onlyCategories: CATEGORIES,
      extraHeaders: signedIn ? { Cookie: `sluice_session=${token}` } : {},
    }, form === 'desktop' ? desktopConfig : undefined);
    return lhr;
  } finally {
    await chrome.kill();
  }
};
/** A browser's trace breaks off now and then; a page that never loads is an error. */
const visit = async (path, signedIn) => {
  for (let tries = 1; ; tries += 1) {
    const lhr = await visitOnce(path, signedIn);
    if (!lhr.runtimeError) {
      return lhr;
    }
    if (tries === TRIES) {
      throw new Error(`${path}: ${lhr.runtimeError.code}: ${lhr.runtimeError.message}`);
    }
  }
};
const mark = (lhr, category) => Math.round(100 * lhr.categories[category].score);
for (const [path, signedIn] of pages.filter(([path, signedIn]) => !only || only === `${path.replace(id, '{id}')} ${signedIn ? 'in' : 'out'}`)) {
  // The machine's noise only ever takes points of performance away: of several tries the middle one counts.
  const tries = [await visit(path, signedIn)];
  while (tries.length < TRIES && mark(tries[0], 'performance') < WANTED) {
    tries.push(await visit(path, signedIn));
  }
  const lhr = tries.sort((one, other) => mark(one, 'performance') - mark(other, 'performance'))[Math.floor(tries.length / 2)];
  const name = path.replace(id, '{id}');
  const value = (audit) => lhr.audits[audit].numericValue;
  const marks = CATEGORIES.map((category) => mark(lhr, category));
  console.log(`| ${name} | ${signedIn ? 'signed in' : 'signed out'} | ${marks.join(' | ')} | ${(value('largest-contentful-paint') / 1000).toFixed(2)} | ${Math.round(value('total-blocking-time'))} | ${value('cumulative-layout-shift').toFixed(3)} |`);
  failed ||= marks.some((each) => each < WANTED);
  CATEGORIES.forEach((category) => lhr.categories[category].auditRefs
    .filter((ref) => ref.weight > 0 && lhr.audits[ref.id].score !== null && lhr.audits[ref.id].score < 0.9)
    .forEach((ref) => remarks.push(`${name} ${signedIn ? 'in' : 'out'}: ${ref.id} ${lhr.audits[ref.id].displayValue ?? ''} ${
      (lhr.audits[ref.id].details?.items ?? []).slice(0, 3).map((item) => item.node?.snippet ?? item.description ?? item.url ?? '').join(' ')}`)));
}
console.log(`\nLoad average at the end: ${loadavg().map((each) => each.toFixed(1)).join(' ')}`);
console.log();
remarks.forEach((remark) => console.log(`- ${remark}`));
process.exit(failed ? 1 : 0);
