import { crc32 } from "node:zlib";
import test from "ava";
import fc from "fast-check";
import { InvalidImageError } from "../../../reader/errors.ts";
import { BLOCK_SIZE } from "../../../reader/layout/format.ts";
import { LayoutCursor } from "../../../reader/layout/layout-cursor.ts";
import { FORMATS } from "../formats.ts";
import { type LaidOut, opened, written } from "./layout-file.ts";

const LAYOUTS = FORMATS.map((format) => {
  const all: LaidOut[] = Array.from({ length: 3000 }, (_, i) => ({
    key: Buffer.from(`some/folder/\0page-${String(i * 7).padStart(5, "0")}.html`),
    type: "file",
    id: Buffer.alloc(format.idLength, i),
    location: {
      offset: 12 + 300 * i,
      length: 300,
      size: 700,
      bases: i % 3 ? [] : [{ offset: 12, length: 9 }],
    },
  }));
  return { all, format, ...written(all, format) };
});

/** Each block gets the checksum that belongs to it. */
function resealed(bytes: Buffer): Buffer {
  for (let at = 0; at < bytes.length; at += BLOCK_SIZE) {
    const block = bytes.subarray(at, at + BLOCK_SIZE);
    block.writeUInt32BE(crc32(block.subarray(4)));
  }
  return bytes;
}

test("blocks with the right checksum and any content end, or are malformed", (t) => {
  const change = fc.record({ at: fc.nat(), value: fc.nat(255) });
  const property = fc.property(
    fc.array(change, { minLength: 1, maxLength: 40 }),
    fc.constantFrom(...LAYOUTS),
    (changes, layout) => {
      const { all, bytes, shape, format } = layout;
      const changed = Buffer.from(bytes);
      for (const { at, value } of changes) changed[at % bytes.length] = value;
      const section = opened(resealed(changed), shape, { format });
      const attempt = (work: (cursor: LayoutCursor) => void) => {
        try {
          work(new LayoutCursor(section));
        } catch (error) {
          if (!(error instanceof InvalidImageError && error.fault === "layout")) throw error;
        }
      };
      for (const { key } of [all[0]!, all[1500]!, all[2999]!]) {
        attempt((cursor) => cursor.seek(key, key.length));
      }
      attempt((cursor) => cursor.goToRank(1234));
      attempt((cursor) => {
        let steps = 0;
        for (cursor.goToRank(0); cursor.next(); steps++) {
          if (!cursor.entry.isDisorderMark) void [cursor.entry.type, cursor.entry.location, cursor.entry.id];
          // No more than 65,535 items can be in a block.
          if (steps > 65_535 * section.leaves) throw new Error("the walk does not end");
        }
      });
    },
  );
  t.notThrows(() => fc.assert(property, { numRuns: 300 }));
});
