import { NODE_PLATFORM } from "../node-platform.ts";
import type { Platform } from "../platform.ts";
import type { Inflater } from "./inflate.ts";
import { PakoInflater } from "./inflate-pako.ts";

/** The engines by name, `zlib` being the platform's own; each is the other's check. */
export type InflateEngine = "zlib" | "pako";

/** A new inflater. Default `zlib`, by far the faster in the guest. */
export function createInflater(engine: InflateEngine = "zlib", platform: Platform = NODE_PLATFORM): Inflater {
  return engine === "pako" ? new PakoInflater() : platform.createInflater();
}
