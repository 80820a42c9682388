// One file from a machine: a host that has nothing of the image yet, and one that has.
import { type Contender, compare, type Limit } from "../lib/compare.ts";
import { DelayProxy, showRequests } from "./delay-proxy.ts";
import { deepContent, deepPath, files, image, webRoot } from "./images.ts";
import { dropBlocks, folder, succeed } from "./machine.ts";
import { nginxOrigin, registry } from "./origins.ts";

/** Milliseconds of a round trip. */
const ROUND_TRIPS = (process.env.RTT ?? "0,20,50").split(",").map(Number);

/** Of rust-doc. A larger image may take some more. */
const MOST = files.name === "rust-doc" ? { requests: 6, KiB: 512 } : { requests: 8, KiB: 640 };

/** What a cold read may take beyond a local one. */
const MOST_ROUND_TRIPS = 5;

export async function oneFile(): Promise<void> {
  await using nginx = await nginxOrigin(folder("nginx"), webRoot);
  await using store = await registry(folder("registry"));
  const pushed = await succeed(["push", "-q", image, `oci://127.0.0.1:${store.port}/bench/image:v1`]);
  const digest = /sha256:[0-9a-f]{64}/.exec(pushed.toString())![0];
  for (const roundTrip of ROUND_TRIPS) {
    await using web = await DelayProxy.start(nginx.port, roundTrip);
    await using registered = await DelayProxy.start(store.port, roundTrip);
    const url = `http://127.0.0.1:${web.port}/disk.img`;
    const pinned = `oci://127.0.0.1:${registered.port}/bench/image@${digest}`;
    const local: Contender = { name: "a local file", run: () => read(image) };
    const seconds: Limit = {
      measure: "seconds",
      most: (MOST_ROUND_TRIPS * roundTrip) / 1000,
      beyondPeer: true,
    };
    const cold = (address: string, proxy: DelayProxy) => async () => {
      dropBlocks();
      return await read(address, proxy);
    };
    const limits = [
      { measure: "requests", most: MOST.requests },
      { measure: "KiB", most: MOST.KiB },
    ];
    const title = `of ${files.name}, ${roundTrip} ms away: run cat ${deepPath}`;
    const name = (kind: string) => `remote-${kind}-${files.name}-${roundTrip}ms`;
    await compare({
      name: name("cold"),
      title: `a cold read ${title}`,
      ours: { name: "https, cold", run: cold(url, web) },
      peer: local,
      others: [{ name: "oci, by digest, cold", run: cold(pinned, registered) }],
      limits: [...limits, ...(roundTrip > 0 ? [seconds] : [])],
    });
    dropBlocks();
    await compare({
      name: name("warm"),
      title: `a warm read ${title}`,
      ours: { name: "oci, by digest, warm", run: () => read(pinned, registered) },
      peer: { ...local, target: 1.05 },
      limits: [{ measure: "requests", most: 0 }],
    });
    await compare({
      name: name("revalidated"),
      title: `a warm read ${title}`,
      ours: { name: "https, warm", run: () => read(url, web) },
      peer: local,
      limits: [
        { measure: "requests", most: 1 },
        ...(roundTrip > 0 ? [{ ...seconds, most: (2 * roundTrip) / 1000 }] : []),
      ],
    });
  }
}

/** Reads the file in a machine. @returns what came through the proxy for it. */
async function read(address: string, proxy?: DelayProxy): Promise<Record<string, number>> {
  proxy?.take();
  const content = await succeed(["run", address, "cat", deepPath]);
  if (!content.equals(deepContent)) throw new Error(`${address}: wrong bytes`);
  if (proxy === undefined) return {};
  const traffic = proxy.take();
  if (process.env.REQUESTS) showRequests(traffic);
  const { requests, bytes, connections } = traffic;
  return { requests: requests.length, KiB: bytes / 1024, connections };
}
