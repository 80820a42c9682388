import { createHash } from "node:crypto";
import { deflateSync } from "node:zlib";
import { type ObjectKind, objectId } from "../../../reader/git/object.ts";
import type { ObjectFormat } from "../../../reader/git/object-format.ts";
import { hex } from "../../../reader/git/object-id.ts";
import { assembleImage } from "../../reader/image-fixture.ts";
import { copy, delta, type MadeEntry, makePack, whole } from "../../reader/pack-fixture.ts";
import { encodeTree } from "../../reader/repository.ts";

export const OFS_DELTA = 6;
export const REF_DELTA = 7;
export const MIB = 1024 ** 2;

/** Chooses a size of at most so much. */
export type UpTo = (most: number) => number;

/** An entry of a tree. */
export interface Named {
  readonly mode?: string;
  readonly name: string | Buffer;
  readonly id: string;
}

/** What hostile images of one object format are made of. */
export class Parts {
  readonly #format: ObjectFormat;
  /** Zeroes, of which few sizes are hashed and deflated again and again. */
  readonly #zeroes = new Map<number, MadeEntry>();

  constructor(format: ObjectFormat) {
    this.#format = format;
  }

  /** An object stored whole. */
  whole(kind: ObjectKind, content: Uint8Array | string): MadeEntry {
    return whole(kind, content, this.#format);
  }

  /** The id of a content, which is hashed. */
  id(kind: ObjectKind, content: Uint8Array): string {
    return hex(objectId(kind, content, this.#format));
  }

  /** An id that no object has. */
  fakeId(number: number): string {
    return createHash(this.#format.name).update(`${number}`).digest("hex");
  }

  zeroBlob(size: number): MadeEntry {
    let entry = this.#zeroes.get(size);
    if (entry === undefined) {
      const data = Buffer.alloc(size);
      const stream = deflateSync(data);
      entry = { id: this.id("blob", data), type: 3, data: Buffer.alloc(0), size, stream };
      if (this.#zeroes.size > 64) this.#zeroes.clear();
      this.#zeroes.set(size, entry);
    }
    return entry;
  }

  /** An image of entries, with these in its root. Keeps the order of the root's entries, be it wrong. */
  imageOf(
    root: readonly Named[],
    entries: readonly MadeEntry[],
    more: { message?: string; headers?: string } = {},
  ): Buffer {
    const named = root.map(({ mode = "100644", name, id }) => ({ mode, name, id }));
    return this.imageOfRoot(this.whole("tree", encodeTree(named)), entries, more);
  }

  imageOfRoot(
    tree: MadeEntry,
    entries: readonly MadeEntry[],
    { message = "", headers = "" }: { message?: string; headers?: string } = {},
  ): Buffer {
    const who = "A <a@b> 1602316800 +0200";
    const text = `tree ${tree.id}\nauthor ${who}\ncommitter ${who}\n${headers}\n${message}`;
    const commit = this.whole("commit", text);
    return assembleImage({ commit: commit.id, ...makePack([...entries, tree, commit], this.#format) });
  }
}

/** A delta that copies all of its source `times` over. */
export function copying(size: number, times = 1): { data: Buffer; stream: Buffer } {
  const most = 0xffffff;
  const instructions: Buffer[] = [];
  for (let at = 0; at < size; at += most) instructions.push(copy(at, Math.min(most, size - at)));
  const data = delta(size, size * times, ...Array.from({ length: times }, () => instructions).flat());
  return { data, stream: deflateSync(data) };
}
