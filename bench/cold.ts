// What a cold read touches: distinct blocks of 4 KiB, and reads that follow one another, each of which waits for the one
// before. Of an image with its layout, with the layout and a pinned commit, and by the trees alone (the layout `light`).
// The paths: of rust-doc one at each depth; a folder of 10 files and one of 100,000; and FILES files in folders of 100
// (100,000 by default; FILES=1000000 takes minutes).
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeImage } from "../image-builder/index.ts";
import type { BlockDevice } from "../reader/block/device.ts";
import { openFileDevice } from "../reader/block/file.ts";
import { type ConnectOptions, connect } from "../reader/store/connect.ts";
import { cacheFolder } from "../vm/cache/cache.ts";
import "./lib/one-line.ts";
import { blobs, corpus, imageOfFolder } from "./lib/corpus.ts";

const BLOCK = 4096;
const MOST_BLOCKS = 5;
const FILES = Number(process.env.FILES ?? 100_000);

interface Touched {
  readonly blocks: number;
  readonly reads: number;
}

interface Row {
  readonly path: string;
  readonly way: string;
  readonly connect: Touched;
  readonly lookUp: Touched;
  readonly get: Touched;
}

const ways = (commit: string): Readonly<Record<string, ConnectOptions>> => ({
  layout: {},
  "layout, pinned": { commit },
  trees: { layout: "light" },
});

/** A device that notes what is read of another. */
class Recorder implements BlockDevice {
  readonly #device: BlockDevice;
  readonly sectorSize = 512;
  readonly sectorCount: number;
  readonly size: number;
  #blocks = new Set<number>();
  #reads = 0;

  constructor(path: string) {
    this.#device = openFileDevice(path);
    this.sectorCount = this.#device.sectorCount;
    this.size = this.#device.size;
  }

  readSectors(first: number, into: Uint8Array): void {
    this.#reads++;
    const end = first * 512 + into.length;
    for (let at = Math.floor((first * 512) / BLOCK); at * BLOCK < end; at++) this.#blocks.add(at);
    this.#device.readSectors(first, into);
  }

  /** What was touched since the last call. */
  take(): Touched {
    const touched = { blocks: this.#blocks.size, reads: this.#reads };
    this.#blocks = new Set();
    this.#reads = 0;
    return touched;
  }

  close(): void {
    this.#device.close();
  }
}

function measure(image: string, path: string): Row[] {
  const { id } = connect(openFileDevice(image));
  return Object.entries(ways(id)).map(([way, options]) => {
    const device = new Recorder(image);
    const store = connect(device, options);
    const connected = device.take();
    store.digest(path);
    const lookUp = device.take();
    store.get(path);
    const row = { path, way, connect: connected, lookUp, get: device.take() };
    store.close();
    return row;
  });
}

async function generated(folders: number, files: number): Promise<string> {
  const home = join(cacheFolder(), "bench");
  mkdirSync(home, { recursive: true });
  const folder = mkdtempSync(join(home, "cold."));
  try {
    for (let i = 0; i < folders; i++) {
      const path = join(folder, `${Math.floor(i / 100)}`, `${i % 100}`);
      mkdirSync(path, { recursive: true });
      for (let file = 0; file < files; file++)
        writeFileSync(join(path, `f${file}.html`), `<p>${i} ${file}</p>\n`);
    }
    const image = `${folder}.img`;
    await makeImage({ repository: folder, image, compression: "fast" });
    return image;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const rows: Row[] = [];
const files = await corpus();
const image = await imageOfFolder(files);
const listed = await blobs(files);
for (const depth of [1, 3, 7]) {
  const at = listed.find(({ path }) => path.split("/").length === depth);
  if (at !== undefined) rows.push(...measure(image, at.path));
}
for (const [folders, each] of [
  [1, 10],
  [1, 100_000],
  [FILES / 100, 100],
] as const) {
  const made = await generated(folders, each);
  try {
    const last = folders - 1;
    const path = `${Math.floor(last / 100)}/${last % 100}/f${each >> 1}.html`;
    rows.push(...measure(made, path).map((row) => ({ ...row, path: `${path} of ${folders * each} files` })));
  } finally {
    rmSync(made);
  }
}

const show = ({ blocks, reads }: Touched) => `${blocks} / ${reads}`.padStart(11);
const width = Math.max(...rows.map(({ path }) => path.length));
console.log("cold: blocks of 4 KiB / reads that follow one another\n");
console.log(`  ${"".padEnd(width + 16)}    connect    look-up        get`);
for (const { path, way, ...touched } of rows) {
  const { connect, lookUp, get } = touched;
  console.log(`  ${path.padEnd(width)} ${way.padEnd(14)} ${show(connect)}${show(lookUp)}${show(get)}`);
}
const most = Math.max(...rows.filter(({ way }) => way === "layout").map(({ lookUp }) => lookUp.blocks));
console.log(
  `\n  most blocks of a look-up ${most}; target at most ${MOST_BLOCKS}: ${most <= MOST_BLOCKS ? "met" : "missed"}`,
);
const results = new URL("./results/", import.meta.url).pathname;
mkdirSync(results, { recursive: true });
writeFileSync(
  join(results, "cold.json"),
  `${JSON.stringify({ target: MOST_BLOCKS, most, rows }, null, 2)}\n`,
);
