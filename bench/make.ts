// Making an image: of a local repository beside `git clone --bare --depth 1`, of a folder beside `mksquashfs
// -comp zstd`. Of CORPUS=debian-docs and CORPUS=many-files, which are large, only the folder; ROUNDS=1 will do.
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { compare, type Limit } from "./lib/compare.ts";
import { corpus, corpusFolder } from "./lib/corpus.ts";
import { endedChildrenTime } from "./lib/cpu-time.ts";
import { bytesIn, mostBytesIn } from "./lib/folder-size.ts";
import { peak } from "./lib/peak.ts";
import { mksquashfs } from "./lib/squashfs.ts";

/** Whatever the corpus. */
const LIMITS: readonly Limit[] = [
  { measure: "peak MB", most: 512 },
  { measure: "CPU s a GB", most: 45 },
  { measure: "TMPDIR / image", most: 1.2 },
  { measure: "image / squashfs", most: 0.95 },
];

const { name, folder, image: known } = await corpusFolder();
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

/** The same of an image, and what it takes beside that: CPU time and space for temporary files. */
async function makingImage(source: string) {
  const temporary = mkdtempSync(join(tmpdir(), "docteur-bench."));
  try {
    const before = endedChildrenTime();
    let made: Awaited<ReturnType<typeof making>> | undefined;
    const most = await mostBytesIn(temporary, async () => {
      const env = { ...process.env, TMPDIR: temporary };
      made = await making(image, [docteur, "make", "-q", source, image], env);
    });
    const cpu = (endedChildrenTime() - before) / (bytesIn(folder) / 1e9);
    return { ...made, "CPU s a GB": cpu, "TMPDIR / image": most / statSync(image).size };
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

try {
  if (!/^(debian-docs|many-files)/.test(name)) {
    const { gitDir } = await corpus();
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
  }
  // The same in each round.
  await making(squashfs, zstd.command, zstd.env);
  const squashfsBytes = statSync(squashfs).size;
  await compare({
    name: `make-folder-${name}`,
    title: `make: of the folder ${name}`,
    target: 0.8,
    ours: {
      name: "docteur make",
      async run() {
        const made = await makingImage(folder);
        return { ...made, "image / squashfs": statSync(image).size / squashfsBytes };
      },
    },
    peer: {
      name: "mksquashfs -comp zstd",
      run: () => making(squashfs, zstd.command, zstd.env),
    },
    limits: LIMITS,
  });
} finally {
  for (const file of [image, clone, squashfs]) rmSync(file, { recursive: true, force: true });
}
