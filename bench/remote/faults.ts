// What comes of each fault of a server, of a network and of the cache: the right bytes, or one line, within the
// deadline. Each is tried with a reader on this host, and some with a machine, too.
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../lib/free-port.ts";
import { type FaultRow, faultRows } from "./fault-rows.ts";
import { FaultServer } from "./fault-server.ts";
import { deepContent, deepPath, image } from "./images.ts";
import { docteur, dropBlocks, HOME, type Run, succeed } from "./machine.ts";
import { results } from "./results.ts";

/** Seconds: the deadline of a read is 60, and the next one may have to wait for it. */
const LIMIT = 150;

/** Runs at once. */
const AT_ONCE = 6;

interface Outcome {
  readonly fault: string;
  readonly target: string;
  readonly outcome: string;
  readonly seconds: number;
  readonly isRight: boolean;
}

export async function faults(): Promise<void> {
  const content = readFileSync(image);
  const commit = content.toString("hex", 0, 20);
  const outcomes: Outcome[] = [];
  const attempt = async (
    name: string,
    target: string,
    url: string,
    { line, lines = 1 }: Pick<FaultRow, "line" | "lines">,
  ) => {
    const args = ["run", "-t", target, "--commit", commit, url, "cat", deepPath];
    const outcome = describe(name, target, await docteur(args, { limit: LIMIT }), { line, lines });
    outcomes.push(outcome);
    process.stdout.write(
      `  ${outcome.isRight ? "ok   " : "WRONG"} ${name} (${target}): ${outcome.outcome}, ${outcome.seconds.toFixed(1)} s\n`,
    );
  };
  process.stdout.write("faults: what a reader with a pinned commit makes of them\n");
  await using served = await faultRows(content);
  const targets = (process.env.TARGETS ?? "unix,qemu").split(",");
  dropBlocks();
  const before = templates();
  const tasks = served.rows.flatMap((row) => targets.map((target) => ({ ...row, target })));
  // Each has a server, and so an address and blocks of its own. Most of them wait.
  const work = async () => {
    for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) {
      await using server = await FaultServer.start(content, task.fault);
      await attempt(task.name, task.target, server.url, task);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  await attempt("nothing listens", "qemu", `http://127.0.0.1:${await freePort()}/disk.img`, {
    line: /no connections/,
  });
  await attempt("no such name", "qemu", "http://nowhere.invalid/disk.img", { line: /nowhere\.invalid/ });
  await using server = await FaultServer.start(content, ({ answer }) => answer());
  const read = ["run", "-t", "unix", server.url, "cat", deepPath];
  await succeed(read);
  damage(join(HOME, "docteur", "blocks"));
  await attempt("blocks damaged in the cache", "unix", server.url, {});
  dropBlocks();
  writeFileSync(join(HOME, "docteur", "blocks"), "");
  await attempt("a cache that cannot be written", "unix", server.url, {});
  rmSync(join(HOME, "docteur", "blocks"));
  outcomes.push({
    fault: "templates",
    target: "qemu",
    outcome: "kept",
    seconds: 0,
    isRight: before === templates(),
  });
  const wrong = outcomes.filter(({ isRight }) => !isRight);
  process.stdout.write(
    `  ${outcomes.length} outcomes, ${wrong.length} wrong; target 0: ${wrong.length === 0 ? "met" : "missed"}\n\n`,
  );
  results("remote-faults", { outcomes });
}

function describe(
  fault: string,
  target: string,
  { stdout, stderr, status, seconds }: Run,
  row: Pick<FaultRow, "line" | "lines">,
): Outcome {
  const lines = stderr.trim().split("\n");
  const isBytes = status === 0 && stdout.equals(deepContent);
  const isLine =
    status === 1 && stdout.length === 0 && lines.length === row.lines && row.line?.test(stderr) === true;
  const outcome = isBytes ? "the right bytes" : `status ${status}: ${lines.join(" | ").slice(0, 300)}`;
  // What may fail may also come through.
  return { fault, target, outcome, seconds, isRight: (isBytes || isLine) && seconds < LIMIT };
}

/** Changes a byte in each block that the cache has. */
function damage(folder: string): void {
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (!/\/\d+$/.test(name)) continue;
    const bytes = readFileSync(join(folder, name));
    for (let at = 4096 + 50; at < bytes.length; at += 65_536) bytes[at]! ^= 1;
    writeFileSync(join(folder, name), bytes);
  }
}

function templates(): string {
  return readdirSync(join(HOME, "docteur"))
    .filter((name) => name.startsWith("template-"))
    .sort()
    .join();
}
