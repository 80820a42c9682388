import type { Plugin } from "esbuild";

/**
 * Resolves `docteur/guest` and `docteur/store` to the modules that the guest has already, so that the store's
 * errors are instances of the classes that the program imports. guest/runtime/user/load.ts provides them.
 */
export const guestModules: Plugin = {
  name: "docteur",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^docteur(\/|$)/ }, ({ path }) => {
      if (path === "docteur/guest" || path === "docteur/store") return { path, namespace: "docteur" };
      return {
        errors: [{ text: `"${path}" is not in the machine; it has docteur/guest and docteur/store` }],
      };
    });
    onLoad({ filter: /./, namespace: "docteur" }, ({ path }) => ({
      contents: `module.exports = globalThis[Symbol.for("docteur.modules")][${JSON.stringify(path)}];`,
    }));
  },
};
