import { crc32 } from "node:zlib";
import test from "ava";
import type { ObjectFormat } from "../../../reader/git/object-format.ts";
import { hex, raw } from "../../../reader/git/object-id.ts";
import { FOOTER_SIZE } from "../../../reader/image/sections.ts";
import { BLOCK_SIZE } from "../../../reader/layout/format.ts";
import { type ConnectOptions, connect } from "../../../reader/store/connect.ts";
import { FORMATS } from "../formats.ts";
import { assembleImage } from "../image-fixture.ts";
import { open } from "../pack-fixture.ts";
import { recordingDevice } from "../recording-device.ts";
import { Repository } from "../repository.ts";
import { withLayout } from "../with-layout.ts";

/** Files in the folders 0 to 9, each with its own path as its content, and 15,000 in the folder `many`. */
const NAMES = Array.from({ length: 10 }, (_, i) => `folder-${i}`);
const MANY = 15_000;

async function made(format: ObjectFormat) {
  using repository = new Repository(format);
  const file = (content: string) => repository.write("blob", content);
  const folders = NAMES.map((name) => {
    const entries = ["a.html", "b.html", "c.html"].map((each) => ({
      mode: "100644",
      name: each,
      id: file(`${name}/${each}`),
    }));
    return { mode: "40000", name, id: repository.writeTree(entries) };
  });
  const [even, odd] = [file("even"), file("odd")];
  const many = Array.from({ length: MANY }, (_, i) => ({
    mode: "100644",
    name: `page-${String(i).padStart(6, "0")}.html`,
    id: i % 2 === 0 ? even : odd,
  }));
  folders.push({ mode: "40000", name: "many", id: repository.writeTree(many) });
  const commit = repository.writeCommit(repository.writeTree(folders));
  const image = assembleImage({ commit, ...repository.pack(commit) });
  return { commit, plain: image, ...withLayout(image), even, odd };
}

/** Gives each block of the layout, and the footer, the checksum that belongs to it. */
function resealed(image: Buffer, start: number, indexOffset: number): Buffer {
  const first = Math.ceil(start / BLOCK_SIZE) * BLOCK_SIZE;
  const footer = image.subarray(indexOffset - FOOTER_SIZE, indexOffset);
  const length = Number(footer.readBigUInt64BE(12 + 16));
  for (let at = first; at < first + length; at += BLOCK_SIZE) {
    const block = image.subarray(at, Math.min(at + BLOCK_SIZE, first + length));
    block.writeUInt32BE(crc32(block.subarray(4)));
  }
  footer.writeUInt32BE(crc32(footer.subarray(0, -4)), FOOTER_SIZE - 4);
  return image;
}

/** Connects, and keeps what is noted. */
function connected(image: Uint8Array, options: ConnectOptions = {}) {
  const notes: string[] = [];
  const store = open(image, { ...options, onNote: (note) => notes.push(note) });
  return { store, notes, text: (path: string) => Buffer.from(store.get(path)).toString() };
}

for (const format of FORMATS) {
  const fixture = made(format);

  test(`${format.name}: a look-up reads few blocks, however large the folder is`, async (t) => {
    const { image } = await fixture;
    for (const path of ["many/page-012171.html", "folder-7/b.html", "many"]) {
      const device = recordingDevice(image);
      const store = connect(device, { sectorCacheSize: 0 });
      const before = device.requests.length;
      t.truthy(store.exists(path));
      const blocks = new Set(
        device.requests.slice(before).flatMap(({ first, sectors }) => {
          const [start, end] = [first * 512, (first + sectors) * 512];
          const touched: number[] = [];
          for (let at = Math.floor(start / 4096); at < end / 4096; at++) touched.push(at);
          return touched;
        }),
      );
      t.true(blocks.size <= 5, `${path}: ${blocks.size} blocks`);
    }
  });

  test(`${format.name}: a large folder is listed without its tree`, async (t) => {
    const { image, even, odd } = await fixture;
    for (const commit of [undefined, (await fixture).commit]) {
      const { store, notes } = connected(image, { commit });
      const folder = store.folder("many");
      t.is(folder.count, MANY);
      for (const index of [0, 1, 2, 14_999, 7_500, 7_499, 3]) {
        t.is(folder.entry(index).name, `page-${String(index).padStart(6, "0")}.html`);
        t.is(folder.entry(index).id, index % 2 === 0 ? even : odd);
        t.is(folder.size(index), index % 2 === 0 ? 4 : 3);
      }
      t.is([...folder].length, MANY);
      t.throws(() => folder.entry(MANY), { instanceOf: RangeError });
      t.deepEqual(notes, []);
    }
  });

  test(`${format.name}: a damaged layout is left, with a note, and what was asked for is read all the same`, async (t) => {
    const { image, start, indexOffset } = await fixture;
    for (let at = Math.ceil(start / 4096) * 4096 + 100; at < indexOffset; at += 4096 * 7) {
      const damaged = Buffer.from(image);
      for (let i = 0; i < 40; i++) damaged[at + i * 100] = ~(damaged[at + i * 100] as number);
      const { store, notes, text } = connected(damaged);
      for (const name of NAMES) t.is(text(`${name}/b.html`), `${name}/b.html`);
      t.is([...store.prefix("")].length, MANY + 30);
      t.is([...store.folder("many")].length, MANY);
      t.is(store.exists("many/nothing"), undefined);
      t.is(notes.length, 1);
      t.regex(notes[0] as string, /^the layout of this image is damaged, so it is read without: /);
    }
  });

  test(`${format.name}: a damaged footer is noted, no footer is no fault`, async (t) => {
    const { image, plain, indexOffset } = await fixture;
    const damaged = Buffer.from(image);
    damaged[indexOffset - 100] = 1;
    const { notes, text } = connected(damaged);
    t.is(text("folder-3/a.html"), "folder-3/a.html");
    t.is(notes.length, 1);
    t.deepEqual(connected(plain).notes, []);
    t.deepEqual(connected(plain, { layout: "frozen" }).notes, [
      "this image has no layout, so it is read by its trees",
    ]);
    t.deepEqual(connected(damaged, { layout: "light" }).notes, []);
  });

  test(`${format.name}: with a pinned commit a layout that lies is found, wherever it lies`, async (t) => {
    const { image, start, indexOffset, commit, even, odd } = await fixture;
    const lies = {
      "an id": [raw(even), raw(odd)],
      "another id": [raw(odd), raw(even)],
      "a name": [Buffer.from("page-"), Buffer.from("gape-")],
      "a folder's name": [Buffer.from("folder-0/"), Buffer.from("folder-5/")],
    } as const;
    for (const [what, [from, to]] of Object.entries(lies)) {
      const lying = Buffer.from(image);
      const layout = lying.subarray(Math.ceil(start / 4096) * 4096, indexOffset);
      let changed = 0;
      for (let at = layout.indexOf(from); at >= 0; at = layout.indexOf(from, at + 1)) {
        layout.set(to, at);
        changed++;
      }
      t.true(changed > 0, what);
      resealed(lying, start, indexOffset);
      const { store, notes, text } = connected(lying, { commit });
      for (const i of [0, 1, 4711, 14_998, 14_999]) {
        t.is(text(`many/page-${String(i).padStart(6, "0")}.html`), i % 2 === 0 ? "even" : "odd", what);
      }
      for (const name of NAMES) t.is(text(`${name}/c.html`), `${name}/c.html`, what);
      t.is(store.exists("many/gape-000001.html"), undefined, what);
      t.is([...store.prefix("many/")].length, MANY, what);
      t.is(notes.length, 1, what);
      t.regex(notes[0] as string, /what its tree does not|malformed/);
    }
  });

  test(`${format.name}: to verify a folder reads a folder's tree once, and keeps none`, async (t) => {
    const { image, commit } = await fixture;
    const device = recordingDevice(image);
    const store = connect(device, { commit, treeCacheSize: 0 });
    store.digest("many/page-000001.html");
    const before = device.requests.length;
    for (let i = 0; i < 200; i++) store.digest(`many/page-${String(i * 70).padStart(6, "0")}.html`);
    // The tree alone has more than 600 KB.
    const bytes = device.requests.slice(before).reduce((sum, { sectors }) => sum + sectors * 512, 0);
    t.true(bytes < 2.5 * 1024 ** 2, `${bytes}`);
  });

  test(`${format.name}: a wrong offset costs the layout, not the content`, async (t) => {
    const { image, start, indexOffset, even } = await fixture;
    const lying = Buffer.from(image);
    const layout = lying.subarray(Math.ceil(start / 4096) * 4096, indexOffset);
    // Behind the id comes the offset, from the end of the entry before: no lie is before the first.
    for (let at = layout.indexOf(raw(even)); at >= 0; at = layout.indexOf(raw(even), at + 1)) {
      layout[at + format.idLength] = (layout[at + format.idLength] as number) ^ 0x10;
    }
    resealed(lying, start, indexOffset);
    const { store, notes, text } = connected(lying);
    t.is(text("many/page-000000.html"), "even");
    t.is(Buffer.from(store.getPartial("many/page-000000.html", { offset: 1, length: 2 })).toString(), "ve");
    t.deepEqual(notes, [
      "the layout of this image is damaged, so it is read without: an object is not where it says",
    ]);
    t.is(hex(raw(even)), even);
  });
}
