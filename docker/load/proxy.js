// Hits of the image proxy: VUS callers (20), each one after the other, for DURATION (20s). HITS (0.99) of the answers come from
// the cache, by the gateway's own word.
import { Rate } from "k6/metrics";
import { hit, images, pick, setting, signIn, within } from "./gateway.js";

const hits = new Rate("cache_hits");

export const options = {
  vus: setting("VUS", 20),
  duration: __ENV.DURATION || "20s",
  thresholds: {
    checks: ["rate==1"],
    http_req_failed: ["rate<0.001"],
    "http_req_duration{route:proxy}": [within(200)],
    cache_hits: [`rate>=${setting("HITS", 0.99)}`],
  },
};

export function setup() {
  const caller = signIn("proxy");
  const urls = images();
  urls.forEach((url) => hit(caller, url, { route: "warm-up" }));
  return { urls, callers: Array.from({ length: options.vus }, (_, at) => signIn(`proxy-${at}`)) };
}

export default function ({ urls, callers }) {
  const answer = hit(callers[(__VU - 1) % callers.length], pick(urls), { route: "proxy" });
  hits.add(/\bhit\b/.test(answer.headers["Cache-Status"] || ""));
}
