import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { inflateSync } from "node:zlib";
import test from "ava";
import type { ObjectFormat } from "../../../reader/git/object-format.ts";
import { createFs } from "../../../reader/index.ts";
import type { Store } from "../../../reader/store/store.ts";
import { changedLayout, itemsOf } from "../changed-layout.ts";
import { FORMATS } from "../formats.ts";
import { assembleImage } from "../image-fixture.ts";
import type { LaidOut } from "../layout/layout-file.ts";
import { open } from "../pack-fixture.ts";
import { Repository } from "../repository.ts";
import { withLayout } from "../with-layout.ts";

const MIB = 1024 ** 2;

/** Blobs of each kind that is read in its own way: small, large, deltas; links; one content at two paths. */
function made(format: ObjectFormat) {
  using repository = new Repository(format);
  const file = (content: string | Uint8Array) => repository.write("blob", content);
  const text = Array.from({ length: 400 }, (_, i) => `line ${i * i}`).join("\n");
  const large = (byte: number) => file(Buffer.alloc(MIB + 9, byte));
  const entries = {
    "a-large": large(1),
    "b-large": large(2),
    "c-large": large(1),
    delta: file(`${text}\nand a line`),
    "delta-too": file(`${text}\nand another line`),
    small: file("small"),
    "small-too": file("small"),
    whole: file(text),
  };
  const links = { "to-large": file("a-large"), "to-small": file("folder/../small") };
  const tree = repository.writeTree(
    [
      ...Object.entries(entries).map(([name, id]) => ({ mode: "100644", name, id })),
      { mode: "40000", name: "folder", id: repository.writeTree([]) },
      ...Object.entries(links).map(([name, id]) => ({ mode: "120000", name, id })),
    ].toSorted((a, b) =>
      Buffer.compare(Buffer.from(`${a.name}${a.mode === "40000" ? "/" : ""}`), Buffer.from(b.name)),
    ),
  );
  const commit = repository.writeCommit(tree);
  const plain = assembleImage({ commit, ...repository.pack(commit) });
  return {
    commit,
    plain,
    image: withLayout(plain).image,
    paths: [...Object.keys(entries), ...Object.keys(links)],
  };
}

/** The tests of an image of an object format. */
function testAll(format: ObjectFormat): void {
  const { commit, plain, image, paths } = made(format);

  const sha1 = (value: Uint8Array) => createHash("sha1").update(value).digest("hex");

  async function answers(store: Store): Promise<Record<string, unknown>> {
    const fs = createFs(store);
    const all: Record<string, unknown> = {};
    for (const path of paths) {
      const ask = async (name: string, work: () => unknown) => {
        try {
          all[`${name} ${path}`] = await work();
        } catch (error) {
          all[`${name} ${path}`] = String(error);
        }
      };
      await ask("get", () => sha1(store.get(path)));
      await ask("getPartial", () => sha1(store.getPartial(path, { offset: 2, length: 9 })));
      await ask("size", () => store.size(path));
      await ask("describe", () => ({ ...store.describe(path), path: 0 }));
      await ask("readLink", () => sha1(store.readLink(path)));
      await ask("stream", async () => {
        const hash = createHash("sha1");
        for await (const piece of store.stream(path)) hash.update(piece);
        return hash.digest("hex");
      });
      await ask("open", () => {
        const blob = store.open(path);
        blob.verify();
        const content = Buffer.alloc(blob.size);
        for (let at = 0; at < content.length; ) at += blob.read(at, content.subarray(at));
        blob.close();
        return sha1(content);
      });
      await ask("openCompressed", () => {
        const blob = store.openCompressed(path);
        blob?.verify();
        return blob && sha1(inflateSync(blob.read(0, blob.length!)));
      });
      await ask("readFile", () => sha1(fs.readFileSync(`/${path}`)));
      await ask("stat", () => fs.statSync(`/${path}`).size);
    }
    const values: unknown[] = [];
    for await (const { value } of store.getAll(paths))
      values.push(value instanceof Uint8Array ? sha1(value) : String(value));
    all.getAll = values;
    store.close();
    return all;
  }

  const light = answers(open(plain, { layout: "light", threads: 1 }));

  /** What lies somewhere else. */
  const offsetOf = (path: string) =>
    itemsOf(image).items.find(({ key }) => key.toString() === `\0${path}`)!.location!.offset;

  const LIES: Record<string, (offset: number) => number> = {
    "in the middle of an entry": (offset) => offset + 3,
    "before the PACK": () => 0,
    "beyond the PACK": () => image.length * 2,
    "beyond all that is": () => Number.MAX_SAFE_INTEGER - 1000,
    "at a tree or the commit": () => 12,
    "at another small blob": () => offsetOf("to-small"),
    "at another large blob": () => offsetOf("b-large"),
    "at a delta": () => offsetOf("delta"),
    "at the other delta": () => offsetOf("delta-too"),
  };

  const moved = (items: readonly LaidOut[], lie: (offset: number) => number) =>
    items.map((item) => ({
      ...item,
      location: item.location && { ...item.location, offset: lie(item.location.offset) },
    }));

  for (const [where, lie] of Object.entries(LIES)) {
    test(`${format.name}: a layout that says that all objects lie ${where} costs the layout, not a content`, async (t) => {
      const falseImage = changedLayout(image, { items: (items) => moved(items, lie) });
      const right = await light;
      for (const pin of [undefined, commit]) {
        const wrong = await answers(open(falseImage, { commit: pin, threads: 1 }));
        t.deepEqual(
          Object.keys(right).filter((ask) => !isDeepStrictEqual(right[ask], wrong[ask])),
          [],
        );
        // Each as the first that is asked for.
        for (const path of paths) {
          const ask = (store: Store) => [store.exists(path), store.digest(path), sha1(store.get(path))];
          t.deepEqual(ask(open(falseImage, { commit: pin })), ask(open(plain)));
        }
      }
    });
  }

  test(`${format.name}: the offsets of the commit and the root may be anything`, (t) => {
    for (const offset of [0, 13, 2 ** 40, Number.MAX_SAFE_INTEGER, offsetOf("b-large"), offsetOf("small")]) {
      const falseImage = changedLayout(image, {
        details: (details) => ({ ...details, commitOffset: offset, rootOffset: offset }),
      });
      for (const pin of [undefined, commit]) {
        const store = open(falseImage, { commit: pin, maxObjectSize: MIB });
        t.is(Buffer.from(store.get("small")).toString(), "small");
      }
    }
  });

  test(`${format.name}: a blob that was verified at one path is not read unverified at another`, (t) => {
    const elsewhere = offsetOf("b-large");
    const falseImage = changedLayout(image, {
      items: (items) =>
        items.map((item) =>
          item.key.toString() === "\0c-large"
            ? { ...item, location: { ...item.location!, offset: elsewhere } }
            : item,
        ),
    });
    for (const pin of [undefined, commit]) {
      const store = open(falseImage, { commit: pin });
      const first = store.openCompressed("a-large")!;
      first.verify();
      const again = store.openCompressed("c-large", first.length)!;
      t.is(Buffer.compare(inflateSync(again.read(0, first.length!)), Buffer.alloc(MIB + 9, 1)), 0);
      const blob = open(falseImage, { commit: pin }).open("c-large");
      const byte = Buffer.alloc(1);
      blob.read(0, byte);
      t.is(byte[0], 1);
      blob.close();
    }
  });
}

for (const format of FORMATS) testAll(format);
