import { encodeFooter, FOOTER_SIZE } from "../../reader/image/sections.ts";
import { encodeDetails } from "../../reader/layout/details.ts";
import { BLOCK_SIZE, LAYOUT_TYPE, LAYOUT_VERSION } from "../../reader/layout/format.ts";
import { type LayoutSource, layoutBlocks } from "./layout-blocks.ts";

/** Bytes of an image that needs no layout: all of it is four blocks. */
export const SMALLEST_WITH_LAYOUT = 16 * 1024;

/** Bytes written at a time. */
const CHUNK = 1024 * 1024;

/** A layout that is written behind a PACK. */
export interface LayoutTarget {
  /** Where the layout may begin: the padded end of the PACK, in bytes from the start of the image. */
  readonly start: number;
  /** Bytes; see `checkBlockSize`. */
  readonly blockSize: number;
  readonly write: (bytes: Uint8Array, at: number) => Promise<void>;
  /** Called between two steps of the work. */
  readonly pause?: () => Promise<void> | undefined;
}

export interface LayoutOf extends LayoutSource {
  /** Raw id of the commit. */
  readonly commit: Uint8Array;
}

/** The index offset of the image with the layout, or why it has none. */
export type WrittenLayout = { readonly indexOffset: number } | { readonly why: string };

/**
 * Writes the layout of a commit, and the footer. Blocks of 4 KiB lie at multiples of 4 KiB; the layout of a
 * few files is shorter than that, and lies anywhere.
 *
 * @throws what `write` and `pause` throw, and the source.
 */
export async function writeLayout(source: LayoutOf, target: LayoutTarget): Promise<WrittenLayout> {
  const { start, blockSize, write, pause } = target;
  const aligned = Math.ceil(start / BLOCK_SIZE) * BLOCK_SIZE;
  const blocks = layoutBlocks(source);
  let buffered: Uint8Array[] = [];
  let length = 0;
  let flushed = 0;
  const flush = async (offset: number) => {
    const bytes = Buffer.concat(buffered);
    await write(bytes, offset + flushed);
    flushed += bytes.length;
    buffered = [];
  };
  for (;;) {
    const { done, value } = blocks.next();
    if (done === true) {
      if (typeof value === "string") return { why: value };
      const offset = value.levels.length === 1 ? start : aligned;
      await flush(offset);
      const end = offset + length;
      const indexOffset = Math.ceil((end + FOOTER_SIZE) / blockSize) * blockSize;
      const details = encodeDetails({
        ...value,
        commit: source.commit,
        commitOffset: source.locate(source.commit).offset,
        root: source.root,
        rootOffset: source.locate(source.root).offset,
      });
      const footer = encodeFooter([{ type: LAYOUT_TYPE, version: LAYOUT_VERSION, offset, length, details }]);
      await write(Buffer.alloc(offset - start), start);
      await write(Buffer.alloc(indexOffset - FOOTER_SIZE - end), end);
      await write(footer, indexOffset - FOOTER_SIZE);
      return { indexOffset };
    }
    buffered.push(value);
    length += value.length;
    // More than one block: it is no short layout.
    if (length - flushed >= CHUNK) await flush(aligned);
    const paused = pause?.();
    if (paused !== undefined) await paused;
  }
}
