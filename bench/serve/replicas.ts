import { compare } from "../lib/compare.ts";
import { childrenOf } from "../lib/cpu-time.ts";
import { loading } from "./load.ts";
import { docteur } from "./servers.ts";
import { MEDIUM, SMALL, site } from "./site.ts";

const CONNECTIONS = 32;
const LIMIT_MS = 30_000;

/** Two machines behind a port beside one. */
export async function replicas(): Promise<void> {
  await using two = await docteur(site.image, "two machines", ["--replicas", "2"]);
  await using one = await docteur(site.image, "one machine");
  // The port is open as soon as the first machine serves.
  for (const start = performance.now(); childrenOf(two.pid).length < 2; ) {
    if (performance.now() - start > LIMIT_MS) throw new Error("the second machine does not start");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  for (const [name, path] of Object.entries({ small: SMALL, medium: MEDIUM })) {
    await compare({
      name: `serve-replicas-${name}`,
      title: `serve: 1,000 requests for ${path} over ${CONNECTIONS} connections, --replicas 2`,
      target: 1 / 1.7,
      ours: loading(two, { path, headers: [] }, { connections: CONNECTIONS }),
      peer: loading(one, { path, headers: [] }, { connections: CONNECTIONS }),
    });
  }
}
