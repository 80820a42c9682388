import { spawn } from "node:child_process";
import { once } from "node:events";
import { type Contender, compare } from "../lib/compare.ts";
import { freePort } from "../lib/free-port.ts";
import { DOCTEUR, SMALL, site } from "./site.ts";

/** The time from the command to the first answer, warm beside cold. */
export async function firstAnswer(): Promise<void> {
  await compare({
    name: "serve-start",
    title: "serve: from the command to the first 200",
    target: 0.1,
    ours: starting("docteur, warm", []),
    peer: starting("docteur, cold", ["--cold"]),
    limits: [{ measure: "seconds", most: 0.45 }],
  });
}

function starting(name: string, options: readonly string[]): Contender {
  return {
    name,
    async run() {
      const port = await freePort();
      const args = ["run", "--accel", "tcg", ...options, "-p", `${port}:80`, site.image, "serve"];
      const start = process.hrtime.bigint();
      const child = spawn(DOCTEUR, args, { stdio: ["ignore", "pipe", "inherit"] });
      const ended = once(child, "exit");
      // Asked for as soon as the command prints the address.
      await Promise.race([once(child.stdout, "data"), ended]);
      const { status } = await fetch(`http://127.0.0.1:${port}${SMALL}`);
      const seconds = Number(process.hrtime.bigint() - start) / 1e9;
      child.kill();
      await ended;
      if (status !== 200) throw new Error(`${name}: ${status}`);
      return { seconds };
    },
  };
}
