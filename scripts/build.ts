import { rmSync } from "node:fs";
import { join } from "node:path";
import { type BuildOptions, build, type Plugin } from "esbuild";
import { execa } from "execa";
import { makeBundle, makeThreadProgram } from "../vm/bundle.ts";

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

const REQUIRE = 'const require = process.getBuiltinModule("node:module").createRequire(import.meta.url);';

/**
 * Has what is imported from elsewhere be loaded when the first module that imports it is, and as CommonJS: Node loads all that
 * a file imports before its first line runs, and for each module of its own makes a list of all that it exports.
 */
const lazyDependencies: Plugin = {
  name: "lazy-dependencies",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^[^./]/, namespace: "file" }, ({ path, kind }) =>
      kind === "import-statement" ? { path, namespace: "dependency" } : undefined,
    );
    onResolve({ filter: /./, namespace: "dependency" }, ({ path }) => ({ path, external: true }));
    onLoad({ filter: /./, namespace: "dependency" }, async ({ path }) => {
      const load = path.startsWith("node:") ? "process.getBuiltinModule" : "require";
      const names = Object.keys(await import(path)).filter(
        (name) => /^[a-z]\w*$/i.test(name) && name !== "default",
      );
      // Names that nobody imports are left out of the bundle: only a call can be told to have no other effect.
      const lines = names.map((name) => `export const ${name} = /* @__PURE__ */ get(() => loaded.${name});`);
      const head = `const get = (value) => value();\nconst loaded = ${load}(${JSON.stringify(path)});`;
      return { contents: [head, ...lines, "export default loaded;"].join("\n") };
    });
  },
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
// The library runs on its user's Node.
await build({
  ...common,
  entryPoints: { store: "guest/store/index.ts" },
  target: "node22",
  plugins: [lazyDependencies],
  banner: { js: REQUIRE },
});
await makeThreadProgram(outdir);
await build({ ...common, entryPoints: { vm: "vm/library.ts" }, target: "node22" });
await execa(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.types.json"], {
  cwd: root,
  stdio: "inherit",
});
// What runs inside the virtual machine; vm/bundle.ts looks for it under this name.
await makeBundle(join(outdir, "guest.cjs"));
