import { burst } from "../lib/burst.ts";
import { type Contender, compare } from "../lib/compare.ts";
import { wrk } from "../lib/web-tools.ts";
import { behindSlirp, docteur, processOfHost, type Server } from "./servers.ts";
import { SMALL, site } from "./site.ts";

const COUNTS = [6, 50, 100, 500];
/** With more at once, SLIRP takes minutes. */
const MOST_BEHIND_SLIRP = 6;
const KEPT_ALIVE = 256;
const SECONDS = Number(process.env.DURATION ?? 10);

/** Connections that come at once. */
export async function bursts(): Promise<void> {
  await using ours = await docteur(site.image);
  await using peer = await processOfHost(site.image);
  await using slirp = await behindSlirp(site.image);
  for (const count of COUNTS) {
    await compare({
      name: `serve-burst-${count}`,
      title: `serve: ${count} connections at once, until the last has its answer`,
      ours: bursting(ours, count),
      peer: bursting(peer, count),
      others: count > MOST_BEHIND_SLIRP ? [] : [bursting(slirp, count)],
      limits: [
        { measure: "unanswered", most: 0, of: "worst" },
        { measure: "slowest/median", most: 3 },
      ],
    });
  }
}

/** Many connections that stay. */
export async function keptAlive(): Promise<void> {
  await using ours = await docteur(site.image);
  await using peer = await processOfHost(site.image);
  await compare({
    name: "serve-kept-alive",
    title: `serve: ${KEPT_ALIVE} kept-alive connections for ${SECONDS} s; the time is that of 1,000 requests`,
    ours: keepingAlive(ours),
    peer: keepingAlive(peer),
    limits: [{ measure: "errors", most: 0, of: "worst" }],
  });
}

function bursting({ name, base }: Server, count: number): Contender {
  return {
    name,
    async run() {
      const { times, unanswered } = await burst(base + SMALL, count);
      const [median, slowest] = [times[times.length >> 1] ?? Number.NaN, times.at(-1) ?? Number.NaN];
      return {
        seconds: slowest / 1000,
        "median ms": median,
        "slowest/median": slowest / median,
        unanswered,
      };
    },
  };
}

function keepingAlive({ name, base }: Server): Contender {
  return {
    name,
    async run() {
      const load = await wrk(base + SMALL, [], { connections: KEPT_ALIVE, seconds: SECONDS });
      const { rate, p50, p99, errors } = load;
      return { seconds: 1000 / rate, "requests/s": rate, "p50 ms": p50, "p99 ms": p99, errors };
    },
  };
}
