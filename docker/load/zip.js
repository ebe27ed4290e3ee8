// Archives: VUS callers (10), each one after the other, for DURATION (20s), of COUNT images (6).
import { archive, images, setting, signIn, within } from "./gateway.js";

export const options = {
  vus: setting("VUS", 10),
  duration: __ENV.DURATION || "20s",
  thresholds: {
    checks: ["rate==1"],
    http_req_failed: ["rate<0.001"],
    "http_req_duration{route:zip}": [within(2000)],
    "http_req_waiting{route:zip}": ["p(95)<1000"],
  },
};

export function setup() {
  return { urls: images(), callers: Array.from({ length: options.vus }, (_, at) => signIn(`zip-${at}`)) };
}

export default function ({ urls, callers }) {
  archive(callers[(__VU - 1) % callers.length], urls, setting("COUNT", 6), { route: "zip" });
}
