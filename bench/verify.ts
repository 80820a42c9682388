// Verifying a PACK: `docteur verify`, which also compares the IDX and checks that all the commit reaches is
// there, beside `git index-pack` of the same PACK. CORPUS=linux-source-6.1 is the one the target is set for.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { compare } from "./lib/compare.ts";
import { corpus } from "./lib/corpus.ts";
import { peak } from "./lib/peak.ts";

const { name, image, gitDir } = await corpus();
const packs = join(gitDir, "objects", "pack");
const pack = join(packs, readdirSync(packs).find((file) => file.endsWith(".pack")) as string);
const docteur = new URL("../scripts/docteur", import.meta.url).pathname;

await compare({
  name: `verify-${name}`,
  title: `verify: the image of ${name}`,
  target: 0.5,
  ours: { name: "docteur verify", run: () => peak([docteur, "verify", "-q", image]) },
  peer: {
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
  },
});
