import { relative, sep } from "node:path";
import type { Plugin } from "esbuild";

/** Packages that find and load the native addon of their caller. */
const LOADERS =
  /^(bindings|node-gyp-build|node-gyp-build-optional-packages|node-pre-gyp|@mapbox\/node-pre-gyp|pkg-prebuilds)(\/|$)/;

const WHY = "native addons cannot be loaded: a program is JavaScript alone, in one file";

/**
 * Refuses native addons. An addon that is loaded by `require` is refused when the program runs: a package
 * that works without its addon catches the error.
 */
export const nativeAddons: Plugin = {
  name: "native-addons",
  setup({ onResolve, onLoad, initialOptions }) {
    const shown = (path: string) => relative(initialOptions.absWorkingDir ?? "", path);
    onResolve({ filter: /\.node$/ }, ({ path, kind, importer }) => {
      if (kind !== "require-call") return { errors: [{ text: `"${path}": ${WHY}` }] };
      return { path, namespace: "native-addon", pluginData: `${path} (of ${shown(importer)}): ${WHY}` };
    });
    onResolve({ filter: LOADERS }, ({ importer }) => {
      const owner = packageOf(importer) ?? shown(importer);
      return { path: owner, namespace: "addon-loader", pluginData: `${owner} has a native addon: ${WHY}` };
    });
    onLoad({ filter: /./, namespace: "native-addon" }, ({ pluginData }) => ({
      contents: `throw new Error(${JSON.stringify(pluginData)});`,
    }));
    onLoad({ filter: /./, namespace: "addon-loader" }, ({ pluginData }) => ({
      contents: `function refuse() { throw new Error(${JSON.stringify(pluginData)}); }
        module.exports = Object.assign(refuse, { default: refuse, find: refuse, load: refuse, path: refuse, resolve: refuse });`,
    }));
  },
};

/** The name of the package that a file of `node_modules` belongs to. */
function packageOf(path: string): string | undefined {
  const [, beneath] = path.split(`${sep}node_modules${sep}`).slice(-2);
  return /^(@[^/]+\/)?[^/]+/.exec(beneath ?? "")?.[0];
}
