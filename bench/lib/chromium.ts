import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Browser, chromium as playwright } from "playwright-core";
import { packagedTool } from "./packages.ts";

/** A browser that is measured asks nobody anything, and needs no graphics card. */
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/**
 * Starts Debian's chromium without a window. The caller closes it.
 *
 * @param home a folder for its profile and its list of fonts.
 * @throws {DocteurError} those of `packagedTool`.
 */
export async function startChromium(home: string): Promise<Browser> {
  const { path, env, root } = await packagedTool("lib/chromium/chromium", "chromium", [
    "chromium-common",
    "fonts-dejavu-core",
  ]);
  // Where libpulse0 keeps a library of its own, which it finds by an absolute path once it is installed.
  const pulse = `${root}/usr/lib/x86_64-linux-gnu/pulseaudio`;
  return playwright.launch({
    executablePath: path,
    args: FLAGS,
    env: {
      ...definedOnly(env),
      ...(root !== undefined && {
        LD_LIBRARY_PATH: `${env.LD_LIBRARY_PATH}:${pulse}`,
        FONTCONFIG_FILE: fontSettings(home, join(root, "usr/share/fonts")),
      }),
      HOME: home,
      TMPDIR: home,
    },
  });
}

/** The list of fonts that fontconfig reads; without one, the browser cannot show text. */
function fontSettings(home: string, fonts: string): string {
  const cache = join(home, "fonts");
  mkdirSync(cache, { recursive: true });
  const file = join(home, "fonts.conf");
  const folders = `<dir>${fonts}</dir><cachedir>${cache}</cachedir>`;
  writeFileSync(file, `<?xml version="1.0"?><fontconfig>${folders}</fontconfig>`);
  return file;
}

function definedOnly(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
