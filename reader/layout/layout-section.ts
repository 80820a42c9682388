import type { SectorCache } from "../block/sector-cache.ts";
import type { ObjectFormat } from "../git/object-format.ts";
import type { Section } from "../image/sections.ts";
import { malformed } from "./block-cursor.ts";
import { decodeDetails, type LayoutDetails } from "./details.ts";
import { BLOCK_SIZE, LAYOUT_TYPE, LAYOUT_VERSION } from "./format.ts";
import { LayoutBlocks } from "./layout-blocks.ts";
import { NodeCursor } from "./node-cursor.ts";

/** Items of a leaf at most: the shortest, a mark, has four bytes. */
const MOST_IN_LEAF = BLOCK_SIZE / 4;

/** A leaf, and how many entries come before it. */
export interface Leaf {
  readonly number: number;
  readonly before: number;
}

/** The layout of an image: finds the leaf that an entry is in. */
export class LayoutSection {
  readonly details: LayoutDetails;
  readonly blocks: LayoutBlocks;
  readonly idLength: number;
  /** The number of the first block of each level, the leaves first. */
  readonly #starts: readonly number[];
  readonly #node = new NodeCursor();

  private constructor(details: LayoutDetails, blocks: LayoutBlocks, idLength: number) {
    this.details = details;
    this.blocks = blocks;
    this.idLength = idLength;
    const starts = [0];
    for (const count of details.levels) starts.push((starts.at(-1) as number) + count);
    this.#starts = starts;
  }

  /** The section of an image that has its layout; undefined if there is none that this program knows. */
  static find(sections: readonly Section[]): Section | undefined {
    return sections.find(({ type, version }) => type === LAYOUT_TYPE && version === LAYOUT_VERSION);
  }

  /**
   * Opens the layout in a section.
   *
   * @param capacity bytes of blocks to keep.
   * @returns undefined if its details make no sense.
   */
  static open(
    cache: SectorCache,
    { offset, length, details: encoded }: Section,
    format: ObjectFormat,
    capacity: number,
  ): LayoutSection | undefined {
    const details = decodeDetails(encoded, format.idLength);
    const blocks = details?.levels.reduce((sum, count) => sum + count, 0);
    if (details?.levels.at(-1) !== 1 || blocks !== Math.ceil(length / BLOCK_SIZE)) return undefined;
    if (details.entries > (details.levels[0] as number) * MOST_IN_LEAF) return undefined;
    const opened = new LayoutBlocks(cache, offset, length, format, capacity);
    return new LayoutSection(details, opened, format.idLength);
  }

  /** Leaves; they have the numbers from 0 on. */
  get leaves(): number {
    return this.details.levels[0] as number;
  }

  /** The leaf that has the entry with this key, if there is one. @throws {InvalidImageError} fault `layout`. */
  leafOf(key: Uint8Array, length: number): Leaf {
    return this.#descend((node) => node.find(key, length));
  }

  /**
   * The leaf that has the entry with this rank: its index among all entries.
   * @throws {InvalidImageError} fault `layout`.
   */
  leafOfRank(rank: number): Leaf {
    let left = rank;
    return this.#descend((node) => {
      node.findRank(left);
      left -= node.entriesBefore;
    });
  }

  #descend(find: (node: NodeCursor) => void): Leaf {
    const { levels } = this.details;
    const node = this.#node;
    let number = 0;
    let before = 0;
    for (let height = levels.length - 1; height > 0; height--) {
      node.enter(this.blocks.read((this.#starts[height] as number) + number));
      find(node);
      number = node.child;
      before += node.entriesBefore;
      if (number >= (levels[height - 1] as number)) throw malformed();
    }
    return { number, before };
  }
}
