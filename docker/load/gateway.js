// What the scenarios share: where the gateway is, who its callers are, which images there are, and what an answer has to be.
import { check } from "k6";
import http from "k6/http";
import { Trend } from "k6/metrics";

export const BASE = (__ENV.BASE || "http://127.0.0.1:8080").replace(/\/$/, "");

/** A number that the environment may set. */
export function setting(name, otherwise) {
  const value = Number(__ENV[name] || otherwise);
  if (!Number.isFinite(value) || value <= 0) throw new Error(`${name}: ${__ENV[name]} (expected: a number above 0)`);
  return value;
}

/** Milliseconds within which 95 of 100 answers have to be there. */
export function within(otherwise) {
  return `p(95)<${setting("P95", otherwise)}`;
}

const TOKENS = (__ENV.TOKEN || "").split(/\s+/).filter(Boolean);
let signedIn = 0;

/** Headers of one caller: the next of TOKEN where that is set, else somebody whom the login of development lets in. */
export function signIn(user) {
  if (TOKENS.length > 0) return { Authorization: `Bearer ${TOKENS[signedIn++ % TOKENS.length]}` };
  const answer = http.post(`${BASE}/api/session`, JSON.stringify({ user, roles: ["user"] }), {
    headers: { "Content-Type": "application/json" },
    // The answer's cookie would identify the next request, which then needs an Origin.
    jar: new http.CookieJar(),
  });
  if (answer.status !== 200) throw new Error(`no login: ${answer.status} ${answer.body} (expected: development mode, or TOKEN)`);
  return { Authorization: `Bearer ${answer.json("token")}` };
}

/** IMAGES, separated by spaces, else the samples of development. */
export function images() {
  if (__ENV.IMAGES) return __ENV.IMAGES.split(/\s+/).filter(Boolean);
  const listed = http.get(`${BASE}/samples`);
  const found = [...new Set(String(listed.body).match(/http:\/\/127\.0\.0\.1:\d+\/samples\/picture-\d+\.(?:jpg|png)/g) || [])];
  if (found.length === 0) throw new Error(`no samples: ${listed.status} (expected: development mode, or IMAGES)`);
  return found;
}

export function pick(list) {
  return list[Math.floor(Math.random() * list.length)];
}

// For who reads k6's points one by one, as ../chaos/client.py does. k6's own have their tags before there is an answer, so they never
// tell a refusal's code, and their duration leaves out the wait for a connection.
const answered = new Trend("answered", true);

/** What `send` was answered; how, and after how long in all, is noted down. */
function noted(tags, send) {
  const began = Date.now();
  const answer = send();
  answered.add(Date.now() - began, { ...tags, status: String(answer.status), code: code(answer) });
  return answer;
}

/** Of a refusal the code of its problem; of what was not answered, or in part, k6's own: it gives both status 0. */
function code(answer) {
  if (answer.status < 400) return String(answer.error_code || "");
  try {
    const text = typeof answer.body === "string" ? answer.body : String.fromCharCode(...new Uint8Array(answer.body));
    return String(JSON.parse(text).code || "");
  } catch {
    // A page of the proxy before the gateway, or nothing.
    return "";
  }
}

/** An archive of some of the images; one that broke off fails as a request, so what is left is whether it has its end. */
export function archive(caller, urls, count, tags) {
  const wanted = Array.from({ length: count }, (_, at) => ({ url: urls[at % urls.length] }));
  const answer = noted(tags, () =>
    http.post(`${BASE}/api/zip`, JSON.stringify({ images: wanted, onError: "cut" }), {
      headers: { ...caller, "Content-Type": "application/json" },
      responseType: "binary",
      tags,
    }),
  );
  check(answer, {
    "archive: 200": (it) => it.status === 200,
    "archive: all entries": (it) => it.status === 200 && entries(it.body) === count,
  });
  return answer;
}

/** How many entries an archive's end names, or -1 where there is no end. */
function entries(body) {
  if (!body || body.byteLength < 22) return -1;
  const end = new DataView(body, body.byteLength - 22);
  return end.getUint32(0, true) === 0x06054b50 ? end.getUint16(10, true) : -1;
}

export function hit(caller, url, tags) {
  const answer = noted(tags, () =>
    http.get(`${BASE}/api/image-proxy?url=${encodeURIComponent(url)}`, { headers: caller, responseType: "binary", tags }),
  );
  check(answer, {
    "image: 200": (it) => it.status === 200,
    "image: an image": (it) => String(it.headers["Content-Type"]).startsWith("image/"),
  });
  return answer;
}

/** One answer of the model, or a refusal that says when to come back. */
export function message(caller, text, tags) {
  const answer = noted(tags, () =>
    http.post(`${BASE}/api/ai/proxy`, JSON.stringify({ message: text }), {
      headers: { ...caller, "Content-Type": "application/json" },
      responseCallback: http.expectedStatuses(200, 429),
      tags,
    }),
  );
  check(answer, {
    "message: 200 or 429": (it) => it.status === 200 || it.status === 429,
    "message: text, or when to come back": (it) =>
      it.status === 200 ? it.json("text") !== "" : it.status === 429 && Number(it.headers["Retry-After"]) > 0,
  });
  return answer;
}
