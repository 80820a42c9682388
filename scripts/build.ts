import { rmSync } from "node:fs";
import { join } from "node:path";
import { type BuildOptions, build } from "esbuild";
import { execa } from "execa";
import { makeBundle } from "../vm/bundle.ts";

/**
 * Bundles the command and the library for npm into dist/: what Node can run from node_modules, where it strips no types,
 * and what starts fast. Dependencies stay where npm puts them.
 */
const root = join(import.meta.dirname, "..");
const outdir = join(root, "dist");

const common: BuildOptions = {
  absWorkingDir: root,
  outdir,
  bundle: true,
  packages: "external",
  platform: "node",
  format: "esm",
  minifySyntax: true,
  legalComments: "none",
};

rmSync(outdir, { recursive: true, force: true });
// Each command is a chunk of its own, loaded when it is used.
await build({
  ...common,
  entryPoints: {
    docteur: "scripts/main.ts",
    // The thread of `verify`; image-builder/verify/verify-image.ts looks for it under this name.
    "verify-worker": "image-builder/verify/worker.ts",
  },
  splitting: true,
  chunkNames: "[name]-[hash]",
  target: "node26",
});
// The library runs on its user's Node. One file, because it starts its threads from itself.
await build({ ...common, entryPoints: { store: "guest/store/index.ts" }, target: "node22" });
await build({ ...common, entryPoints: { vm: "vm/library.ts" }, target: "node22" });
await execa(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.types.json"], {
  cwd: root,
  stdio: "inherit",
});
// What runs inside the virtual machine; vm/bundle.ts looks for it under this name.
await makeBundle(join(outdir, "guest.cjs"));
