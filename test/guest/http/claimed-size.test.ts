import test from "ava";
import { copy, delta, insert, makeImage, refDelta, whole } from "../../reader/pack-fixture.ts";
import { served } from "./served.ts";

const BASE = Buffer.from("The base of a delta.\n");
const LARGE = Buffer.alloc(2 * 1024 * 1024, "What passes through a window.\n");
const CONTENT = Buffer.concat([BASE, Buffer.from("And more.\n")]);
const base = whole("blob", BASE);
const instructions = [copy(0, BASE.length), insert("And more.\n")];
const sound = refDelta(base.id, delta(BASE.length, CONTENT.length, ...instructions), CONTENT);

/** One file, whose entry claims another size than its content has. */
const LIES = {
  "a delta that claims more": refDelta(base.id, delta(BASE.length, 1_000_000, ...instructions), CONTENT),
  "a delta that claims less": refDelta(base.id, delta(BASE.length, 5, ...instructions), CONTENT),
  "a delta that claims nothing": refDelta(base.id, delta(BASE.length, 0), CONTENT),
  "a delta that keeps its word and makes another content": refDelta(
    base.id,
    delta(BASE.length, BASE.length, copy(0, BASE.length)),
    CONTENT,
  ),
  "an undeltified file that claims more": { ...base, size: BASE.length + 5 },
  "an undeltified file that claims less": { ...base, size: 5 },
  "a large undeltified file that claims more": { ...whole("blob", LARGE), size: LARGE.length + 1 },
};

for (const [what, entry] of Object.entries(LIES)) {
  test(`no answer states the size of ${what}`, async (t) => {
    const { get } = await served(t, makeImage({ f: entry }, entry.base === undefined ? [] : [base]));
    for (const [method, headers] of [
      ["HEAD", {}],
      ["HEAD", { "accept-encoding": "deflate" }],
      ["HEAD", { range: "bytes=0-0" }],
      ["GET", { range: "bytes=9999999-" }],
      ["GET", { range: "bytes=-0" }],
      ["GET", { range: "bytes=2-3" }],
      ["GET", {}],
    ] as const) {
      const answer = await get("/f", headers as Record<string, string>, method);
      t.is(answer.status, 500, `${method} ${JSON.stringify(headers)}`);
      t.is(answer.headers["content-range"], undefined);
      if (method === "GET") t.regex(answer.body.toString(), /The image is damaged here/);
    }
  });
}

test("the first HEAD and the first 416 state the size that the content has", async (t) => {
  for (const [entry, size] of [
    [sound, CONTENT.length],
    [base, BASE.length],
    [whole("blob", LARGE), LARGE.length],
    [whole("blob", ""), 0],
  ] as const) {
    const file = makeImage({ f: entry }, entry === sound ? [base] : []);
    const { headers, body } = await (await served(t, file)).get("/f", {}, "HEAD");
    t.deepEqual([headers["content-length"], body.length], [String(size), 0]);
    const beyond = await (await served(t, file)).get("/f", { range: `bytes=${size}-` });
    t.deepEqual([beyond.status, beyond.headers["content-range"]], [416, `bytes */${size}`]);
  }
});

test("the first HEAD states the length of the stream that a GET gets", async (t) => {
  for (const content of [BASE, LARGE]) {
    const { get } = await served(t, makeImage({ f: whole("blob", content) }));
    const { headers } = await get("/f", { "accept-encoding": "deflate" }, "HEAD");
    const { body } = await get("/f", { "accept-encoding": "deflate" });
    t.is(headers["content-encoding"], "deflate");
    t.is(headers["content-length"], String(body.length));
  }
});
