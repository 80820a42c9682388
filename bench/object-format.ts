// Images whose objects are named by SHA-256 beside images of the same folder by SHA-1: every blob read and
// verified by `getAllById`, and `docteur verify`, whole commands both.
import { execa } from "execa";
import type { HashAlgorithm } from "../reader/git/hash.ts";
import { connect, openFileDevice } from "../reader/index.ts";
import { compare } from "./lib/compare.ts";
import { corpusFolder, imageOfFolder, listFile } from "./lib/corpus.ts";
import { installed } from "./lib/installed.ts";
import { peak } from "./lib/peak.ts";

const READ_BLOBS = new URL("./programs/read-blobs.cjs", import.meta.url).pathname;

const files = await corpusFolder();
const docteur = installed();
const [sha1, sha256] = [await inFormat("sha1"), await inFormat("sha256")];

await compare({
  name: `object-format-read-${files.name}`,
  title: `object-format: every blob of ${files.name} in tree order`,
  target: 1.1,
  ours: read(sha256),
  peer: read(sha1),
});
await compare({
  name: `object-format-verify-${files.name}`,
  title: `object-format: verify the image of ${files.name}`,
  target: 1.1,
  ours: verify(sha256),
  peer: verify(sha1),
});

/** An image, and a file that lists the ids of its blobs. */
interface Listed {
  readonly format: HashAlgorithm;
  readonly image: string;
  readonly ids: string;
}

async function inFormat(format: HashAlgorithm): Promise<Listed> {
  const image = await imageOfFolder(files, format);
  const store = connect(openFileDevice(image));
  const ids = [...store.prefix("")].map(({ id }) => id);
  store.close();
  return { format, image, ids: listFile(`${files.name}-${format}.ids`, ids) };
}

function read({ format, image, ids }: Listed) {
  return {
    name: `getAllById, ${format}`,
    async run() {
      await execa(process.execPath, ["--max-semi-space-size=2", READ_BLOBS, image, ids], {
        stdout: "ignore",
      });
      return {};
    },
  };
}

function verify({ format, image }: Listed) {
  return { name: `docteur verify, ${format}`, run: () => peak([docteur, "verify", "-q", image]) };
}
