// For `node --import`: verify detects by `HEADLESS`.
import { registerHooks } from "node:module";

const HEADLESS = new URL("./headless-as-sha1dc.ts", import.meta.url).href;

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === "./sha1dc/sha1dc.ts" && context.parentURL?.endsWith("/verify/hash-functions.ts") === true
      ? { url: HEADLESS, shortCircuit: true }
      : next(specifier, context),
});
