import type { HashFunctions } from "../../reader/git/hash.ts";
import { NODE_PLATFORM } from "../../reader/node-platform.ts";

/** What an image is verified with. @param sha1dc as in `VerifyOptions`; only then is it loaded. */
export async function hashFunctions(sha1dc: boolean): Promise<HashFunctions> {
  return sha1dc ? (await import("./sha1dc/sha1dc.ts")).SHA1DC : NODE_PLATFORM;
}
