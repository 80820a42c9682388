import type { BuildOptions, BuildResult } from "esbuild";

let atWork = 0;

/**
 * Bundles with esbuild, whose own process is ended with the last of those at work: it would otherwise stay, ready for more.
 * @throws {BuildFailure}
 */
export async function bundle<Options extends BuildOptions>(options: Options): Promise<BuildResult<Options>> {
  atWork++;
  // Loaded only here: most runs find made what they need.
  const esbuild = await import("esbuild");
  try {
    const building = esbuild.build<BuildOptions>({ logLevel: "silent", ...options });
    keepNonBlocking(process.stdout, process.stderr);
    return (await building) as BuildResult<Options>;
  } finally {
    if (--atWork === 0) await esbuild.stop();
  }
}

/**
 * Makes pipes non-blocking again. Node makes those that a child shares with this process blocking, for the child, and esbuild's
 * process shares standard error. A reader that stalls would then stall this process, with its handling of SIGTERM.
 */
function keepNonBlocking(
  ...streams: { isTTY?: boolean; _handle?: { setBlocking?(is: boolean): void } }[]
): void {
  for (const { isTTY, _handle: handle } of streams) if (isTTY !== true) handle?.setBlocking?.(false);
}
