import { rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { type BuildOptions, build, type Plugin } from "esbuild";
import { execa } from "execa";
import packageJson from "../package.json" with { type: "json" };
import { makeBundle } from "../vm/artifacts/bundle.ts";
import { STANDALONE_FILE } from "../vm/artifacts/snapshot.ts";
import { buildLibraries } from "./build-libraries.ts";
import { lazyDependencies, REQUIRE } from "./lazy-dependencies.ts";

/**
 * Bundles the command and the libraries for npm into dist/: what Node can run from node_modules, where it
 * strips no types, and what starts fast. Dependencies stay where npm puts them.
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

/** Leaves what the start imports when it has found the compile cache in a file of its own. */
const mainApart: Plugin = {
  name: "main-apart",
  setup({ onResolve }) {
    onResolve({ filter: /^\.\/main\.ts$/ }, () => ({ path: "./main.js", external: true }));
  },
};

rmSync(outdir, { recursive: true, force: true });
// As CommonJS, which Node starts two milliseconds sooner than a module.
await build({
  ...common,
  entryPoints: { docteur: "scripts/start.ts" },
  outExtension: { ".js": ".cjs" },
  format: "cjs",
  target: "node26",
  plugins: [mainApart],
});
// One file: each more is one more to find and to read before a run begins.
await build({
  ...common,
  entryPoints: { main: "scripts/main.ts" },
  target: "node26",
  plugins: [lazyDependencies],
  banner: { js: REQUIRE },
});
await build({
  ...common,
  // The thread of `verify`; image-builder/verify/verify-image.ts looks for it under this name.
  entryPoints: { "verify-worker": "image-builder/verify/worker.ts" },
  target: "node26",
  plugins: [lazyDependencies],
  banner: { js: REQUIRE },
});
await buildLibraries(common, outdir);
await execa(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.types.json"], {
  cwd: root,
  stdio: "inherit",
});
await makeTypesPackage();
// What runs inside the virtual machine; vm/artifacts/bundle.ts looks for it under this name.
await makeBundle(join(outdir, "guest.cjs"));
// Its startup snapshot is in machines that others start; vm/artifacts/snapshot.ts looks for it under this name.
await makeBundle(join(outdir, STANDALONE_FILE), join(root, "guest", "runtime", "standalone", "main.ts"));

/**
 * Makes the folder of the types a package by itself, for scripts/write-starter.ts: the same names, and
 * nothing to run.
 */
async function makeTypesPackage(): Promise<void> {
  const folder = join(outdir, "types");
  const exported = Object.entries(packageJson.exports).flatMap(([name, found]) =>
    typeof found === "string" ? [] : [[name, { types: `./${relative(folder, join(root, found.types))}` }]],
  );
  const { name, version, license } = packageJson;
  const manifest = { name, version, license, type: "module", exports: Object.fromEntries(exported) };
  await writeFile(join(folder, "package.json"), `${JSON.stringify(manifest, undefined, 2)}\n`);
}
