// Images that are partly of one object format and partly of the other: each has one right fault.
import { createHash } from "node:crypto";
import test, { type ExecutionContext } from "ava";
import { verifyDevice } from "../../../image-builder/verify/verify-device.ts";
import { memoryDevice } from "../../../reader/block/memory.ts";
import { SectorCache } from "../../../reader/block/sector-cache.ts";
import { type ObjectFormat, objectFormat } from "../../../reader/git/object-format.ts";
import { hex } from "../../../reader/git/object-id.ts";
import { decodeHeader, encodeHeader, headerSize, paddedTo } from "../../../reader/image/header.ts";
import { encodeFooter, FOOTER_SIZE, readSections } from "../../../reader/image/sections.ts";
import { NODE_FORMATS, NODE_PLATFORM, SHA1, SHA256 } from "../../../reader/node-platform.ts";
import { encodeIdx } from "../../../reader/pack/idx-encode.ts";
import type { ConnectOptions } from "../../../reader/store/connect.ts";
import { Random } from "../../fuzz/random.ts";
import { faultOf, refused } from "../../reader/fault.ts";
import { assembleImage, splitImage } from "../../reader/image-fixture.ts";
import {
  commitOf,
  copy,
  delta,
  imageOfTree,
  insert,
  type MadeEntry,
  makeImage,
  makePack,
  open,
  refDelta,
  treeOf,
  whole,
} from "../../reader/pack-fixture.ts";
import { encodeTree } from "../../reader/repository.ts";
import { withLayout } from "../../reader/with-layout.ts";
import { verifyTogether } from "./together.ts";

const PACK = Buffer.from("PACK\0\0\0\x02", "latin1");
const WAYS: readonly ConnectOptions[] = [{ layout: "light" }, { layout: "fast" }, { analyze: true }];

function plain(format: ObjectFormat): Buffer {
  return makeImage({ a: whole("blob", "content of a\n", format) }, [], format);
}

/** Puts PACK and IDX behind a header of ids that have another length than theirs. */
function misheaded(image: Buffer, idLength: number): Buffer {
  const { commit } = decodeHeader(image, image.length);
  const { pack, index } = splitImage(image);
  const id = Buffer.alloc(idLength);
  Buffer.from(commit, "hex").copy(id);
  const indexOffset = paddedTo(headerSize(idLength) + pack.length, 512);
  const made = Buffer.alloc(indexOffset + index.length);
  made.set(encodeHeader(id, indexOffset));
  made.set(pack, headerSize(idLength));
  made.set(index, indexOffset);
  return made;
}

/** An image with some of its bytes replaced. */
function patched(image: Buffer, ...patches: readonly (readonly [at: number, bytes: Uint8Array])[]): Buffer {
  const made = Buffer.from(image);
  for (const [at, bytes] of patches) made.set(bytes, at);
  return made;
}

/** An id of a format turned into one of the length of the other. */
function resized(id: string, { idLength }: ObjectFormat): string {
  return id.padEnd(2 * idLength, "7").slice(0, 2 * idLength);
}

/** The index offset of an image, as its header has it. */
function offsetBytes(offset: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(offset));
  return bytes;
}

/** An image of a commit whose text is given, and of a root with one file. */
function withCommit(format: ObjectFormat, text: (tree: string) => string): Buffer {
  const blob = whole("blob", "content of a\n", format);
  const root = treeOf({ a: blob.id }, "100644", format);
  const commit = whole("commit", text(root.id), format);
  return assembleImage({ commit: commit.id, ...makePack([commit, root, blob], format) });
}

const WHO = "Ada Lovelace <ada@example.com> 1602316800 +0200";
const SIGNED = `author ${WHO}\ncommitter ${WHO}\n\n`;

/** The image with an IDX that has ids of the other length, and checksums by the other hash function. */
function withIdxOf(format: ObjectFormat, other: ObjectFormat): Buffer {
  const blob = whole("blob", "content of a\n", format);
  const root = treeOf({ a: blob.id }, "100644", format);
  const commit = commitOf(root.id, format);
  const { pack, indexed } = makePack([commit, root, blob], format);
  const ids = indexed.map((entry) => ({
    ...entry,
    id: Buffer.from(resized(hex(entry.id), other), "hex"),
  }));
  const trailer = other.createHash().update(pack).digest();
  return assembleImage({ commit: commit.id, pack, idx: encodeIdx(ids, trailer, other) });
}

/**
 * What is found of an IDX whose tables are not where they are looked for: no id, or an id with an offset of
 * chance.
 */
const ELSEWHERE = "idx-entry|object-missing";

interface Case {
  readonly image: Buffer;
  /** What `verify` says. */
  readonly verify: string;
  /** What a reader says of the file `a`, with each of `WAYS`, of which only the third needs no IDX. */
  readonly read: readonly [string, string, string];
}

function casesOf(format: ObjectFormat, other: ObjectFormat): Record<string, Case> {
  const image = plain(format);
  const { indexOffset } = decodeHeader(image, image.length);
  const blob = whole("blob", "content of a\n", format);
  const target = Buffer.from("content of a, and more");
  const onBlob = refDelta(
    blob.id,
    delta(13, target.length, copy(0, 12), insert(target.subarray(12))),
    target,
    "blob",
    format,
  );
  const cutBase: MadeEntry = { ...onBlob, base: resized(blob.id, other) };
  const otherIds = encodeTree([{ mode: "100644", name: "a", id: resized(blob.id, other) }]);
  const otherTree = whole("tree", otherIds, format);
  const all = <Fault extends string>(fault: Fault) => [fault, fault, fault] as const;
  return {
    "a PACK behind the header of the other format": {
      image: misheaded(image, other.idLength),
      verify: "pack-trailer",
      read: [ELSEWHERE, ELSEWHERE, "pack-trailer"],
    },
    "an IDX of the other format": {
      image: withIdxOf(format, other),
      verify: "idx-mismatch",
      read: [ELSEWHERE, ELSEWHERE, "none"],
    },
    "a REF_DELTA whose base has the length of the other format": {
      image: makeImage({ a: cutBase }, [blob], format),
      verify: "pack-inflate",
      // An IDX is asked for the base, of an id that has the stream's first bytes at its end, before that is inflated.
      read: ["pack-base|pack-inflate", "pack-base|pack-inflate", "pack-inflate"],
    },
    "a commit whose tree has an id of the other format": {
      image: withCommit(format, (tree) => `tree ${resized(tree, other)}\n${SIGNED}`),
      verify: "commit",
      read: all("commit"),
    },
    "a commit with a parent of the other format": {
      image: withCommit(format, (tree) => `tree ${tree}\nparent ${resized(tree, other)}\n${SIGNED}`),
      verify: "commit",
      read: all("commit"),
    },
    "a tree with ids of the other format": {
      image: imageOfTree(otherTree, [blob], format),
      verify: "tree",
      read: all("tree"),
    },
    "no PACK where its format has it": {
      image: patched(image, [headerSize(format.idLength), Buffer.from("JUNK")]),
      verify: "pack-header",
      read: ["none", "none", "pack-header"],
    },
    "an index offset where the other format has it, beyond the image": {
      image: patched(image, [format.idLength, offsetBytes(indexOffset + 2 ** 40)]),
      verify: "header",
      read: all("header"),
    },
  };
}

/** That `verify` by one thread and by several, and a reader by each way, say of an image what they are to say. */
function check(t: ExecutionContext, what: string, { image, verify, read }: Case): void {
  t.is(
    faultOf(() => verifyDevice(memoryDevice(image))),
    verify,
    `${what}: verify`,
  );
  for (const threads of [1, 2]) {
    t.is(verifyTogether(image, threads, new Random(threads)) === undefined, verify !== "none", what);
  }
  WAYS.forEach((way, i) => {
    const found = faultOf(() => open(image, way).get("a"));
    t.regex(found, new RegExp(`^(${read[i]})$`), `${what}: ${JSON.stringify(way)}`);
  });
}

for (const [format, other] of [
  [SHA1, SHA256],
  [SHA256, SHA1],
] as const) {
  test(`${format.name}: what is of the other object format has its fault`, (t) => {
    check(t, "nothing wrong", { image: plain(format), verify: "none", read: ["none", "none", "none"] });
    for (const [what, each] of Object.entries(casesOf(format, other))) check(t, what, each);
  });

  test(`${format.name}: a commit of the other format is not the pinned one`, (t) => {
    const image = plain(format);
    const { commit } = decodeHeader(image, image.length);
    for (const way of [...WAYS, {}]) {
      for (const pinned of [resized(commit, other), commit.slice(0, 39), `${commit}00`, "0".repeat(64)]) {
        refused(t, "pinned-commit", () => open(image, { ...way, commit: pinned }));
      }
      t.is(open(image, { ...way, commit: commit.toUpperCase() }).id, commit);
    }
  });

  test(`${format.name}: a layout of the other format is left with a note, and refused by verify`, (t) => {
    const names = Array.from({ length: 300 }, (_, i) => `file-${i + 100}`);
    const laidOut = (format: ObjectFormat) =>
      withLayout(
        makeImage(Object.fromEntries(names.map((name) => [name, whole("blob", name, format)])), [], format),
      );
    const [own, foreign] = [laidOut(format), laidOut(other)];
    const sectionOf = ({ image }: { image: Buffer }) => {
      const cache = new SectorCache(memoryDevice(image));
      return readSections(cache, decodeHeader(image, image.length))![0]!;
    };
    const [ours, theirs] = [sectionOf(own), sectionOf(foreign)];
    const bytes = foreign.image.subarray(theirs.offset, theirs.offset + theirs.length);
    // Room for the larger of the two, which may be the foreign one.
    const start = Math.ceil(own.start / 4096) * 4096;
    const indexOffset = start + Math.max(ours.length, theirs.length) + 4096;
    const index = own.image.subarray(own.indexOffset);
    const made = (details: Uint8Array, section: Uint8Array): Buffer => {
      const image = Buffer.alloc(indexOffset + index.length);
      image.set(own.image.subarray(0, own.start));
      image.set(
        encodeHeader(Buffer.from(decodeHeader(own.image, own.image.length).commit, "hex"), indexOffset),
      );
      image.set(section, start);
      image.set(
        encodeFooter([{ ...ours, offset: start, length: section.length, details }]),
        indexOffset - FOOTER_SIZE,
      );
      image.set(index, indexOffset);
      return image;
    };
    const cases = {
      "details and blocks": made(theirs.details, bytes),
      "blocks alone": made(ours.details, bytes),
    };
    for (const [what, image] of Object.entries(cases)) {
      refused(t, "layout", () => verifyDevice(memoryDevice(image)), what);
      for (const commit of [undefined, decodeHeader(image, image.length).commit]) {
        const notes: string[] = [];
        const store = open(image, { commit, onNote: (note) => notes.push(note) });
        for (const name of names) t.is(Buffer.from(store.get(name)).toString(), name, what);
        t.is([...store.prefix("")].length, names.length, what);
        t.is(notes.length, 1, `${what}: ${notes}`);
        t.regex(notes[0]!, /^the layout of this image is damaged, so it is read without: /);
      }
    }
  });
}

test("a SHA-1 image whose first entry looks like a PACK is a damaged SHA-1 image", (t) => {
  const image = patched(plain(SHA1), [40, PACK]);
  t.is(decodeHeader(image, image.length).hash, "sha1");
  const read = ["pack-entry", "pack-entry", "pack-entry"] as const;
  check(t, "PACK at 40", { image, verify: "pack-entry", read });
});

test("a SHA-256 image whose id has been overwritten with a PACK's header is one of another commit", (t) => {
  const image = patched(plain(SHA256), [28, PACK.subarray(0, 4)]);
  t.is(decodeHeader(image, image.length).hash, "sha256");
  const read = ["object-missing", "object-missing", "object-missing"] as const;
  check(t, "PACK at 28", { image, verify: "object-missing", read });
});

test("a PACK in both places, and an index offset in neither", (t) => {
  for (const format of [SHA1, SHA256]) {
    const plainImage = plain(format);
    const at = (start: number) => [start, PACK] as const;
    const nowhere = offsetBytes(2 ** 60);
    const image = patched(plainImage, [20, nowhere], [32, nowhere], at(28), at(40));
    check(t, format.name, { image, verify: "header", read: ["header", "header", "header"] });
  }
});

test("both headers at once: the PACK at byte 40 is read, as no SHA-1 image has one there", (t) => {
  const image = plain(SHA256);
  const { indexOffset } = decodeHeader(image, image.length);
  // Were it of SHA-1, the index offset at byte 20 would be right, too.
  const both = patched(image, [20, offsetBytes(indexOffset)], [28, PACK.subarray(0, 4)]);
  t.is(decodeHeader(both, both.length).hash, "sha256");
  const read = ["object-missing", "object-missing", "object-missing"] as const;
  check(t, "both", { image: both, verify: "object-missing", read });
});

/** The hash functions of Node, but that a commit gets an id that a test chooses. */
function namingCommits(id: Buffer): ObjectFormat & { platform: typeof NODE_PLATFORM } {
  const hash = (name: "sha1" | "sha256", bytes: Uint8Array) =>
    Buffer.from(bytes).toString("latin1", 0, 7) === "commit "
      ? id.toString("latin1")
      : createHash(name).update(bytes).digest("latin1");
  const platform = { ...NODE_PLATFORM, hash };
  return { ...objectFormat("sha256", platform), platform };
}

test("an image is read whose id is what a SHA-1 image has from its index offset on", (t) => {
  const blob = whole("blob", "content of a\n", SHA256);
  // No commit is known whose SHA-256 is such; the reader takes its hash function from a platform.
  const id = Buffer.concat([Buffer.alloc(20, 0xab), offsetBytes(1024), PACK.subarray(0, 4)]);
  const { platform, ...format } = namingCommits(id);
  const root = treeOf({ a: blob.id }, "100644", SHA256);
  const commit = commitOf(root.id, format);
  t.is(commit.id, id.toString("hex"));
  const image = assembleImage({ commit: commit.id, ...makePack([commit, root, blob], SHA256) });
  for (const way of WAYS) {
    for (const pinned of [undefined, commit.id]) {
      const store = open(image, { ...way, platform, commit: pinned });
      t.deepEqual([store.hash, store.id], ["sha256", commit.id]);
      t.is(Buffer.from(store.get("a")).toString(), "content of a\n");
    }
  }
});

test("an image says of itself what git says, whichever hash function its ids are of", (t) => {
  for (const format of Object.values(NODE_FORMATS)) {
    const { verification } = verifyDevice(memoryDevice(plain(format)));
    t.is(verification.hash, format.name);
    t.is(verification.commit.length, 2 * format.idLength);
    t.is(verification.root.length, 2 * format.idLength);
  }
});
