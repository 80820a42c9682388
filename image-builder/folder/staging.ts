import { mkdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type ObjectKind, objectId } from "../../reader/git/object.ts";
import type { ObjectFormat } from "../../reader/git/object-format.ts";
import { NumberList } from "../number-list.ts";
import type { Effort } from "../packing/compression.ts";
import type { PackFiles } from "../packing/pack-objects.ts";
import { PART_CLASSES, type PartClass, partClassOf } from "../packing/part-class.ts";
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
  readonly ids: IdTable;
  readonly #folder: string;
  /** Undefined if there are to be no deltas: then every object is deflated here. */
  readonly #packer: PartPacker | undefined;
  readonly #deflated: DeflatedPack;
  #staged = 0;
  /** Parts of files that are not full, by their class. */
  readonly #open = new Map<PartClass, StagedPart>();
  #trees: StagedPart | undefined;
  /** Parts of files so far. */
  #parts = 0;

  /**
   * @param folder an existing folder, for the staged objects.
   * @param format how the objects are named.
   * @param packer packs the parts; undefined if nothing is to become a delta.
   */
  constructor(folder: string, format: ObjectFormat, { level }: Effort, packer: PartPacker | undefined) {
    this.ids = new IdTable(format);
    this.#folder = folder;
    this.#packer = packer;
    this.#deflated = new DeflatedPack(join(folder, "deflated"), this.ids, level);
  }

  /** Objects so far that git packs. */
  get staged(): number {
    return this.#staged;
  }

  /**
   * Adds an object. Its bytes may be overwritten afterwards. @returns its number.
   * @param name of the file, without its folder; its bytes as Latin-1.
   */
  async add(kind: ObjectKind, bytes: Uint8Array, name = ""): Promise<number> {
    const before = this.ids.count;
    const number = this.ids.add(objectId(kind, bytes, this.ids.format));
    if (number < before) return number;
    if (this.#packer === undefined) {
      await this.#deflated.add(kind, number, bytes);
      return number;
    }
    this.#staged++;
    const partClass = partClassOf(kind, bytes.length);
    if (kind === "blob") {
      const part = this.#open.get(partClass) ?? this.#stage(`staged-${this.#parts++}`, partClass);
      this.#open.set(partClass, part);
      if (part.add(kind, number, bytes, name)) await this.#packFiles(this.#packer, part);
    } else {
      this.#trees ??= this.#stage("staged-trees", partClass);
      this.#trees.add(kind, number, bytes, name);
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
    for (const partClass of PART_CLASSES) {
      const part = this.#open.get(partClass);
      if (part !== undefined) await this.#packFiles(this.#packer, part);
    }
    await this.#packTrees(this.#packer, trees);
    const packed = await this.#packer.finish();
    if (this.#trees !== undefined) await rm(this.#trees.objects, { recursive: true });
    return [...packed, ...own];
  }

  [Symbol.dispose](): void {
    this.#deflated[Symbol.dispose]();
    for (const part of this.#open.values()) part[Symbol.dispose]();
    this.#trees?.[Symbol.dispose]();
  }

  #stage(name: string, partClass: PartClass): StagedPart {
    return new StagedPart(join(this.#folder, name), this.ids, partClass);
  }

  async #packFiles(packer: PartPacker, part: StagedPart): Promise<void> {
    this.#open.delete(part.partClass);
    part.finish();
    const { partClass, count, objects } = part;
    const idAt = (position: number) => this.ids.hex(part.numberAt(position));
    const nameAt = (position: number) => part.names[position] ?? "";
    await packer.add({ partClass, count, idAt, nameAt, objects, temporary: objects });
  }

  async #packTrees(
    packer: PartPacker,
    trees: Iterable<{ readonly number: number; readonly size: number }>,
  ): Promise<void> {
    this.#trees?.finish();
    const objects = this.#trees?.objects;
    const partClass = partClassOf("tree", 0);
    const size = new PartSize(partClass);
    const nameAt = () => "";
    let numbers = new NumberList();
    const pack = async () => {
      const part = numbers;
      numbers = new NumberList();
      const idAt = (position: number) => this.ids.hex(part.at(position));
      await packer.add({ partClass, count: part.length, idAt, nameAt, objects });
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
  readonly partClass: PartClass;
  /** Of small files. */
  readonly names: string[] = [];
  readonly #pack: StagingPack;
  readonly #size: PartSize;
  #isOpen = true;

  constructor(objects: string, ids: IdTable, partClass: PartClass) {
    this.objects = objects;
    this.partClass = partClass;
    this.#size = new PartSize(partClass);
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

  /** @returns whether the part is full. */
  add(kind: ObjectKind, number: number, bytes: Uint8Array, name: string): boolean {
    if (this.partClass.name === "small files") this.names.push(name);
    this.#pack.beginEntry(kind, bytes.length);
    for (const piece of storedStream(bytes)) this.#pack.append(piece);
    this.#pack.endEntry(number);
    return this.#size.add(bytes.length);
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
