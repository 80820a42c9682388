// Verifying an image: `docteur verify`, as npm installs it, which also compares the IDX and checks that all
// the commit reaches is there, beside `git index-pack` of the same PACK, and beside reading and hashing every
// blob by `getAll`; and of a small repository, where most of the time is the start. CORPUS=linux-source-6.1
// is the large one.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { verifyImage } from "../image-builder/index.ts";
import { compare } from "./lib/compare.ts";
import { blobs, corpus, listFile } from "./lib/corpus.ts";
import { installed } from "./lib/installed.ts";
import { peak } from "./lib/peak.ts";
import { SMALL_COUNT, smallRepository } from "./lib/small-repository.ts";

/** Bytes of memory that verifying takes at most: for each entry of the PACK, and beside that. */
const BYTES_PER_ENTRY = 64;
const CONSTANT = 128e6;

const READ_BLOBS = new URL("./programs/read-blobs.cjs", import.meta.url).pathname;

const files = await corpus();
const docteur = installed();
const small = await smallRepository(files);
const { objects } = await verifyImage(files.image);
const entries = Object.values(objects).reduce((sum, count) => sum + count, 0);
const ids = listFile(
  `${files.name}-all.ids`,
  (await blobs(files)).map(({ id }) => id),
);

await compare({
  name: `verify-${files.name}`,
  title: `verify: the image of ${files.name}`,
  target: 0.5,
  ours: verify(files.image),
  peer: indexPack(files),
  others: [
    {
      name: "every blob by getAll",
      target: 1.3,
      async run() {
        await execa(process.execPath, ["--max-semi-space-size=2", READ_BLOBS, files.image, ids], {
          stdout: "ignore",
        });
        return {};
      },
    },
  ],
  limits: [{ measure: "peak MB", most: (CONSTANT + BYTES_PER_ENTRY * entries) / 2 ** 20, of: "worst" }],
});
await compare({
  name: `verify-${files.name}-${SMALL_COUNT}`,
  title: `verify: the image of ${SMALL_COUNT} files of ${files.name}, start included`,
  target: 0.8,
  ours: verify(small.image),
  peer: indexPack(small),
});

function verify(image: string) {
  return { name: "docteur verify", run: () => peak([docteur, "verify", "-q", image]) };
}

function indexPack({ gitDir, image }: { readonly gitDir: string; readonly image: string }) {
  const packs = join(gitDir, "objects", "pack");
  const pack = join(packs, readdirSync(packs).find((file) => file.endsWith(".pack")) as string);
  return {
    name: "git index-pack",
    async run() {
      // Where a PACK has its IDX already, git would only compare.
      const idx = `${image}.bench.idx`;
      try {
        return await peak(["git", "index-pack", "-o", idx, pack]);
      } finally {
        await execa("rm", ["-f", idx]);
      }
    },
  };
}
