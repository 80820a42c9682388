import * as fs from "node:fs";
import { openFileDevice } from "../../../reader/block/file.ts";
import { Channel } from "../../protocol/channel.ts";
import { ENTROPY_LENGTH } from "../../protocol/entropy.ts";
import { type Frame, FrameType } from "../../protocol/frame.ts";
import { encodeRequest, type RunRequest } from "../../protocol/request.ts";
import { signalStatus } from "../../protocol/signal-status.ts";
import { ProgramParts } from "../../protocol/user-program.ts";
import { hasNetwork } from "../network.ts";
import { serveHost } from "../serve-host.ts";
import { Stdin } from "../stdin.ts";
import type { System } from "../system.ts";
import { runUserProgram } from "../user/run-user-program.ts";
import { visit } from "./rehearse-visit.ts";
import { SAMPLE_PATH, sampleImage } from "./sample-image.ts";

/** The machine's only folder that can be written: it is in memory. */
const FILE = "/guest/sample.img";

/** What is read is a file in the rehearsal and a disk later, which is opened a little differently. */
const DISK = "/dev/vda";

/** After so many times, V8 has compiled what a run needs and knows the shapes of its objects, and no more is gained. */
const TIMES = 4;

/** Modules of Node's that machines start without, and programs of users' own are likely to load. */
const LIKELY = ["node:net", "node:os", "node:readline", "node:worker_threads"];

/** So long the kernel is left to tidy up, in milliseconds: whatever it puts off, every machine would do when it wakes. */
const REST_MS = 500;

/** Not zeros, of which some generators make nothing but zeros. */
const ENTROPY = Buffer.alloc(ENTROPY_LENGTH, 1);

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

/** What such a program is told to end by. */
const ENDED_BY = "SIGTERM";

/** A program of the user's own that is only there to be loaded: whatever it did would be memory of every machine. */
const USER_PROGRAM = 'export default ({ console }) => console.write("");';

/** What a machine does when it is woken, with the entropy that its host sends, and with its host. */
export type Wake = (entropy: Uint8Array, host: Channel) => void;

/**
 * Does what a template's machines will do from when they wake, on a sample of an image and with a host that is played, so that
 * the code for it is in memory and compiled: emulated, each of them would take longer for that than for its work.
 */
export async function rehearse(system: System, wake: Wake): Promise<void> {
  const { setFlagsFromString } = process.getBuiltinModule("node:v8");
  for (const name of LIKELY) process.getBuiltinModule(name);
  // What is learned of the shapes of objects is kept from the first call on, not only from the eighth.
  setFlagsFromString("--no-lazy-feedback-allocation");
  fs.writeFileSync(FILE, sampleImage());
  try {
    await startThreads();
    for (let time = 0; time < TIMES; time++) {
      openFileDevice(DISK).close();
      for (const request of [...RUNS, ...(hasNetwork() ? NETWORK_RUNS : [])]) {
        await new RehearsedHost(system, request).serve(wake);
      }
      await rehearseUserProgram(time);
    }
  } finally {
    fs.unlinkSync(FILE);
    setFlagsFromString("--lazy-feedback-allocation");
  }
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, REST_MS);
}

/** Node starts its threads for files at the first read that is not waited for. */
async function startThreads(): Promise<void> {
  await fs.promises.readFile(FILE);
}

/** A program of the user's own. Its name is one that no program has: a module is evaluated once. */
async function rehearseUserProgram(time: number): Promise<void> {
  const parts = new ProgramParts();
  parts.take({ type: FrameType.PROGRAM, payload: Buffer.from(USER_PROGRAM) });
  const url = `file:///docteur/rehearsal-${time}.mjs`;
  let errors = "";
  const console = {
    write: () => {},
    error: (data: Uint8Array | string) => {
      errors += data;
    },
  };
  const surroundings = {
    image: FILE,
    console,
    stdin: new Stdin(() => {}),
    takeSignal: () => new AbortController().signal,
  };
  const request = { program: "./rehearsal.ts", args: [], env: {} };
  check(request, await runUserProgram(parts.program!, url, request, surroundings), errors);
}

/** Stands in for the host, at the other end of a channel of its own: asks for one run, and answers what the guest sends. */
class RehearsedHost {
  readonly #request: RunRequest;
  readonly #ends: [host: number, guest: number];
  readonly #channel: Channel;
  #status: number | undefined;
  #errors = "";

  constructor(system: System, request: RunRequest) {
    this.#request = request;
    this.#ends = system.connectedSockets();
    this.#channel = new Channel(this.#ends[0]);
  }

  /** Has a guest do what it does for a host, to the end. */
  async serve(wake: Wake): Promise<void> {
    const guest = new Channel(this.#ends[1], () => this.#answer(this.#channel.receiveSync()!));
    await serveHost(guest, FILE, wake);
    fs.closeSync(this.#ends[1]);
    check(this.#request, this.#status, this.#errors);
  }

  #answer({ type, payload }: Frame): void {
    if (type === FrameType.READY) this.#channel.send(FrameType.WAKE, ENTROPY);
    else if (type === FrameType.ASK_CLOCK) this.#channel.send(FrameType.CLOCK, this.#time());
    else if (type === FrameType.AWAKE) this.#channel.send(FrameType.RUN, encodeRequest(this.#request));
    else if (type === FrameType.STDERR) this.#errors += Buffer.from(payload);
    else if (type === FrameType.STDOUT) this.#visit();
    else if (type === FrameType.EXIT) {
      this.#status = payload[0];
      fs.closeSync(this.#ends[0]);
    }
  }

  /** Differs from the guest's, as it does when a template is of another day. */
  #time(): Buffer {
    const time = Buffer.alloc(8);
    time.writeDoubleLE(Date.now() + 100);
    return time;
  }

  /** A program that has ports goes on until it is told to end. */
  #visit(): void {
    for (const port of this.#request.ports ?? []) {
      void visit(port).finally(() => this.#channel.send(FrameType.SIGNAL, Buffer.from(ENDED_BY)));
    }
  }
}

function check({ program, ports }: RunRequest, status: number | undefined, errors: string): void {
  if (status !== (ports === undefined ? 0 : signalStatus(ENDED_BY)))
    throw new Error(`the rehearsal of ${program} failed: ${errors}`);
}
