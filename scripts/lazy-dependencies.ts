import type { Plugin } from "esbuild";

/** What the plugin's code calls `require`. */
export const REQUIRE =
  'const require = process.getBuiltinModule("node:module").createRequire(import.meta.url);';

/**
 * Has what is imported from elsewhere be loaded when the first module that imports it is, and as CommonJS:
 * Node loads all that a file imports before its first line runs, and for each module of its own makes a list
 * of all that it exports.
 */
export const lazyDependencies: Plugin = {
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
      // Names that nobody imports are left out of the bundle: only a call can be told to have no other
      // effect.
      const lines = names.map(
        (name) => `export const ${name} = /* @__PURE__ */ $get(() => $loaded.${name});`,
      );
      // Names that no module exports, as `node:http` does `get`.
      const head = `const $get = (value) => value();\nconst $loaded = ${load}(${JSON.stringify(path)});`;
      return { contents: [head, ...lines, "export default $loaded;"].join("\n") };
    });
  },
};
