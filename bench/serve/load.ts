import type { Contender } from "../lib/compare.ts";
import { cpuTime } from "../lib/cpu-time.ts";
import { wrk } from "../lib/web-tools.ts";
import type { Server } from "./servers.ts";

const SECONDS = Number(process.env.DURATION ?? 4);

/**
 * The first round, which does not count, is so many times as long: an emulated machine answers several times as
 * fast once V8 and then QEMU have translated what a request runs.
 */
const WARM_UP = 4;

/** What is asked for. */
export interface Request {
  readonly path: string;
  readonly headers: readonly string[];
}

/**
 * A server under a load. It measures latencies; the CPU time that a request takes, in microseconds: of the
 * process that accepts connections, of the machines, and of the client; and the CPUs that these have together.
 *
 * @param mayFail whether errors count as a measure, because a server is known to have them; otherwise any ends
 * the benchmark.
 */
export function loading(
  server: Server,
  { path, headers }: Request,
  { connections, target, mayFail = false }: { connections: number; target?: number; mayFail?: boolean },
): Contender {
  let isWarm = false;
  return {
    name: server.name,
    ...(target !== undefined && { target }),
    async run() {
      const seconds = isWarm ? SECONDS : WARM_UP * SECONDS;
      isWarm = true;
      const before = cpuTime(server.pid);
      const load = await wrk(server.base + path, headers, { connections, seconds });
      const after = cpuTime(server.pid);
      if (load.errors > 0 && !mayFail) throw new Error(`${server.name}: ${load.errors} requests failed`);
      const { rate, count, p50, p99, errors, cpu } = load;
      const host = after.host - before.host;
      const machine = sum(after.machines) - sum(before.machines);
      const micro = (cpuSeconds: number) => (cpuSeconds / count) * 1e6;
      return {
        seconds: 1000 / rate,
        "requests/s": rate,
        "p50 ms": p50,
        "p99 ms": p99,
        "p99/p50": p99 / p50,
        "host us": micro(host),
        "machine us": micro(machine),
        "client us": micro(cpu),
        // Fewer than a loaded server would take tell of other load on this host.
        "CPUs in all": (host + machine + cpu) / seconds,
        ...(mayFail && { errors }),
      };
    },
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
