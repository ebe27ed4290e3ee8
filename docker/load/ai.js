// The AI proxy: VUS callers (8), each asking twice a second for SECONDS (20), far more than each may. A threshold says that not one
// more is answered than the limit `ai-endpoint` allows, PER_MINUTE (5) a caller: at once, and again as time passes.
import { sleep } from "k6";
import { Counter } from "k6/metrics";
import { message, setting, signIn, within } from "./gateway.js";

const seconds = setting("SECONDS", 20);
const callers = setting("VUS", 8);
const perMinute = setting("PER_MINUTE", 5);
// Iterations that have begun may end later; 10 s are more than any has.
const most = callers * Math.floor(perMinute + ((seconds + 10) * perMinute) / 60);
const admitted = new Counter("ai_admitted");
const refused = new Counter("ai_refused");

export const options = {
  vus: callers,
  duration: `${seconds}s`,
  gracefulStop: "10s",
  thresholds: {
    checks: ["rate==1"],
    http_req_failed: ["rate<0.001"],
    "http_req_duration{route:ai}": [within(1500)],
    // Fewer would be another limit than the one that is looked at.
    ai_admitted: [`count<=${most}`, `count>=${callers * perMinute}`],
    ai_refused: ["count>0"],
  },
};

export function setup() {
  const run = Date.now().toString(36);
  return Array.from({ length: callers }, (_, at) => signIn(`ai-${run}-${at}`));
}

export default function (signedIn) {
  const answer = message(signedIn[(__VU - 1) % signedIn.length], "Hello", { route: "ai" });
  if (answer.status === 200) admitted.add(1);
  if (answer.status === 429) refused.add(1);
  sleep(0.5);
}
