import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import test from "ava";
import { verifyImage } from "../../../image-builder/index.ts";
import { memoryDevice } from "../../../reader/block/memory.ts";
import { SectorCache } from "../../../reader/block/sector-cache.ts";
import { readHeader } from "../../../reader/image/header.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { makeImage, open, whole } from "../pack-fixture.ts";

test("content of the PACK that looks like a footer is content", async (t) => {
  const signature = Buffer.from("docteur\0\0\x01", "latin1");
  for (let before = 0; ; before++) {
    if (before > 600) throw new Error("it lies nowhere at the end");
    const data = Buffer.concat([Buffer.alloc(before, "x"), signature, Buffer.alloc(400, "y")]);
    const blob = { ...whole("blob", data), stream: deflateSync(data, { level: 0 }) };
    const image = makeImage({ file: blob });
    const { indexOffset } = readHeader(new SectorCache(memoryDevice(image)));
    if (image.indexOf(signature) !== indexOffset - 512) continue;
    const path = join(temporaryFolder(t), "x.img");
    writeFileSync(path, image);
    t.is((await verifyImage(path)).sizes.layout, 0);
    t.deepEqual(Buffer.from(open(image).get("file")), data);
    return;
  }
});
