import { enableCompileCache } from "node:module";
import { join } from "node:path";
import { cachePath, isPrivate, whyNotOwn } from "../remote/cache/cache-owner.ts";

// What Node compiles of docteur is kept, which halves the time that the command itself takes. Node runs what
// it finds there, so the folder must be this user's alone; the variable is for the processes that the command
// starts.
const cache = cachePath();
if ((process.env.NODE_COMPILE_CACHE ?? "") === "" && isPrivate(cache) && whyNotOwn(cache) === undefined) {
  process.env.NODE_COMPILE_CACHE = join(cache, "compile");
  enableCompileCache(process.env.NODE_COMPILE_CACHE);
}
// In a file of its own: this one is compiled before any cache is there.
void import("./main.ts");
