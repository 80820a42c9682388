import { readFileSync } from "node:fs";
import { basename } from "node:path";
import test from "ava";
import { openFileDevice } from "../../../reader/block/file.ts";
import { SectorCache } from "../../../reader/block/sector-cache.ts";
import { objectId } from "../../../reader/git/object.ts";
import { algorithmOf } from "../../../reader/git/object-format.ts";
import { hex } from "../../../reader/git/object-id.ts";
import { headerSize } from "../../../reader/image/header.ts";
import { NODE_FORMATS } from "../../../reader/node-platform.ts";
import { analyzePack } from "../../../reader/pack/analyze.ts";
import { encodeIdx } from "../../../reader/pack/idx-encode.ts";
import { connect } from "../../../reader/store/connect.ts";
import { ALL_IMAGES, IMAGES } from "../../fixtures.ts";
import { splitImage } from "../image-fixture.ts";

test("the original wrote five images, and there are three of a SHA-256 repository", (t) => {
  t.is(IMAGES.size, 5);
  t.is(ALL_IMAGES.size, 8);
});

for (const [file, expected] of ALL_IMAGES) {
  const name = basename(file);
  const hash = algorithmOf(expected.commit);
  const format = NODE_FORMATS[hash];

  for (const layout of ["light", "fast", "frozen"] as const) {
    for (const analyze of [false, true]) {
      for (const inflate of ["zlib", "pako"] as const) {
        test(`${name} reads back, ${layout}${analyze ? ", analyzed" : ""}, ${inflate}`, (t) => {
          const store = connect(openFileDevice(file), { layout, analyze, inflate });
          t.teardown(() => store.close());
          t.is(store.hash, hash);
          t.is(store.id, expected.commit);
          t.is(store.root, expected.root);
          const { name: author, email } = store.commit.author;
          t.true(expected.verifyOutput!.includes(`author\t: "${author}" <${email}>\n`));
          for (const [path, { blob, size }] of Object.entries(expected.files)) {
            const { type, ...described } = store.describe(path, false);
            t.is(described.id, blob, path);
            t.is(described.size, size, path);
            const bytes = type === "symlink" ? store.readLink(path) : store.get(path);
            t.is(hex(objectId("blob", bytes, format)), blob, path);
            t.is(bytes.length, size, path);
          }
          const paths = [...store.prefix("/")].map((entry) => `/${Buffer.from(entry.path)}`);
          t.deepEqual(paths.sort(), Object.keys(expected.files).sort());
        });
      }
    }
  }

  test(`${name} has the IDX that its PACK implies`, (t) => {
    const device = openFileDevice(file);
    t.teardown(() => device.close());
    const { index, indexOffset } = splitImage(readFileSync(file));
    const packStart = headerSize(format.idLength);
    const analysis = analyzePack(new SectorCache(device), packStart, indexOffset, { format });
    const implied = encodeIdx([...analysis.entries()], analysis.trailer, format);
    t.deepEqual(Buffer.from(index.subarray(0, implied.length)), Buffer.from(implied));
    t.true(index.subarray(implied.length).every((byte) => byte === 0));
  });
}
