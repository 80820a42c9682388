import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { type Browser, chromium as playwright } from "playwright-core";
import { fetchPackages } from "../../vm/artifacts/debian.ts";
import { cached } from "../../vm/cache/cache.ts";
import { closure } from "../debian-closure.ts";
import { temporaryFolder } from "../temporary-folder.ts";

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

/**
 * The folder of the browser and of the libraries that this machine lacks, fetched once and installed nowhere.
 */
function browserFolder(): Promise<string> {
  return cached("test-browser", async (folder) => {
    await fetchPackages(closure(PACKAGES), join(folder, "root"));
  });
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
