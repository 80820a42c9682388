import type { BuildOptions, BuildResult } from "esbuild";

let active = 0;

/**
 * Bundles with esbuild. Its process, which would otherwise stay, ends with the last bundle that is being
 * made.
 * @throws {BuildFailure}
 */
export async function bundle<Options extends BuildOptions>(options: Options): Promise<BuildResult<Options>> {
  active++;
  // Most runs need no bundle and never load it.
  const esbuild = await import("esbuild");
  try {
    const building = esbuild.build<BuildOptions>({ logLevel: "silent", ...options });
    keepNonBlocking(process.stdout, process.stderr);
    return (await building) as BuildResult<Options>;
  } finally {
    if (--active === 0) await esbuild.stop();
  }
}

/**
 * Makes pipes non-blocking again. Node makes a pipe blocking when a child shares it, and esbuild's process
 * shares standard error. A reader that stalls would then stall this process, and SIGTERM would have no
 * effect.
 */
function keepNonBlocking(
  ...streams: { isTTY?: boolean; _handle?: { setBlocking?(is: boolean): void } }[]
): void {
  for (const { isTTY, _handle: handle } of streams) if (isTTY !== true) handle?.setBlocking?.(false);
}
