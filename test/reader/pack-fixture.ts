import { crc32, deflateSync } from "node:zlib";
import { memoryDevice } from "../../reader/block/memory.ts";
import { type ObjectKind, objectId } from "../../reader/git/object.ts";
import { hex } from "../../reader/git/object-id.ts";
import { SHA1 } from "../../reader/node-platform.ts";
import { applyDelta, checkTargetSize, DeltaError, decodeDeltaHeader } from "../../reader/pack/delta.ts";
import { encodeIdx } from "../../reader/pack/idx-encode.ts";
import type { IdxEntry } from "../../reader/pack/idx-format.ts";
import type { MemoryRange } from "../../reader/pack/output-buffer.ts";
import { type ConnectOptions, connect } from "../../reader/store/connect.ts";
import type { Store } from "../../reader/store/store.ts";
import { assembleImage } from "./image-fixture.ts";
import { encodeTree } from "./repository.ts";

/** An entry to be written, each field as wrong as a test wants it. */
export interface MadeEntry {
  /** The id under which the IDX is to have it, hexadecimal. */
  readonly id: string;
  /** Type number; 1 to 4 are commit, tree, blob and tag, 6 and 7 are deltas. */
  readonly type: number;
  /** What is deflated. */
  readonly data: Uint8Array;
  /** The size that the header claims. Default: that of the data. */
  readonly size?: number;
  /** The zlib stream. Default: the data, deflated. */
  readonly stream?: Uint8Array;
  /** OFS_DELTA: the base's id, which must come earlier, or a distance in bytes. REF_DELTA: the base's id. */
  readonly base?: string | number;
}

const TYPES = { commit: 1, tree: 2, blob: 3, tag: 4 } as const;

/** An object stored whole. */
export function whole(kind: ObjectKind, content: Uint8Array | string, format = SHA1): MadeEntry {
  const data = Buffer.from(content);
  return { id: hex(objectId(kind, data, format)), type: TYPES[kind], data };
}

/** A delta whose target is `content`, a blob unless told otherwise. */
export function refDelta(
  base: string,
  delta: Uint8Array,
  content: Uint8Array,
  kind: ObjectKind = "blob",
  format = SHA1,
): MadeEntry {
  return { id: hex(objectId(kind, content, format)), type: 7, data: delta, base };
}

/** As `refDelta`, its base named by the distance to an earlier entry. */
export function ofsDelta(
  base: string,
  delta: Uint8Array,
  content: Uint8Array,
  kind: ObjectKind = "blob",
  format = SHA1,
): MadeEntry {
  return { id: hex(objectId(kind, content, format)), type: 6, data: delta, base };
}

/** What a delta makes of its source. @throws {DeltaError} */
export function deltaTarget(source: Uint8Array, bytes: Uint8Array): Buffer {
  const { sourceSize, targetSize, instructions } = decodeDeltaHeader(bytes);
  if (sourceSize !== source.length) throw new DeltaError("it is for another source");
  checkTargetSize(bytes, instructions, bytes.length, targetSize);
  const target = Buffer.alloc(targetSize);
  applyDelta(rangeOf(source), bytes, instructions, bytes.length, rangeOf(target));
  return target;
}

/** The range of all bytes of a buffer. */
export function rangeOf(memory: Uint8Array): MemoryRange {
  return { memory, start: 0, size: memory.length };
}

/** A size or distance of a delta's header: 7 bits a byte, lowest first. */
export function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  return Buffer.from([...bytes, rest]);
}

/** A delta's header and its instructions, which are written as given. */
export function delta(sourceSize: number, targetSize: number, ...instructions: Uint8Array[]): Buffer {
  return Buffer.concat([varint(sourceSize), varint(targetSize), ...instructions]);
}

/** The instruction that copies from the source; all seven bytes are written. */
export function copy(offset: number, length: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes[0] = 0xff;
  bytes.writeUInt32LE(offset, 1);
  bytes.writeUIntLE(length, 5, 3);
  return bytes;
}

/** The instruction that inserts up to 127 bytes. */
export function insert(content: Uint8Array | string): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([Buffer.of(bytes.length), bytes]);
}

/** Type and size as an entry begins with them. */
export function entryHeader(type: number, size: number): Buffer {
  const rest = Math.floor(size / 16);
  const first = (type << 4) | (size % 16);
  return rest === 0 ? Buffer.of(first) : Buffer.concat([Buffer.of(first | 0x80), varint(rest)]);
}

/** A distance as OFS_DELTA writes it: highest first, each continuation adding one. */
export function ofsDistance(distance: number): Buffer {
  const bytes = [distance % 128];
  for (let rest = Math.floor(distance / 128); rest > 0; rest = Math.floor(rest / 128)) {
    rest--;
    bytes.unshift((rest % 128) | 0x80);
  }
  return Buffer.from(bytes);
}

/** A PACK of the entries in their order, its trailer right, and what the IDX says of it. */
export function makePack(
  entries: readonly MadeEntry[],
  format = SHA1,
): { pack: Buffer; idx: Buffer; indexed: IdxEntry[] } {
  const header = Buffer.from("PACK\0\0\0\x02\0\0\0\0", "latin1");
  header.writeUInt32BE(entries.length, 8);
  const parts: Buffer[] = [header];
  const indexed: IdxEntry[] = [];
  const offsets = new Map<string, number>();
  let offset = header.length;
  for (const { id, type, data, size = data.length, stream, base } of entries) {
    const reference =
      type === 6
        ? ofsDistance(typeof base === "number" ? base : offset - (offsets.get(base ?? "") ?? 0))
        : Buffer.from(type === 7 ? String(base) : "", "hex");
    const entry = Buffer.concat([entryHeader(type, size), reference, stream ?? deflateSync(data)]);
    indexed.push({ id: Buffer.from(id, "hex"), crc: crc32(entry), offset });
    offsets.set(id, offset);
    parts.push(entry);
    offset += entry.length;
  }
  const body = Buffer.concat(parts);
  const trailer = format.createHash().update(body).digest();
  indexed.sort((a, b) => Buffer.compare(a.id, b.id));
  const idx = Buffer.from(encodeIdx(indexed, trailer, format));
  return { pack: Buffer.concat([body, trailer]), idx, indexed };
}

/** A tree of blobs by name, in the order given. */
export function treeOf(names: Readonly<Record<string, string>>, mode = "100644", format = SHA1): MadeEntry {
  const entries = Object.entries(names).map(([name, id]) => ({ mode, name, id }));
  return whole("tree", encodeTree(entries), format);
}

/** A commit of a tree. */
export function commitOf(tree: string, format = SHA1): MadeEntry {
  const who = "Ada Lovelace <ada@example.com> 1602316800 +0200";
  return whole("commit", `tree ${tree}\nauthor ${who}\ncommitter ${who}\n\nA test\n`, format);
}

/** An image in which `names` lie in the root; `others` are entries that they need, and come first. */
export function makeImage(
  names: Readonly<Record<string, MadeEntry>>,
  others: readonly MadeEntry[] = [],
  format = SHA1,
): Buffer {
  const root = treeOf(
    Object.fromEntries(
      Object.entries(names)
        .map(([name, { id }]) => [name, id] as const)
        .sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
    ),
    "100644",
    format,
  );
  return imageOfTree(root, [...others, ...Object.values(names)], format);
}

/** An image with this root. */
export function imageOfTree(root: MadeEntry, entries: readonly MadeEntry[], format = SHA1): Buffer {
  const commit = commitOf(root.id, format);
  return assembleImage({ commit: commit.id, ...makePack([commit, root, ...entries], format) });
}

/** Connects to an image in memory. */
export function open(image: Uint8Array, options: ConnectOptions = {}): Store {
  return connect(memoryDevice(image), options);
}
