import { mkdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type ObjectKind, objectId } from "../../reader/git/object.ts";
import { NumberList } from "../number-list.ts";
import type { Effort } from "../packing/compression.ts";
import type { PackFiles } from "../packing/pack-objects.ts";
import type { PartPacker } from "../packing/part-packer.ts";
import { PartSize } from "../packing/parts.ts";
import { DeflatedPack } from "./deflated-pack.ts";
import { IdTable } from "./id-table.ts";
import { StagingPack } from "./staging-pack.ts";
import { storedStream } from "./stored-stream.ts";

/**
 * Stores the objects of a folder, each once. Files that may become deltas are staged part by part: while one
 * part is read, git packs those before it. Large files are deflated here. Await each call before the next.
 */
export class Staging implements Disposable {
  /** The numbers and ids of all objects. */
  readonly ids = new IdTable();
  readonly #folder: string;
  /** Undefined if there are to be no deltas: then every object is deflated here. */
  readonly #packer: PartPacker | undefined;
  readonly #deflated: DeflatedPack;
  readonly #size = new PartSize();
  #staged = 0;
  #part: StagedPart | undefined;
  #trees: StagedPart | undefined;
  /** Parts of files so far. */
  #parts = 0;

  /**
   * @param folder an existing folder, for the staged objects.
   * @param packer packs the parts; undefined if nothing is to become a delta.
   */
  constructor(folder: string, { level }: Effort, packer: PartPacker | undefined) {
    this.#folder = folder;
    this.#packer = packer;
    this.#deflated = new DeflatedPack(join(folder, "deflated"), this.ids, level);
  }

  /** Objects so far that git packs. */
  get staged(): number {
    return this.#staged;
  }

  /** Adds an object. Its bytes may be overwritten afterwards. @returns its number. */
  async add(kind: ObjectKind, bytes: Uint8Array): Promise<number> {
    const before = this.ids.count;
    const number = this.ids.add(objectId(kind, bytes));
    if (number < before) return number;
    if (this.#packer === undefined) {
      await this.#deflated.add(kind, number, bytes);
      return number;
    }
    this.#staged++;
    if (kind === "blob") {
      this.#part ??= new StagedPart(join(this.#folder, `staged-${this.#parts++}`), this.ids);
      this.#part.add(kind, number, bytes);
      if (this.#size.add(bytes.length)) await this.#packFiles(this.#packer);
    } else {
      this.#trees ??= new StagedPart(join(this.#folder, "staged-trees"), this.ids);
      this.#trees.add(kind, number, bytes);
    }
    return number;
  }

  /** Adds a large file: as `DeflatedPack.addBlob`. */
  async addBlob(size: number, chunks: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<number> {
    return await this.#deflated.addBlob(size, chunks, signal);
  }

  /**
   * Packs what is not packed yet.
   * @param trees the numbers of trees and commit and their sizes, each once, in the order in which git
   * searches them for deltas.
   * @returns PACKs that together have all objects.
   */
  async finish(trees: Iterable<{ readonly number: number; readonly size: number }>): Promise<PackFiles[]> {
    const deflated = await this.#deflated.finish();
    const own = deflated === undefined ? [] : [deflated];
    if (this.#packer === undefined) return own;
    if (this.#part !== undefined) await this.#packFiles(this.#packer);
    await this.#packTrees(this.#packer, trees);
    const packed = await this.#packer.finish();
    if (this.#trees !== undefined) await rm(this.#trees.objects, { recursive: true });
    return [...packed, ...own];
  }

  [Symbol.dispose](): void {
    this.#deflated[Symbol.dispose]();
    this.#part?.[Symbol.dispose]();
    this.#trees?.[Symbol.dispose]();
  }

  async #packFiles(packer: PartPacker): Promise<void> {
    const part = this.#part as StagedPart;
    this.#part = undefined;
    part.finish();
    const { count, objects } = part;
    const idAt = (position: number) => this.ids.hex(part.numberAt(position));
    await packer.add({ count, idAt, objects, temporary: objects });
  }

  async #packTrees(
    packer: PartPacker,
    trees: Iterable<{ readonly number: number; readonly size: number }>,
  ): Promise<void> {
    this.#trees?.finish();
    const objects = this.#trees?.objects;
    const size = new PartSize();
    let numbers = new NumberList();
    const pack = async () => {
      const part = numbers;
      numbers = new NumberList();
      await packer.add({ count: part.length, idAt: (position) => this.ids.hex(part.at(position)), objects });
    };
    for (const tree of trees) {
      numbers.push(tree.number);
      if (size.add(tree.size)) await pack();
    }
    if (numbers.length > 0) await pack();
  }
}

/** Objects in a folder that git reads as `objects` of a Git directory, as they are: git deflates them. */
class StagedPart implements Disposable {
  /** That folder. */
  readonly objects: string;
  readonly #pack: StagingPack;
  #isOpen = true;

  constructor(objects: string, ids: IdTable) {
    this.objects = objects;
    const packs = join(objects, "pack");
    mkdirSync(packs, { recursive: true });
    this.#pack = new StagingPack(join(packs, "pack-staged"), ids);
  }

  get count(): number {
    return this.#pack.count;
  }

  numberAt(position: number): number {
    return this.#pack.numberAt(position);
  }

  add(kind: ObjectKind, number: number, bytes: Uint8Array): void {
    this.#pack.beginEntry(kind, bytes.length);
    for (const piece of storedStream(bytes)) this.#pack.append(piece);
    this.#pack.endEntry(number);
  }

  finish(): void {
    this.#pack.finish();
    this[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    if (this.#isOpen) this.#pack[Symbol.dispose]();
    this.#isOpen = false;
  }
}
