import { randomBytes } from "node:crypto";
import test from "ava";
import { memoryDevice } from "../../../reader/block/memory.ts";
import { InvalidImageError } from "../../../reader/errors.ts";
import { connect } from "../../../reader/store/connect.ts";
import { faultOf, refused } from "../fault.ts";
import { FORMATS } from "../formats.ts";
import { assembleImage } from "../image-fixture.ts";
import { commitOf, type MadeEntry, makeImage, makePack, open, treeOf, whole } from "../pack-fixture.ts";
import { recordingDevice } from "../recording-device.ts";

const BLOB = whole("blob", "some content\n");
const ROOT = treeOf({ a: BLOB.id });
const IMAGE = makeImage({ a: BLOB });
const WAYS = [{}, { layout: "fast" }, { analyze: true }] as const;

/** An image whose header names an object of any kind. */
function imageOf(top: MadeEntry, others: MadeEntry[] = [ROOT, BLOB]): Buffer {
  return assembleImage({ commit: top.id, ...makePack([top, ...others]) });
}

const NO_IMAGES: Record<string, [Uint8Array, string]> = {
  nothing: [Buffer.alloc(0), "header"],
  "a byte": [Buffer.alloc(1), "header"],
  "27 bytes": [IMAGE.subarray(0, 27), "header"],
  "a header only": [IMAGE.subarray(0, 28), "header"],
  zeroes: [Buffer.alloc(100_000), "header"],
  "bytes of 0xff": [Buffer.alloc(100_000, 0xff), "header"],
  text: [Buffer.from("This is no image, but a text that is long enough to be one.".repeat(99)), "header"],
};
for (const [name, [bytes, fault]] of Object.entries(NO_IMAGES)) {
  test(`${name}: no image`, (t) => {
    for (const way of WAYS) refused(t, fault, () => connect(memoryDevice(bytes), way));
  });
}

for (const format of FORMATS) {
  const image = makeImage({ a: whole("blob", "some content\n", format) }, [], format);
  const id = image.toString("hex", 0, format.idLength);

  test(`${format.name}: every cut of an image is refused, or only cuts off the padding at its end`, (t) => {
    const padding = image.length - 1 - image.findLastIndex((byte) => byte !== 0);
    for (let length = 0; length < image.length; length++) {
      const cut = image.subarray(0, length);
      for (const way of WAYS) {
        const fault = faultOf(() => connect(memoryDevice(cut), way).get("a"));
        if (length >= image.length - padding) t.is(fault, "none");
        else if (way === WAYS[2]) t.true(fault === "none" || length < 1000, `${fault} at ${length}`);
        else t.regex(fault, /^(header|idx-header|device)$/);
      }
    }
  });

  test(`${format.name}: an index offset anywhere else is refused`, (t) => {
    const right = Number(image.readBigUInt64LE(format.idLength));
    for (const offset of [
      0,
      1,
      27,
      28,
      39,
      40,
      512,
      right - 1,
      right + 1,
      right + 512,
      image.length - 1,
      image.length,
      2 ** 40,
      2 ** 53,
    ]) {
      const changed = Buffer.from(image);
      changed.writeBigUInt64LE(BigInt(offset), format.idLength);
      if (offset === right) continue;
      t.regex(
        faultOf(() => open(changed)),
        /^(header|idx-header)$/,
        String(offset),
      );
    }
  });

  test(`${format.name}: the commit that was pinned is the only one accepted`, (t) => {
    for (const way of WAYS) {
      t.is(open(image, { ...way, commit: id }).id, id);
      t.is(open(image, { ...way, commit: id.toUpperCase() }).id, id);
      for (const other of ["0".repeat(40), "0".repeat(64), id.slice(1), "", "nonsense"]) {
        refused(t, "pinned-commit", () => open(image, { ...way, commit: other }));
      }
    }
  });

  test(`${format.name}: no bit of a pinned image can differ unnoticed where it says something`, (t) => {
    for (let at = 0; at < image.length; at++) {
      for (const bit of [0, 3, 7]) {
        const changed = Buffer.from(image);
        changed[at] = (changed[at] as number) ^ (1 << bit);
        try {
          const store = open(changed, { commit: id });
          t.is(store.id, id);
          t.is(Buffer.from(store.get("a")).toString(), "some content\n");
          t.is(store.commit.author.name, "Ada Lovelace");
        } catch (error) {
          if (!(error instanceof InvalidImageError)) throw error;
        }
      }
    }
    t.pass();
  });
}

test("something else than a commit at the top is refused", (t) => {
  const tag = whole("tag", `object ${ROOT.id}\ntype commit\ntag v1\ntagger A <a@b> 1 +0000\n\n`);
  for (const way of WAYS) {
    refused(t, "object-kind", () => open(imageOf(tag), way));
    refused(t, "object-kind", () => open(imageOf(ROOT, [BLOB]), way));
    refused(t, "object-kind", () => open(imageOf(BLOB, [ROOT]), way));
    refused(t, "commit", () => open(imageOf(whole("commit", "tree nothing\n")), way));
    refused(t, "object-missing", () => open(imageOf(commitOf("12".repeat(20))), way));
    refused(t, "object-kind", () => open(imageOf(commitOf(BLOB.id)), way));
  }
});

test("a content under the id of another is refused", (t) => {
  const mismatch: MadeEntry = { ...whole("blob", "SOME CONTENT\n"), id: BLOB.id };
  const image = makeImage({ a: mismatch });
  for (const layout of ["light", "fast"] as const) {
    const store = open(image, { layout });
    refused(t, "object-id", () => store.get("a"));
    refused(t, "object-id", () => store.getPartial("a", { offset: 0, length: 4 }));
    refused(t, "object-id", () => store.open("a"));
  }
  refused(t, "object-missing", () => open(image, { analyze: true }).get("a"));
});

test("a large content with an id mismatch is never read to its end", (t) => {
  const content = randomBytes(3 << 20);
  const mismatch = Buffer.from(content).fill(0, 100, 200);
  const image = makeImage({ a: { ...whole("blob", mismatch), id: whole("blob", content).id } });
  refused(t, "object-id", () => open(image).open("a").verify());
  const reader = open(image).open("a");
  refused(t, "object-id", () => reader.read(0, Buffer.alloc(content.length)));
  refused(t, "object-id", () => reader.read(0, Buffer.alloc(1)), "what is damaged stays damaged");
  t.false(reader.verified);
  reader.close();
});

test("a fault names the object and the offset", (t) => {
  const error = t.throws(() => open(makeImage({ a: { ...BLOB, stream: Buffer.alloc(20, 1) } })).get("a"), {
    instanceOf: InvalidImageError,
  });
  t.is(error?.object, BLOB.id);
  t.true((error?.offset ?? 0) > 28);
  t.regex(error?.message ?? "", /^invalid image: [^\n]+$/);
});

test("light connecting reads little, and nothing outside the device", (t) => {
  const device = recordingDevice(makeImage({ a: BLOB }, [whole("blob", randomBytes(5 << 20))]));
  const store = connect(device);
  t.is(Buffer.from(store.get("a")).toString(), "some content\n");
  t.deepEqual(device.faults, []);
  t.true(device.requests.reduce((sum, { sectors }) => sum + sectors, 0) < 400);
  store.close();
  t.true(device.closed);
});

test("a device that fails is a fault of the image, and may recover", (t) => {
  const device = memoryDevice(IMAGE);
  let broken = true;
  const failing = {
    ...device,
    readSectors(first: number, into: Uint8Array) {
      if (broken)
        throw new InvalidImageError("device", "the disk cannot be read: EIO", { offset: first * 512 });
      device.readSectors(first, into);
    },
  };
  refused(t, "device", () => connect(failing));
  broken = false;
  t.is(connect(failing).exists("a"), "value");
});
