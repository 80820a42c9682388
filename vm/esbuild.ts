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
    return (await esbuild.build<BuildOptions>({ logLevel: "silent", ...options })) as BuildResult<Options>;
  } finally {
    if (--atWork === 0) await esbuild.stop();
  }
}
