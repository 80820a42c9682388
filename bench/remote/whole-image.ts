// All of an image: the blocks alone, every blob by the library, every file by `cat`, and `verify`, beside curl,
// which fetches the file.
import { execa } from "execa";
import { requireTool } from "../../vm/tools.ts";
import { type Contender, compare } from "../lib/compare.ts";
import { blobs, listFile } from "../lib/corpus.ts";
import { DelayProxy } from "./delay-proxy.ts";
import { files, image, paths, webRoot } from "./images.ts";
import { dropBlocks, ENV, folder, succeed } from "./machine.ts";
import { nginxOrigin } from "./origins.ts";

/** Milliseconds. */
const ROUND_TRIP = 20;

/** Mbit/s. Inflating and hashing takes longer than a fast line. */
const BANDWIDTHS = (process.env.MBITS ?? "100,1000").split(",").map(Number);

/** Of curl's time: 0.8 of its throughput. */
const TARGET = 1 / 0.8;

const program = (name: string) => new URL(`../programs/${name}`, import.meta.url).pathname;

export async function wholeImage(): Promise<void> {
  const curl = requireTool("curl", "curl");
  const ids = listFile(
    `${files.name}-all.ids`,
    (await blobs(files)).map(({ id }) => id),
  );
  const list = Buffer.from(paths.map((path) => `${path}\0`).join(""));
  await using nginx = await nginxOrigin(folder("nginx"), webRoot);
  for (const bandwidth of BANDWIDTHS) {
    await using proxy = await DelayProxy.start(nginx.port, ROUND_TRIP, bandwidth);
    const url = `http://127.0.0.1:${proxy.port}/disk.img`;
    const node = (args: readonly string[]) => execa(process.execPath, args, { env: ENV });
    const contender = (name: string, run: () => Promise<Record<string, number>>): Contender => ({
      name,
      async run() {
        dropBlocks();
        proxy.take();
        const measures = await run();
        return { ...measures, requests: proxy.take().requests.length };
      },
    });
    // Each reads the image at an address, or the local one.
    const blocks = async (address: string) => {
      const { stdout } = await node(["--no-warnings", program("read-remote.ts"), address]);
      return { seconds: Number(stdout) };
    };
    const getAll = async (address: string) => {
      await node([program("read-remote-blobs.cjs"), address, ids]);
      return {};
    };
    const cat = async (address: string) => {
      const args = ["run", "-t", "unix", address, "cat", "-z", "--files-from", "-"];
      await succeed(args, { input: list, discards: true });
      return {};
    };
    const verify = async (address: string) => {
      await succeed(["verify", "-q", address]);
      return {};
    };
    const readers = [
      { name: "blocks", title: "the blocks alone", read: blocks, isLocal: false },
      { name: "getAll", title: "getAll", read: getAll, isLocal: false },
      { name: "cat", title: "cat --files-from", read: cat, isLocal: true },
      { name: "verify", title: "verify", read: verify, isLocal: true },
    ];
    const peer = contender("curl", async () => {
      await execa(curl, ["-sfo", "/dev/null", url]);
      return {};
    });
    for (const { name, title, read, isLocal } of readers) {
      await compare({
        name: `remote-all-${name}-${files.name}-${bandwidth}mbit`,
        title: `all of ${files.name}, ${ROUND_TRIP} ms away at ${bandwidth} Mbit/s: ${title}`,
        ours: contender(title, () => read(url)),
        peer,
        target: TARGET,
        // What inflating and hashing takes without a network.
        others: isLocal ? [{ name: "the same of a local file", run: () => read(image) }] : [],
      });
    }
  }
}
