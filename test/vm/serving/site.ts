import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Readable } from "node:stream";
import type { ExecutionContext } from "ava";
import { CHECKOUT } from "../../scripts/docteur.ts";
import { descendants } from "../fixture.ts";

/** A command that serves, and what it has written. */
export interface Site {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  /** Of 127.0.0.1. */
  readonly port: number;
  /** Lines of standard error so far. */
  readonly lines: string[];
  /** Resolves once so many lines match, to the last of these. Rejects if the command ends before. */
  line(pattern: RegExp, count?: number): Promise<string>;
  /** Ends it by SIGTERM. @returns its exit status. */
  end(): Promise<number | null>;
  /** The processes of its machines. */
  machines(): number[];
}

/** Starts `docteur run -p 0:80 ... serve`, and waits for its address. */
export async function startSite(t: ExecutionContext, args: readonly string[]): Promise<Site> {
  const child = spawn(join(CHECKOUT, "scripts/docteur"), ["run", "-p", "0:80", ...args, "serve"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const lines: string[] = [];
  const looks = new Set<() => void>();
  let rest = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    const pieces = (rest + text).split("\n");
    rest = pieces.pop()!;
    lines.push(...pieces);
    for (const look of looks) look();
  });
  const closed = once(child, "close");
  t.teardown(() => child.kill("SIGKILL"));
  const line = (pattern: RegExp, count = 1) =>
    new Promise<string>((resolve, reject) => {
      const look = () => {
        const found = lines.filter((each) => pattern.test(each))[count - 1];
        if (found !== undefined) resolve(found);
      };
      looks.add(look);
      look();
      void closed.then(() => reject(new Error(`ended without ${pattern}:\n${lines.join("\n")}`)));
    });
  const said = once(child.stdout.setEncoding("utf8"), "data") as Promise<[string]>;
  const [address] = await Promise.race([
    said,
    closed.then(() => {
      throw new Error(`ended without an address:\n${lines.join("\n")}`);
    }),
  ]);
  return {
    child,
    port: Number(new URL(address.split("\n")[0]!).port),
    lines,
    line,
    end: async () => {
      child.kill("SIGTERM");
      const [status] = await closed;
      return status as number | null;
    },
    machines: () => descendants(child.pid!).map(({ pid }) => pid),
  };
}
