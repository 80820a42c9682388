import { createRequire, registerHooks } from "node:module";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import * as store from "../../../reader/index.ts";

/**
 * The URL of the program's module, for its own code and in stacks. No such file exists, but packages need a
 * path.
 */
export const PROGRAM_URL = "file:///docteur/program.mjs";

/**
 * The modules that a program imports as `docteur/...`: those of the guest, so that their classes are the
 * same.
 */
const MODULES: Readonly<Record<string, object>> = { "docteur/store": store, "docteur/guest": {} };

/**
 * The global under which the program's bundle finds them. vm/program/guest-modules.ts writes the same name.
 */
const MODULES_KEY = Symbol.for("docteur.modules");

/**
 * Evaluates the text of a module that imports only modules of Node.
 *
 * @param url the URL of the module. Node evaluates one module for each URL.
 * @returns its exports.
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
    return await importModule(url);
  } finally {
    hooks.deregister();
  }
}

async function importModule(url: string): Promise<Record<string, unknown>> {
  try {
    return await import(url);
  } catch (error) {
    // Code of a startup snapshot has no `import` of its own; code that is compiled now has one.
    if ((error as NodeJS.ErrnoException).code !== "ERR_VM_DYNAMIC_IMPORT_CALLBACK_MISSING") throw error;
    const { Script, constants } = process.getBuiltinModule("node:vm");
    const importModuleDynamically = constants.USE_MAIN_CONTEXT_DEFAULT_LOADER;
    return new Script("(url) => import(url)", { importModuleDynamically }).runInThisContext()(url);
  }
}

/** Provides the variables that CommonJS packages in the bundle expect. */
function provideGlobals(url: string): void {
  const path = fileURLToPath(url);
  Object.assign(globalThis, {
    [MODULES_KEY]: MODULES,
    __filename: path,
    __dirname: dirname(path),
  });
  // Few programs use it, and an emulated machine takes long to make it.
  let required: NodeJS.Require | undefined;
  Object.defineProperty(globalThis, "require", {
    configurable: true,
    get() {
      required ??= createRequire(url);
      return required;
    },
  });
}
