import { crc32, deflateSync } from "node:zlib";
import { type ObjectKind, objectId } from "../../../reader/git/object.ts";
import { encodeHeader, headerSize, paddedTo, SECTOR_SIZE } from "../../../reader/image/header.ts";
import { SHA1 } from "../../../reader/node-platform.ts";
import { encodeEntryHeader, encodePackHeader, FIRST_ENTRY } from "../../../reader/pack/format.ts";
import { encodeIdx } from "../../../reader/pack/idx-encode.ts";
import type { IdxEntry } from "../../../reader/pack/idx-format.ts";

/** A file of the sample. */
export const SAMPLE_PATH = "/folder/file";
export const SAMPLE_CONTENT = "sample\n";

/**
 * Names of other files: the reader takes different paths for a dot, a `g`, and the prefix of another name.
 */
const NAMES_IN_FOLDER = [".gitignore", "file", "file-2", "file.md"];
const NAMES_IN_ROOT = [".gitattributes", ".gitignore", "README.md"];

/** Returns a small image with what most repositories have: dotfiles, files in the root and in a folder. */
export function sampleImage(): Buffer {
  const pack = new SamplePack();
  const blob = pack.add("blob", Buffer.from(SAMPLE_CONTENT));
  const entry = (name: string, id: Buffer, mode = "100644") =>
    Buffer.concat([Buffer.from(`${mode} ${name}\0`), id]);
  const files = (names: readonly string[]) => names.map((name) => entry(name, blob));
  const folder = pack.add("tree", Buffer.concat(files(NAMES_IN_FOLDER)));
  const root = pack.add("tree", Buffer.concat([...files(NAMES_IN_ROOT), entry("folder", folder, "40000")]));
  const who = "Nobody <nobody@localhost> 0 +0000";
  const text = `tree ${root.toString("hex")}\nauthor ${who}\ncommitter ${who}\n\nsample\n`;
  const commit = pack.add("commit", Buffer.from(text));
  const { bytes, idx } = pack.finish();
  const packStart = headerSize(commit.length);
  const indexOffset = paddedTo(packStart + bytes.length, SECTOR_SIZE);
  const image = Buffer.alloc(paddedTo(indexOffset + idx.length, SECTOR_SIZE));
  image.set(encodeHeader(commit, indexOffset));
  image.set(bytes, packStart);
  image.set(idx, indexOffset);
  return image;
}

/** A PACK of undeltified objects. */
class SamplePack {
  readonly #entries: IdxEntry[] = [];
  readonly #parts: Buffer[] = [];
  #length = FIRST_ENTRY;

  add(kind: ObjectKind, content: Buffer): Buffer {
    const id = Buffer.from(objectId(kind, content, SHA1));
    const entry = Buffer.concat([encodeEntryHeader({ kind, size: content.length }), deflateSync(content)]);
    this.#entries.push({ id, crc: crc32(entry), offset: this.#length });
    this.#parts.push(entry);
    this.#length += entry.length;
    return id;
  }

  finish(): { bytes: Buffer; idx: Uint8Array } {
    const body = Buffer.concat([encodePackHeader(this.#entries.length), ...this.#parts]);
    const trailer = SHA1.createHash().update(body).digest();
    const sorted = this.#entries.toSorted((a, b) => Buffer.compare(a.id, b.id));
    return { bytes: Buffer.concat([body, trailer]), idx: encodeIdx(sorted, trailer, SHA1) };
  }
}
