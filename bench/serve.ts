// Answering HTTP from machines: many connections at once, requests a second beside the same guest and beside
// busybox httpd behind QEMU's user network (SLIRP), two machines beside one, the time from the command to the
// first answer, and a page in Chromium. PARTS=rates,start measures some of them.

import { inBrowser } from "./serve/browser.ts";
import { bursts, keptAlive } from "./serve/bursts.ts";
import { firstAnswer } from "./serve/first-answer.ts";
import { rates } from "./serve/rates.ts";
import { replicas } from "./serve/replicas.ts";

const PARTS: Readonly<Record<string, () => Promise<void>>> = {
  bursts,
  keptAlive,
  rates,
  replicas,
  start: firstAnswer,
  browser: inBrowser,
};

const chosen = process.env.PARTS?.split(",") ?? Object.keys(PARTS);
const unknown = chosen.find((name) => !Object.hasOwn(PARTS, name));
if (unknown !== undefined) {
  throw new Error(`PARTS=${unknown}: there are ${Object.keys(PARTS).join(", ")}`);
}
for (const name of chosen) await PARTS[name]!();
process.exit();
