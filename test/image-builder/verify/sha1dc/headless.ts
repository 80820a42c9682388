// No collision of two git objects is public: git hashes a header first. So this leaves the header out of the
// detection, and nothing else.
import { createHash } from "node:crypto";
import { CollisionError } from "../../../../image-builder/verify/sha1dc/collision-error.ts";
import { SHA1DC } from "../../../../image-builder/verify/sha1dc/sha1dc.ts";
import type { Hash, HashFunctions } from "../../../../reader/git/hash.ts";

/** SHA-1, with the detection fed with what follows an object's header only. */
class HeadlessSha1 implements Hash {
  readonly #sha1: Hash;
  readonly #detecting: Hash;

  constructor(sha1: Hash = createHash("sha1"), detecting: Hash = SHA1DC.createHash("sha1")) {
    this.#sha1 = sha1;
    this.#detecting = detecting;
  }

  update(data: Uint8Array | string): this {
    this.#sha1.update(data);
    // A header comes as a string.
    if (typeof data !== "string") this.#detecting.update(data);
    return this;
  }

  copy(): HeadlessSha1 {
    return new HeadlessSha1(this.#sha1.copy(), this.#detecting.copy());
  }

  digest(): Uint8Array {
    const digest = this.#sha1.digest();
    try {
      this.#detecting.digest();
    } catch (error) {
      throw error instanceof CollisionError ? new CollisionError(digest) : error;
    }
    return digest;
  }
}

/** For tests in which an attack is to be found. */
export const HEADLESS: HashFunctions = {
  createHash: () => new HeadlessSha1(),
  hash: (_, bytes) => {
    const header = Buffer.from(bytes.subarray(0, bytes.indexOf(0) + 1)).toString("latin1");
    const hash = new HeadlessSha1().update(header).update(bytes.subarray(header.length));
    return Buffer.from(hash.digest()).toString("latin1");
  },
};
