import * as fs from "node:fs";
import { openFileDevice } from "../../../reader/block/file.ts";
import { FrameType } from "../../protocol/frame.ts";
import type { RunRequest } from "../../protocol/request.ts";
import { ProgramParts } from "../../protocol/user-program.ts";
import type { Resume } from "../resume/resume.ts";
import type { Programs, RunContext } from "../run.ts";
import { Stdin } from "../stdin.ts";
import type { System } from "../system.ts";
import { runUserProgram } from "../user/run-user-program.ts";
import { checkStatus, MockHost } from "./mock-host.ts";
import { SAMPLE_PATH, sampleImage } from "./sample-image.ts";

/** The machine's only writable folder; it is in memory. */
const FILE = "/guest/sample.img";

/** A warm-up reads a file, a run reads a disk, which takes a slightly different path when it is opened. */
const DISK = "/dev/vda";

/**
 * After this many rounds V8 has compiled what a run needs and knows the shapes of its objects. More gain
 * nothing.
 */
const ROUNDS = 4;

/** Modules of Node that programs of users' own are likely to load, and that a machine starts without. */
const LIKELY_MODULES = ["node:net", "node:os", "node:readline", "node:worker_threads"];

/** Milliseconds for the kernel to do what it has put off: otherwise every machine does it when it resumes. */
const REST_MS = 500;

/** A run of each kind. */
const RUNS: readonly RunRequest[] = [
  { program: "cat", args: [SAMPLE_PATH], env: {} },
  { program: "ls", args: ["-l", "-R"], env: {} },
  { program: "stat", args: [SAMPLE_PATH], env: {} },
  {
    program: "serve",
    args: ["--listing"],
    env: {},
    ports: [{ address: "127.0.0.1", port: 80 }],
    streams: true,
    report: true,
  },
];

/** A program of the user's own that does next to nothing: every machine has its traces in memory. */
const USER_PROGRAM = 'export default ({ console }) => console.write("");';

/**
 * Runs what the machines of a template will run after they resume, on a sample image and with a mock host, so
 * that the code for it is compiled and in memory. An emulated machine takes longer for that than for the work
 * itself.
 *
 * @throws {Error} if one of these runs fails.
 */
export async function warmUp(system: System, programs: Programs, resume: Resume): Promise<void> {
  const { setFlagsFromString } = process.getBuiltinModule("node:v8");
  for (const name of LIKELY_MODULES) process.getBuiltinModule(name);
  // V8 then learns the shapes of objects from the first call on, not only from the eighth.
  setFlagsFromString("--no-lazy-feedback-allocation");
  fs.writeFileSync(FILE, sampleImage());
  try {
    await startFileThreads();
    for (let round = 0; round < ROUNDS; round++) {
      openFileDevice(DISK).close();
      for (const request of RUNS) {
        await new MockHost(system, request).serve({
          openImage: () => openFileDevice(FILE),
          programs,
          resume,
        });
      }
      await warmUpUserProgram(round);
    }
  } finally {
    fs.unlinkSync(FILE);
    setFlagsFromString("--lazy-feedback-allocation");
  }
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, REST_MS);
}

/** Node starts its threads for files at the first asynchronous read. */
async function startFileThreads(): Promise<void> {
  await fs.promises.readFile(FILE);
}

/** Each round needs a URL of its own: Node evaluates a module once. */
async function warmUpUserProgram(round: number): Promise<void> {
  const parts = new ProgramParts();
  parts.take({ type: FrameType.PROGRAM, payload: Buffer.from(USER_PROGRAM) });
  const url = `file:///docteur/warm-up-${round}.mjs`;
  let errors = "";
  const output = {
    write: () => {},
    error: (data: Uint8Array | string) => {
      errors += data;
    },
  };
  const context: RunContext = {
    openImage: () => openFileDevice(FILE),
    programs: {},
    output,
    stdin: new Stdin(() => {}),
    takeSignal: () => new AbortController().signal,
  };
  const request = { program: "./warm-up.ts", args: [], env: {} };
  checkStatus(request, await runUserProgram(parts.program!, url, request, context), errors);
}
