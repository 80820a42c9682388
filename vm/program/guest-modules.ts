import type { Plugin } from "esbuild";

/**
 * Has `docteur/guest` and `docteur/store` be what the guest has of them already, so that an error of the store's is an
 * instance of the class that the program imports. guest/runtime/user/load.ts puts them there.
 */
export const guestModules: Plugin = {
  name: "docteur",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^docteur(\/|$)/ }, ({ path }) => {
      if (path === "docteur/guest" || path === "docteur/store") return { path, namespace: "docteur" };
      return {
        errors: [{ text: `"${path}" is not in the machine: there are docteur/guest and docteur/store` }],
      };
    });
    onLoad({ filter: /./, namespace: "docteur" }, ({ path }) => ({
      contents: `module.exports = globalThis[Symbol.for("docteur.modules")][${JSON.stringify(path)}];`,
    }));
  },
};
