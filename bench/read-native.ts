// Reading blobs on the host, whole commands with their output to /dev/null: the store, which proves every blob by its id,
// beside `git cat-file --batch --buffer`, which does not.
import { execa } from "execa";
import { compare } from "./lib/compare.ts";
import { blobs, type Corpus, choose, corpus, listFile } from "./lib/corpus.ts";

const files = await corpus();
const all = await blobs(files);
await measure("all", `every blob of ${files.name} in tree order`, all, files);
await measure("random", `10,000 random blobs of ${files.name}`, choose(all, 10_000), files);

async function measure(
  name: string,
  title: string,
  chosen: typeof all,
  { name: corpusName, gitDir, image }: Corpus,
) {
  const paths = listFile(
    `${corpusName}-${name}.paths`,
    chosen.map(({ path }) => path),
  );
  const ids = listFile(
    `${corpusName}-${name}.ids`,
    chosen.map(({ id }) => id),
  );
  const program = new URL("./programs/read-paths.mjs", import.meta.url).pathname;
  await compare({
    name: `read-native-${corpusName}-${name}`,
    title: `read-native: ${title} (${chosen.length})`,
    target: 1 / 1.5,
    ours: {
      name: "docteur",
      async run() {
        const { stderr } = await execa(process.execPath, ["--max-semi-space-size=4", program, image, paths], {
          stdout: "ignore",
        });
        return { "peak MB": Number(stderr) };
      },
    },
    peer: {
      name: "git cat-file --batch --buffer",
      async run() {
        await execa("git", ["--git-dir", gitDir, "cat-file", "--batch", "--buffer"], {
          inputFile: ids,
          stdout: "ignore",
        });
        return {};
      },
    },
  });
}
