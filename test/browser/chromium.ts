import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { type Browser, chromium as playwright } from "playwright-core";
import { cached } from "../../vm/cache.ts";
import { type Choice, fetchPackages } from "../../vm/debian.ts";
import { temporaryFolder } from "../vm/fixture.ts";

const PACKAGES = ["chromium", "fonts-dejavu-core"];

/** What a browser under test may not do: ask anybody anything, or lean on a graphics card. */
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Starts Debian's chromium, without a window and with a profile of its own; it ends with the test. */
export async function startBrowser(t: ExecutionContext): Promise<Browser> {
  const root = join(await browserFolder(), "root");
  const home = temporaryFolder(t);
  const libraries = [
    "usr/lib/x86_64-linux-gnu",
    "lib/x86_64-linux-gnu",
    "usr/lib/x86_64-linux-gnu/pulseaudio",
  ];
  const browser = await playwright.launch({
    executablePath: join(root, "usr/lib/chromium/chromium"),
    args: FLAGS,
    env: {
      PATH: process.env.PATH ?? "",
      HOME: home,
      TMPDIR: home,
      LC_ALL: "C.UTF-8",
      FONTCONFIG_FILE: fontSettings(home, root),
      LD_LIBRARY_PATH: libraries.map((folder) => join(root, folder)).join(":"),
    },
  });
  t.teardown(() => browser.close());
  return browser;
}

/** The folder of the browser and of the libraries that this machine lacks, fetched once and installed nowhere. */
function browserFolder(): Promise<string> {
  return cached("test-browser", async (folder) => {
    await fetchPackages(closure(PACKAGES), join(folder, "root"));
  });
}

/** Packages, and all that they depend on and that is not installed here. */
function closure(packages: readonly string[]): Choice {
  return async (depends) => {
    const installed = installedPackages();
    const chosen = new Set<string>();
    const seen = new Set<string>();
    for (let level = [...packages]; level.length > 0; ) {
      const news = level.filter((name) => !seen.has(name) && !installed.has(name));
      for (const name of news) seen.add(name);
      const next: string[] = [];
      for (const name of news) {
        // A name that is no package stands for others, of which one is here or named beside it.
        const needed = await depends(name);
        if (needed === undefined) continue;
        chosen.add(name);
        next.push(...needed);
      }
      level = next;
    }
    return [...chosen];
  };
}

function installedPackages(): Set<string> {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg's own syntax
  const format = "${Package} ${db:Status-Status}\n";
  const lines = execFileSync("dpkg-query", ["-W", "-f", format], { encoding: "utf8" }).split("\n");
  return new Set(lines.filter((line) => line.endsWith(" installed")).map((line) => line.split(" ")[0]!));
}

/** What stands for a family that a page asks for. */
const FONTS = [
  ...["system-ui", "sans-serif"].map((name) => [name, "DejaVu Sans"]),
  ...["ui-monospace", "monospace"].map((name) => [name, "DejaVu Sans Mono"]),
];

function fontSettings(home: string, root: string): string {
  const cache = join(home, "fonts");
  mkdirSync(cache);
  const folders = ["/usr/share/fonts", join(root, "usr/share/fonts")].filter((folder) => existsSync(folder));
  const file = join(home, "fonts.conf");
  writeFileSync(
    file,
    `<?xml version="1.0"?><fontconfig>${folders.map((folder) => `<dir>${folder}</dir>`).join("")}
<cachedir>${cache}</cachedir>
${FONTS.map(([name, font]) => `<alias><family>${name}</family><prefer><family>${font}</family></prefer></alias>`).join("")}
</fontconfig>`,
  );
  return file;
}
