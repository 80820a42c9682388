import * as fs from "node:fs";
import { type Frame, FrameType } from "./frame.ts";
import { hasNetwork } from "./network.ts";
import { renewRandomness } from "./randomness.ts";
import { visit } from "./rehearse-visit.ts";
import { decodeRequest, encodeRequest, type RunRequest } from "./request.ts";
import { run } from "./run.ts";
import { SAMPLE_PATH, sampleImage } from "./sample-image.ts";
import { Stdin } from "./stdin.ts";
import type { System } from "./system.ts";
import { ProgramParts } from "./user/program.ts";
import { runUserProgram } from "./user/run-user-program.ts";
import { setClock } from "./wall-clock.ts";

/** The machine's only folder that can be written: it is in memory. */
const FILE = "/guest/sample.img";

/** After so many times, V8 has compiled what a run needs, and no more is gained. */
const TIMES = 2;

/** A run of each kind. */
const RUNS: readonly RunRequest[] = [
  { program: "cat", args: [SAMPLE_PATH], env: {} },
  { program: "ls", args: ["-l", "-R"], env: {} },
  { program: "stat", args: [SAMPLE_PATH], env: {} },
];

/** What a machine with a network is likely to do; it does it to itself. */
const NETWORK_RUNS: readonly RunRequest[] = [
  { program: "serve", args: ["--listing"], env: {}, ports: [{ address: "127.0.0.1", port: 80 }] },
];

/** A program of the user's own that is only there to be loaded: whatever it did would be memory of every machine. */
const USER_PROGRAM = 'export default ({ console }) => console.write("");';

/**
 * Does what a template's machines will do when they wake, on a sample of an image, so that the code for it is in memory and
 * compiled: emulated, each of them would take longer for that than for its work.
 */
export async function rehearse(system: System): Promise<void> {
  fs.writeFileSync(FILE, sampleImage());
  try {
    await startThreads();
    for (let time = 0; time < TIMES; time++) {
      renewRandomness(system, new Uint8Array(64));
      setClock(new StoppedHost(), system);
      for (const request of [...RUNS, ...(hasNetwork() ? NETWORK_RUNS : [])]) await rehearseRun(request, run);
      await rehearseUserProgram(time);
    }
  } finally {
    fs.unlinkSync(FILE);
  }
}

/** Node starts its threads for files at the first read that is not waited for. */
async function startThreads(): Promise<void> {
  await fs.promises.readFile(FILE);
}

/** A program of the user's own. Its name is one that no program has: a module is evaluated once. */
function rehearseUserProgram(time: number): Promise<void> {
  const parts = new ProgramParts();
  parts.take({ type: FrameType.PROGRAM, payload: Buffer.from(USER_PROGRAM) });
  const url = `file:///docteur/rehearsal-${time}.mjs`;
  return rehearseRun({ program: "./rehearsal.ts", args: [], env: {} }, (request, surroundings) =>
    runUserProgram(parts.program!, url, request, surroundings),
  );
}

async function rehearseRun(asked: RunRequest, start: typeof run): Promise<void> {
  const request = decodeRequest(encodeRequest(asked));
  const ending = new AbortController();
  let errors = "";
  const console = {
    write: () => {
      // A program that has ports goes on until it is told to end.
      for (const port of request.ports ?? []) void visit(port).finally(() => ending.abort());
    },
    error: (data: Uint8Array | string) => {
      errors += data;
    },
  };
  const surroundings = {
    image: FILE,
    console,
    stdin: new Stdin(() => {}),
    takeSignal: () => ending.signal,
  };
  const status = await start(request, surroundings);
  if (status !== 0) throw new Error(`the rehearsal of ${asked.program} failed: ${errors}`);
}

/** Stands in for the host: its time differs at first, and then no more. */
class StoppedHost {
  #asked = 0;

  send(): void {}

  receiveSync(): Frame {
    const payload = Buffer.alloc(8);
    payload.writeDoubleLE(Date.now() + (this.#asked++ === 0 ? 100 : 0));
    return { type: FrameType.CLOCK, payload };
  }
}
