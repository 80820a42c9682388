// Many readers at once on one host that has nothing of the image yet: what the origin sees, beside one reader.
import { compare } from "../lib/compare.ts";
import { DelayProxy, showRequests, type Traffic } from "./delay-proxy.ts";
import { deepContent, deepPath, files, image, webRoot } from "./images.ts";
import { docteur, dropBlocks, folder, succeed } from "./machine.ts";
import { nginxOrigin, registry } from "./origins.ts";

const READERS = Number(process.env.READERS ?? 64);

/** Milliseconds. */
const ROUND_TRIP = 20;

/** Of one reader's requests. */
const TARGET = 1.1;

export async function manyReaders(): Promise<void> {
  await using nginx = await nginxOrigin(folder("nginx"), webRoot);
  await using fresh = await nginxOrigin(folder("nginx"), webRoot, { maxAge: 3600 });
  await using store = await registry(folder("registry"));
  const pushed = await succeed(["push", "-q", image, `oci://127.0.0.1:${store.port}/bench/image:v1`]);
  const digest = /sha256:[0-9a-f]{64}/.exec(pushed.toString())![0];
  const kinds = [
    {
      name: "oci, by digest",
      port: store.port,
      address: (at: string) => `oci://${at}/bench/image@${digest}`,
    },
    { name: "https, immutable", port: fresh.port, address: (at: string) => `http://${at}/disk.img` },
    { name: "https", port: nginx.port, address: (at: string) => `http://${at}/disk.img` },
  ];
  for (const { name, port, address } of kinds) {
    await using proxy = await DelayProxy.start(port, ROUND_TRIP);
    const image = address(`127.0.0.1:${proxy.port}`);
    const one = await readers(1, image, proxy);
    await compare({
      name: `remote-many-${name.replaceAll(/\W+/g, "-")}`,
      title: `${READERS} readers at once (-t unix) of ${files.name}, ${ROUND_TRIP} ms away, nothing cached: ${name}`,
      ours: { name: `${READERS} readers`, run: async () => measures(await readers(READERS, image, proxy)) },
      peer: { name: "one reader", run: async () => measures(await readers(1, image, proxy)) },
      limits: [{ measure: "requests", most: TARGET * one.requests.length, of: "worst" }],
    });
  }
}

async function readers(count: number, address: string, proxy: DelayProxy): Promise<Traffic> {
  dropBlocks();
  proxy.take();
  const runs = Array.from({ length: count }, () => docteur(["run", "-t", "unix", address, "cat", deepPath]));
  for (const { stdout, stderr, status } of await Promise.all(runs)) {
    if (status !== 0 || !stdout.equals(deepContent))
      throw new Error(`a reader ends with ${status}: ${stderr}`);
  }
  const traffic = proxy.take();
  if (process.env.REQUESTS) showRequests(traffic);
  return traffic;
}

function measures({ requests, bytes, connections }: Traffic): Record<string, number> {
  const versions = requests.filter(({ range }) => range?.startsWith("bytes=0-")).length;
  return { requests: requests.length, "of the start": versions, KiB: bytes / 1024, connections };
}
