// Reading blobs on the host, whole commands with their output to /dev/null: the store, which verifies every
// blob by its id, beside `git cat-file --batch --buffer`, which does not. Both are given the ids, in the same
// order. docteur reads the image that it makes of the folder, git the repository that it packs of it.
import { execa } from "execa";
import { compare } from "./lib/compare.ts";
import { blobs, choose, corpus, imageOfFolder, listFile } from "./lib/corpus.ts";

const files = await corpus();
const image = await imageOfFolder(files);
const all = (await blobs(files)).map(({ id }) => id);
await measure("all", `every blob of ${files.name} in tree order`, all, 1.5);
await measure("random", `10,000 random blobs of ${files.name}`, choose(all, 10_000), 1.3);

async function measure(name: string, title: string, chosen: readonly string[], target: number) {
  const ids = listFile(`${files.name}-${name}.ids`, chosen);
  const program = new URL("./programs/read-blobs.cjs", import.meta.url).pathname;
  await compare({
    name: `read-native-${files.name}-${name}`,
    title: `read-native: ${title} (${chosen.length})`,
    target: 1 / target,
    ours: {
      name: "docteur",
      async run() {
        const { stderr } = await execa(process.execPath, ["--max-semi-space-size=2", program, image, ids], {
          stdout: "ignore",
        });
        return { "peak MB": Number(stderr) };
      },
    },
    peer: {
      name: "git cat-file --batch --buffer",
      async run() {
        await execa("git", ["--git-dir", files.gitDir, "cat-file", "--batch", "--buffer"], {
          inputFile: ids,
          stdout: "ignore",
        });
        return {};
      },
    },
  });
}
