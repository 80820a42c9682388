import type { Inflater } from "./inflate.ts";
import { PakoInflater } from "./inflate-pako.ts";
import { ZlibInflater } from "./inflate-zlib.ts";

/** The engines by name; each is the other's check. */
export type InflateEngine = "zlib" | "pako";

/** A new inflater. Default `zlib`, by far the faster in the guest; pako where zlib cannot be driven. */
export function createInflater(engine: InflateEngine = "zlib"): Inflater {
  return (engine === "zlib" ? ZlibInflater.create() : undefined) ?? new PakoInflater();
}
