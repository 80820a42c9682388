import { rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { makeBundle } from "../vm/bundle.ts";

/**
 * Bundles the command for npm into dist/: what Node can run from node_modules, where it strips no types, and what
 * starts fast. Each command is a chunk of its own, loaded when it is used. Dependencies stay where npm puts them.
 */
const root = join(import.meta.dirname, "..");
const outdir = join(root, "dist");

rmSync(outdir, { recursive: true, force: true });
await build({
  absWorkingDir: root,
  outdir,
  entryPoints: {
    docteur: "scripts/main.ts",
    // The thread of `verify`; image-builder/verify/verify-image.ts looks for it under this name.
    "verify-worker": "image-builder/verify/worker.ts",
  },
  bundle: true,
  splitting: true,
  chunkNames: "[name]-[hash]",
  packages: "external",
  platform: "node",
  target: "node26",
  format: "esm",
  minifySyntax: true,
  legalComments: "none",
});
// What runs inside the virtual machine; vm/bundle.ts looks for it under this name.
await makeBundle(join(outdir, "guest.cjs"));
