import { createRequire, registerHooks } from "node:module";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import * as store from "../../../reader/index.ts";

/** The module that a program is to its own code and in stacks. There is no such file: packages want a path to look beside. */
export const PROGRAM_URL = "file:///docteur/program.mjs";

/** What `import "docteur/..."` gives in a program: what is in the guest already, so that classes are the same. */
const MODULES: Readonly<Record<string, object>> = { "docteur/store": store, "docteur/guest": {} };

/** Where the bundle of a program looks for it; vm/program/guest-modules.ts writes this name. */
const MODULES_KEY = Symbol.for("docteur.modules");

/**
 * Evaluates the text of a module that imports nothing but what is Node's.
 *
 * @param url what the module is called; a second one of the same name would be the first.
 * @returns what it exports.
 */
export async function load(code: string, url: string): Promise<Record<string, unknown>> {
  provideGlobals(url);
  const hooks = registerHooks({
    resolve: (specifier, context, next) =>
      specifier === url ? { url, shortCircuit: true } : next(specifier, context),
    load: (each, context, next) =>
      each === url ? { format: "module", source: code, shortCircuit: true } : next(each, context),
  });
  try {
    return await import(url);
  } finally {
    hooks.deregister();
  }
}

/** CommonJS packages in the bundle find here what they expect around them. */
function provideGlobals(url: string): void {
  const path = fileURLToPath(url);
  Object.assign(globalThis, {
    [MODULES_KEY]: MODULES,
    __filename: path,
    __dirname: dirname(path),
  });
  // Few need it, and in a machine that is emulated it takes its time.
  let required: NodeJS.Require | undefined;
  Object.defineProperty(globalThis, "require", {
    configurable: true,
    get() {
      required ??= createRequire(url);
      return required;
    },
  });
}
