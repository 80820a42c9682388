// Connecting on the host: the fast layout, which walks every tree and keeps every path, beside `git ls-tree
// -r`, which walks the same trees and forgets them. For information: the light layout, with many files and
// with few.
import { execa } from "execa";
import { openFileDevice } from "../reader/block/file.ts";
import { connect } from "../reader/store/connect.ts";
import { compare } from "./lib/compare.ts";
import { blobs, corpus } from "./lib/corpus.ts";

const files = await corpus();
const { length } = await blobs(files);
const few = new URL("../test/fixtures/docteur-0.0.7/small.img", import.meta.url).pathname;

await compare({
  name: `connect-${files.name}`,
  title: `connect: the ${length} files of ${files.name}`,
  // Keeping every path has its price.
  target: 3,
  ours: connecting("fast", files.image, length),
  peer: {
    name: "git ls-tree -r -t",
    async run() {
      await execa("git", ["--git-dir", files.gitDir, "ls-tree", "-r", "-t", "HEAD"], { stdout: "ignore" });
      return {};
    },
  },
  others: [connecting("light", files.image, length), connecting("light", few, 10)],
});

function connecting(layout: "fast" | "light", image: string, count: number) {
  return {
    name: `${layout}, ${count} files`,
    async run() {
      const start = process.hrtime.bigint();
      const store = connect(openFileDevice(image), { layout });
      const seconds = Number(process.hrtime.bigint() - start) / 1e9;
      store.close();
      return { seconds, "bytes a file": store.layoutSize / count };
    },
  };
}
