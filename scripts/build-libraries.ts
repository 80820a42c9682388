import { writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { type BuildOptions, build } from "esbuild";
import { makeThreadProgram } from "../vm/artifacts/bundle.ts";
import { LIBRARY_NODE } from "../vm/library-node.ts";
import { lazyDependencies } from "./lazy-dependencies.ts";

const LIBRARIES = { store: "reader/index.ts", remote: "remote/index.ts", vm: "vm/index.ts" } as const;

/** A bundler that makes CommonJS of a module leaves it no `import.meta`. */
const REQUIRE_IN_ANY_FORMAT = `import { createRequire } from "node:module";
const require = createRequire(typeof __filename === "string" ? __filename : import.meta.url);`;

type Library = keyof typeof LIBRARIES;

/**
 * Bundles the libraries, which run on their users' Node. Of each there is
 *
 * - `NAME.cjs`, which `require` finds: it checks the version of Node, in syntax that any Node reads, and
 *   loads the next;
 * - `NAME-library.cjs`, the library;
 * - `NAME.js`, which `import` finds: the first, by the names that it exports.
 *
 * And of the store, which people bundle into files of their own, `store-for-bundlers.js`: esbuild, rollup and
 * webpack look for it by the condition `module`. It finds its own path in whichever format they make of it.
 */
export async function buildLibraries(common: BuildOptions, outdir: string): Promise<void> {
  for (const name of Object.keys(LIBRARIES) as Library[]) await buildLibrary(name, common, outdir);
  await build({
    ...common,
    entryPoints: { "store-for-bundlers": LIBRARIES.store },
    outdir,
    target: `node${LIBRARY_NODE}`,
    plugins: [lazyDependencies],
    define: { "process.getBuiltinModule": "require" },
    banner: { js: `${versionCheck("store")}${REQUIRE_IN_ANY_FORMAT}` },
  });
  await makeThreadProgram(outdir);
  // The thread that fetches; remote/device/open-remote-device.ts looks for it under this name.
  await bundleCommonJs("remote-fetcher", "remote/device/fetcher.ts", common);
}

async function buildLibrary(name: Library, common: BuildOptions, outdir: string): Promise<void> {
  await bundleCommonJs(`${name}-library`, LIBRARIES[name], common);
  const library = join(outdir, `${name}-library.cjs`);
  const names = Object.keys(createRequire(import.meta.url)(library));
  await writeFile(
    join(outdir, `${name}.cjs`),
    `"use strict";\n${versionCheck(name)}var library = require("./${name}-library.cjs");\nmodule.exports = library;\n`,
  );
  await writeFile(
    join(outdir, `${name}.js`),
    `import { createRequire } from "module";
const library = createRequire(import.meta.url)("./${name}.cjs");
export const { ${names.join(", ")} } = library;
`,
  );
}

/** Bundles a source that runs on the libraries' Node into `NAME.cjs`. */
async function bundleCommonJs(name: string, source: string, common: BuildOptions): Promise<void> {
  await build({
    ...common,
    entryPoints: { [name]: source },
    outExtension: { ".js": ".cjs" },
    format: "cjs",
    target: `node${LIBRARY_NODE}`,
    plugins: [lazyDependencies],
    // Node 21 has no getBuiltinModule, and CommonJS no `import.meta`.
    define: { "process.getBuiltinModule": "require", "import.meta.url": "fileUrl" },
    banner: { js: '"use strict";\nconst fileUrl = require("node:url").pathToFileURL(__filename).href;' },
  });
}

/** A script that throws where Node is older than the library takes: `NODE_TOO_OLD`. */
function versionCheck(name: Library): string {
  const [major, minor] = LIBRARY_NODE.split(".");
  return `(function (node) {
  if (node[0] > ${major} || (node[0] === ${major} && node[1] >= ${minor})) return;
  throw Object.assign(
    new Error("docteur/${name} needs Node ${LIBRARY_NODE} or later; this is " + process.versions.node),
    { name: "DocteurError", code: "NODE_TOO_OLD" }
  );
})(process.versions.node.split(".").map(Number));
`;
}
