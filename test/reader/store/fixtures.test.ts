import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { openFileDevice } from "../../../reader/block/file.ts";
import { SectorCache } from "../../../reader/block/sector-cache.ts";
import { objectId } from "../../../reader/git/object.ts";
import { hex } from "../../../reader/git/object-id.ts";
import { headerSize } from "../../../reader/image/header.ts";
import { SHA1 } from "../../../reader/node-platform.ts";
import { analyzePack } from "../../../reader/pack/analyze.ts";
import { encodeIdx } from "../../../reader/pack/idx-encode.ts";
import { connect } from "../../../reader/store/connect.ts";
import { FIXTURES } from "../../fixtures.ts";
import { splitImage } from "../image-fixture.ts";

interface Expected {
  readonly commit: string;
  readonly root: string;
  readonly verifyOutput: string;
  readonly files: Record<string, { blob: string; size: number }>;
}

const expectations = Object.entries(
  JSON.parse(readFileSync(join(FIXTURES, "expect.json"), "utf8")) as Record<string, Expected>,
).filter(([name]) => name.endsWith(".img"));

test("the fixtures have five images", (t) => {
  t.is(expectations.length, 5);
});

for (const [name, expected] of expectations) {
  const file = join(FIXTURES, name);

  for (const layout of ["light", "fast"] as const) {
    for (const analyze of [false, true]) {
      for (const inflate of ["zlib", "pako"] as const) {
        test(`${name} reads back, ${layout}${analyze ? ", analyzed" : ""}, ${inflate}`, (t) => {
          const store = connect(openFileDevice(file), { layout, analyze, inflate });
          t.teardown(() => store.close());
          t.is(store.id, expected.commit);
          t.is(store.root, expected.root);
          const { name: author, email } = store.commit.author;
          t.true(expected.verifyOutput.includes(`author\t: "${author}" <${email}>\n`));
          for (const [path, { blob, size }] of Object.entries(expected.files)) {
            const { type, ...described } = store.describe(path, false);
            t.is(described.id, blob, path);
            t.is(described.size, size, path);
            const bytes = type === "symlink" ? store.readLink(path) : store.get(path);
            t.is(hex(objectId("blob", bytes, SHA1)), blob, path);
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
    const format = SHA1;
    const analysis = analyzePack(new SectorCache(device), headerSize(20), indexOffset, { format });
    const implied = encodeIdx([...analysis.entries()], analysis.trailer, format);
    t.deepEqual(Buffer.from(index.subarray(0, implied.length)), Buffer.from(implied));
    t.true(index.subarray(implied.length).every((byte) => byte === 0));
  });
}
