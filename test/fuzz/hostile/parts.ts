import { createHash } from "node:crypto";
import { deflateSync } from "node:zlib";
import { objectId } from "../../../reader/git/object.ts";
import { hex } from "../../../reader/git/object-id.ts";
import { SHA1 } from "../../../reader/node-platform.ts";
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

/** An id that no object has. */
export function fakeId(number: number): string {
  return createHash("sha1").update(`${number}`).digest("hex");
}

/** Zeroes, of which few sizes are hashed and deflated again and again. */
const zeroes = new Map<number, MadeEntry>();

export function zeroBlob(size: number): MadeEntry {
  let entry = zeroes.get(size);
  if (entry === undefined) {
    const data = Buffer.alloc(size);
    entry = {
      id: hex(objectId("blob", data, SHA1)),
      type: 3,
      data: Buffer.alloc(0),
      size,
      stream: deflateSync(data),
    };
    if (zeroes.size > 64) zeroes.clear();
    zeroes.set(size, entry);
  }
  return entry;
}

/** A delta that copies all of its source `times` over. */
export function copying(size: number, times = 1): { data: Buffer; stream: Buffer } {
  const most = 0xffffff;
  const instructions: Buffer[] = [];
  for (let at = 0; at < size; at += most) instructions.push(copy(at, Math.min(most, size - at)));
  const data = delta(size, size * times, ...Array.from({ length: times }, () => instructions).flat());
  return { data, stream: deflateSync(data) };
}

/** An image of entries, with these in its root. Keeps the order of the root's entries, be it wrong. */
export function imageOf(
  root: readonly Named[],
  entries: readonly MadeEntry[],
  more: { message?: string; headers?: string } = {},
) {
  const tree = whole("tree", encodeTree(root.map(({ mode = "100644", name, id }) => ({ mode, name, id }))));
  return imageOfRoot(tree, entries, more);
}

export function imageOfRoot(
  tree: MadeEntry,
  entries: readonly MadeEntry[],
  { message = "", headers = "" }: { message?: string; headers?: string } = {},
): Buffer {
  const who = "A <a@b> 1602316800 +0200";
  const commit = whole("commit", `tree ${tree.id}\nauthor ${who}\ncommitter ${who}\n${headers}\n${message}`);
  return assembleImage({ commit: commit.id, ...makePack([...entries, tree, commit]) });
}
