// All routes at once, each at a rate of its own for DURATION (20s), whatever the gateway's pace: a second ZIPS (3),
// IMAGES_A_SECOND (60) and MESSAGES (2). Arrivals that find no free caller are dropped; a threshold says that fewer than one
// in a hundred was.
import { archive, hit, images, message, pick, setting, signIn } from "./gateway.js";

const CALLERS = 20;
const RATES = { zips: setting("ZIPS", 3), hits: setting("IMAGES_A_SECOND", 60), messages: setting("MESSAGES", 2) };
const arriving = Object.values(RATES).reduce((sum, rate) => sum + rate, 0);

function arrivals(exec, rate) {
  return {
    executor: "constant-arrival-rate",
    exec,
    rate,
    timeUnit: "1s",
    duration: __ENV.DURATION || "20s",
    preAllocatedVUs: 20,
    maxVUs: 40,
  };
}

export const options = {
  scenarios: {
    zips: arrivals("zips", RATES.zips),
    hits: arrivals("hits", RATES.hits),
    messages: arrivals("messages", RATES.messages),
  },
  thresholds: {
    checks: ["rate==1"],
    http_req_failed: ["rate<0.001"],
    dropped_iterations: [`rate<${arriving / 100}`],
    "http_req_duration{route:zip}": [`p(95)<${setting("P95_ZIP", 2000)}`],
    "http_req_duration{route:proxy}": [`p(95)<${setting("P95_PROXY", 300)}`],
    "http_req_duration{route:ai}": [`p(95)<${setting("P95_AI", 1500)}`],
  },
};

export function setup() {
  const run = Date.now().toString(36);
  const callers = Array.from({ length: CALLERS }, (_, at) => signIn(`mixed-${run}-${at}`));
  const urls = images();
  urls.forEach((url) => hit(callers[0], url, { route: "warm-up" }));
  return { urls, callers };
}

export function zips({ urls, callers }) {
  archive(pick(callers), urls, 4, { route: "zip" });
}

export function hits({ urls, callers }) {
  hit(pick(callers), pick(urls), { route: "proxy" });
}

export function messages({ callers }) {
  message(pick(callers), "Hello", { route: "ai" });
}
