import type { Browser } from "playwright-core";
import { startChromium } from "../lib/chromium.ts";
import { compare } from "../lib/compare.ts";
import { cpuTime } from "../lib/cpu-time.ts";
import { ASSET_COUNT, pageImage } from "./page.ts";
import { docteur, processOfHost, type Server } from "./servers.ts";
import { temporary } from "./site.ts";

/**
 * A page with 60 files in Chromium with an empty cache, from the start of the navigation to its `load` event.
 * The peer is what `-t unix` takes, plus the CPU time of QEMU while it served the same page in the same round:
 * user and system time of all its threads (proc(5)), in steps of 10 ms. The browser needs the CPUs as well.
 */
export async function inBrowser(): Promise<void> {
  const image = await pageImage();
  await using machine = await docteur(image);
  await using host = await processOfHost(image);
  const browser = await startChromium(temporary);
  try {
    let guest = 0;
    await compare({
      name: "serve-browser",
      title: `serve: a page and its ${ASSET_COUNT} files in Chromium, cold cache`,
      target: 1.3,
      ours: {
        name: "docteur",
        async run() {
          const before = cpuTime(machine.pid);
          const seconds = await load(browser, machine);
          const after = cpuTime(machine.pid);
          guest = after.machines[0]! - before.machines[0]!;
          return { seconds, "guest CPU ms": guest * 1000, "host CPU ms": (after.host - before.host) * 1000 };
        },
      },
      peer: {
        name: "-t unix, and the guest's CPU time",
        async run() {
          const seconds = await load(browser, host);
          return { seconds: seconds + guest, "loaded ms": seconds * 1000 };
        },
      },
    });
  } finally {
    await browser.close();
  }
}

/** @returns seconds until all was loaded. @throws if a file is missing. */
async function load(browser: Browser, { name, base }: Server): Promise<number> {
  // A context has a cache and connections of its own.
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    const failures: string[] = [];
    page.on("requestfailed", (request) => failures.push(request.url()));
    page.on("response", (response) => {
      if (response.status() !== 200 && response.url().startsWith(base)) failures.push(response.url());
    });
    await page.goto(`${base}/`, { waitUntil: "load" });
    // As text: the types of the project are Node's, which has no navigation.
    const { loaded, files } = await page.evaluate<{ loaded: number; files: string[] }>(`({
      loaded: performance.getEntriesByType("navigation")[0].loadEventStart,
      files: performance.getEntriesByType("resource").map(({ name }) => name),
    })`);
    const own = files.filter((file) => file.startsWith(base));
    if (own.length !== ASSET_COUNT || failures.length > 0) {
      throw new Error(`${name}: ${own.length} of ${ASSET_COUNT} files loaded; ${failures.join(" ")}`);
    }
    return loaded / 1000;
  } finally {
    await context.close();
  }
}
