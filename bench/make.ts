// Making an image: of a local repository beside `git clone --bare --depth 1`, of a folder beside `mksquashfs
// -comp zstd`.
import { rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { compare } from "./lib/compare.ts";
import { corpus } from "./lib/corpus.ts";
import { peak } from "./lib/peak.ts";
import { mksquashfs } from "./lib/squashfs.ts";

const { name, folder, gitDir, image: known } = await corpus();
const docteur = new URL("../scripts/docteur", import.meta.url).pathname;
const [image, clone, squashfs] = ["made.img", "clone.git", "made.squashfs"].map((file) =>
  join(dirname(known), file),
) as [string, string, string];

const zstd = await mksquashfs(folder, squashfs);

/** Runs a command that makes a file, and returns the file's size, too. */
async function making(file: string, command: readonly string[], env = process.env) {
  rmSync(file, { recursive: true, force: true });
  const peaks = await peak(command, env);
  return { ...peaks, "size MB": statSync(file).size / 1e6 };
}

try {
  await compare({
    name: `make-repository-${name}`,
    title: `make: of a repository of ${name}`,
    target: 0.5,
    ours: { name: "docteur make", run: () => making(image, [docteur, "make", "-q", gitDir, image]) },
    peer: {
      name: "git clone --bare --depth 1 file://",
      async run() {
        rmSync(clone, { recursive: true, force: true });
        return await peak(["git", "clone", "--quiet", "--bare", "--depth", "1", `file://${gitDir}`, clone]);
      },
    },
  });
  await compare({
    name: `make-folder-${name}`,
    title: `make: of the folder ${name}`,
    target: 0.8,
    ours: { name: "docteur make", run: () => making(image, [docteur, "make", "-q", folder, image]) },
    peer: {
      name: "mksquashfs -comp zstd",
      run: () => making(squashfs, zstd.command, zstd.env),
    },
  });
} finally {
  for (const file of [image, clone, squashfs]) rmSync(file, { recursive: true, force: true });
}
