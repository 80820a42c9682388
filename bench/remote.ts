// Images that lie elsewhere: nginx and docker-registry behind a proxy of ours that delays. PARTS=file,all,many,mirror,faults
// measures some of it, RTT=0,20,50 says how many milliseconds a round trip takes, CORPUS=linux-source-6.1 is a large
// image, and REQUESTS=1 prints each request.
import "./lib/one-line.ts";
import { faults } from "./remote/faults.ts";
import { manyReaders } from "./remote/many-readers.ts";
import { mirror } from "./remote/mirror.ts";
import { oneFile } from "./remote/one-file.ts";
import { wholeImage } from "./remote/whole-image.ts";

const PARTS: Readonly<Record<string, () => Promise<void>>> = {
  file: oneFile,
  all: wholeImage,
  many: manyReaders,
  mirror,
  faults,
};

const chosen = process.env.PARTS?.split(",") ?? Object.keys(PARTS);
const unknown = chosen.find((name) => !Object.hasOwn(PARTS, name));
if (unknown !== undefined) {
  throw new Error(`PARTS=${unknown}: there are ${Object.keys(PARTS).join(", ")}`);
}
for (const name of chosen) await PARTS[name]!();
process.exit();
