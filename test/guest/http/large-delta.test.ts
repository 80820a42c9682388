import { gunzipSync } from "node:zlib";
import test from "ava";
import {
  copy,
  delta,
  insert,
  type MadeEntry,
  makeImage,
  ofsDelta,
  whole,
} from "../../reader/pack-fixture.ts";
import { served } from "./served.ts";

const MIB = 1024 * 1024;

/** More than the server makes in memory of a delta. */
const SIZE = 65 * MIB;

/** Bytes of which each MiB is another. */
const BASE = Buffer.alloc(SIZE, "A line of a long text.\n");
for (let at = 0; at < SIZE; at += MIB) BASE.writeUInt32BE(at, at);
const base = whole("blob", BASE);

function copies(start: number, length: number): Buffer[] {
  const made: Buffer[] = [];
  for (let at = 0; at < length; at += 0xffffff) made.push(copy(start + at, Math.min(0xffffff, length - at)));
  return made;
}

/** The other half first, and an end of its own. */
const TURNED = Buffer.concat([BASE.subarray(SIZE / 2), BASE.subarray(0, SIZE / 2), Buffer.from("!")]);
const turned = ofsDelta(
  base.id,
  delta(SIZE, SIZE + 1, ...copies(SIZE / 2, SIZE / 2), ...copies(0, SIZE / 2), insert("!")),
  TURNED,
);

/** A delta of that. */
const AGAIN = Buffer.concat([Buffer.from("?"), TURNED.subarray(0, -1)]);
const again = ofsDelta(turned.id, delta(SIZE + 1, SIZE + 1, insert("?"), ...copies(0, SIZE)), AGAIN);

/** Small files of that: one that is sent from memory, and one in pieces. */
const part = (length: number) =>
  ofsDelta(turned.id, delta(SIZE + 1, length, ...copies(100, length)), TURNED.subarray(100, 100 + length));
const [small, medium] = [part(2 * MIB), part(5 * MIB)];

/** Copies in no order: for most of them, a part of the base is inflated again. */
const wild = ofsDelta(
  base.id,
  delta(SIZE, 40_000, ...Array.from({ length: 4000 }, (_, i) => copy((i * 2_654_435_761) % (SIZE - 10), 10))),
  Buffer.alloc(40_000),
);

const files: Record<string, MadeEntry> = {
  "again.txt": again,
  leaf: whole("blob", "leaf\n"),
  "medium.txt": medium,
  "small.txt": small,
  "turned.txt": turned,
  "wild.txt": wild,
};
// Bases come first; `turned` is one.
const image = makeImage({ "turned.txt": turned, ...files }, [base]);

for (const [name, content] of [
  ["turned.txt", TURNED],
  ["again.txt", AGAIN],
  ["medium.txt", TURNED.subarray(100, 100 + 5 * MIB)],
] as const) {
  test(`a delta of a base that is too large for memory is sent: ${name}`, async (t) => {
    const { get, errors } = await served(t, image);
    const head = await get(`/${name}`, {}, "HEAD");
    t.deepEqual([head.status, head.headers["content-length"]], [200, String(content.length)]);
    const { status, headers, body } = await get(`/${name}`, { "accept-encoding": "gzip, deflate" });
    t.is(status, 200);
    t.is(headers["content-encoding"], undefined);
    t.is(headers["content-length"], String(content.length));
    t.is(headers.etag, `"${files[name]!.id}"`);
    t.true(body.equals(content));
    for (const [start, end] of [
      [0, 0],
      [65_530, 65_540],
      [4 * MIB + 3, 4 * MIB + 200_000],
      [content.length - 5, content.length - 1],
    ] as const) {
      const answer = await get(`/${name}`, { range: `bytes=${start}-${end}` });
      t.is(answer.status, 206);
      t.is(answer.headers["content-range"], `bytes ${start}-${end}/${content.length}`);
      t.true(answer.body.equals(content.subarray(start, end + 1)), `${start}-${end}`);
    }
    const beyond = await get(`/${name}`, { range: `bytes=${content.length}-` });
    t.deepEqual([beyond.status, beyond.headers["content-range"]], [416, `bytes */${content.length}`]);
    t.is((await get(`/${name}`, { "if-none-match": headers.etag! })).status, 304);
    t.deepEqual(errors, []);
  });
}

test("a small file of such a base is compressed and kept as any other delta", async (t) => {
  const { get } = await served(t, image);
  for (const time of [1, 2]) {
    const { status, headers, body } = await get("/small.txt", { "accept-encoding": "gzip" });
    t.deepEqual([status, headers["content-encoding"]], [200, "gzip"], `time ${time}`);
    t.true(gunzipSync(body).equals(TURNED.subarray(100, 100 + 2 * MIB)));
    t.true((await get("/small.txt")).body.equals(TURNED.subarray(100, 100 + 2 * MIB)));
  }
});

test("others are served while such a file is verified and sent, and clients may leave", async (t) => {
  const { get, socket, errors } = await served(t, image);
  const answered: string[] = [];
  const ask = async (target: string, times = 1) => {
    for (let time = 0; time < times; time++) {
      t.is((await get(target)).status, 200);
      answered.push(target);
    }
  };
  const raw = await socket();
  raw.write("GET /turned.txt HTTP/1.1\r\nHost: a\r\n\r\n");
  await Promise.all([ask("/turned.txt"), ask("/again.txt"), ask("/leaf", 5)]);
  t.true(answered.lastIndexOf("/leaf") < answered.indexOf("/turned.txt"), answered.join());
  raw.reset();
  await ask("/turned.txt");
  t.deepEqual(errors, []);
});

test("a file whose delta leads to and fro in a large base gets 500, with one line; the rest is served", async (t) => {
  const { get, errors } = await served(t, image);
  for (const method of ["GET", "HEAD"]) t.is((await get("/wild.txt", {}, method)).status, 500);
  t.is(errors.length, 2);
  t.regex(errors[0]!, /^serve: \/wild\.txt: the deltas of the object at byte \d+ make too much work$/);
  t.is((await get("/leaf")).status, 200);
});

test("of a damaged one, not a byte is sent", async (t) => {
  const wrong = { ...turned, id: "ab".repeat(20) };
  const { get, errors } = await served(t, makeImage({ f: wrong, leaf: files.leaf! }, [base]));
  for (const headers of [{}, { range: "bytes=0-3" }] as Record<string, string>[]) {
    const { status, body } = await get("/f", headers);
    t.is(status, 500);
    t.regex(body.toString(), /The image is damaged here/);
  }
  t.is(errors.length, 2);
  t.is((await get("/leaf")).status, 200);
});
