import * as fs from "node:fs";
import { openFileDevice } from "../../../reader/block/file.ts";
import { PROGRAM_ARGUMENT, REQUEST_ARGUMENT } from "../../protocol/ports.ts";
import { type DiskProgram, decodeProgramDisk } from "../../protocol/program-disk.ts";
import { decodeRequest } from "../../protocol/request.ts";
import { SNAPSHOT_PROGRAM, STATUS_FILE } from "../../protocol/standalone.ts";
import { oneLine, type Programs } from "../run.ts";
import { startProgram } from "../start-program.ts";
import { hasAddress } from "./network.ts";
import { standaloneOutput } from "./output.ts";
import { watchPowerButton } from "./power-button.ts";

/** The kernel's own argument for the addresses of a machine (Linux, Documentation/admin-guide/nfs/nfsroot.rst). */
const ADDRESS_ARGUMENT = "ip";

/** What the kernel's command line says of a machine that no host process talks to. */
export interface StandaloneArguments {
  /** The JSON of the request, in base64url, or the disk that holds the program. */
  readonly request?: string | undefined;
  readonly disk?: string | undefined;
  readonly hasNetwork: boolean;
}

/** Finds these arguments; undefined if a host process talks to this machine. */
export function findStandalone(commandLine: string): StandaloneArguments | undefined {
  const words = commandLine.trim().split(/\s+/);
  const find = (name: string) => words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
  const [request, disk] = [find(REQUEST_ARGUMENT), find(PROGRAM_ARGUMENT)];
  if (request === undefined && disk === undefined) return undefined;
  return { request, disk, hasNetwork: find(ADDRESS_ARGUMENT) !== undefined };
}

/**
 * Runs the program of a machine that no host process talks to, one that a user or an engine has started, and then ends
 * this process; the machine's first process does the rest. The program has no standard input.
 *
 * @param image the node of the image's disk.
 */
export async function runStandalone(
  args: StandaloneArguments,
  image: string,
  programs: Programs,
): Promise<void> {
  const output = standaloneOutput();
  const exit = (status: number): never => {
    output.end();
    fs.writeFileSync(STATUS_FILE, `${status}\n`);
    return killSelf();
  };
  try {
    const { request, program } = findProgram(args);
    if (args.hasNetwork && !(await hasAddress())) {
      output.error("docteur: the machine has got no address yet; its program starts without one\n");
    }
    const context = {
      openImage: () => openFileDevice(image, request.source),
      programs,
      output,
      stdin: nothing(),
    };
    const started = startProgram(request, program, context, {
      exit,
      waitForEnd: () => exit(0),
      runtime: SNAPSHOT_PROGRAM,
    });
    let isAskedToEnd = false;
    watchPowerButton(() => {
      // An engine that is not sure presses again.
      if (!isAskedToEnd) started.signal("SIGTERM");
      isAskedToEnd = true;
    });
  } catch (error) {
    output.error(`docteur: ${oneLine(error)}\n`);
    exit(1);
  }
}

function findProgram({ request, disk }: StandaloneArguments): DiskProgram {
  if (disk === undefined) {
    return { request: decodeRequest(Buffer.from(request ?? "", "base64url")), program: undefined };
  }
  const fd = fs.openSync(disk, "r");
  try {
    return decodeProgramDisk((offset, length) => {
      const bytes = Buffer.alloc(length);
      let done = 0;
      for (let count = -1; done < length && count !== 0; done += count) {
        count = fs.readSync(fd, bytes, done, length - done, offset + done);
      }
      return bytes.subarray(0, done);
    });
  } finally {
    fs.closeSync(fd);
  }
}

/** Ends at once: `process.exit` waits for V8's threads, for ever at times. */
function killSelf(): never {
  for (;;) process.kill(process.pid, "SIGKILL");
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
