import { memoryDevice } from "../../../reader/block/memory.ts";
import { decodeProgramDisk, encodeProgramDisk } from "../../protocol/program-disk.ts";
import { type Programs, run } from "../run.ts";
import { SAMPLE_PATH, sampleImage } from "../warm-up/sample-image.ts";

/** After this many V8 knows what a run needs. */
const ROUNDS = 3;

/** Node's modules that most runs need. `node:http` cannot be in a snapshot. */
const MODULES = ["node:crypto", "node:zlib", "node:os", "node:stream"];

const RUNS = [
  { program: "cat", args: [SAMPLE_PATH], env: {} },
  { program: "ls", args: ["-l", "-R"], env: {} },
  { program: "stat", args: [SAMPLE_PATH], env: {} },
];

/**
 * Runs what a machine will run, on a sample image, so that the startup snapshot has the compiled code of it.
 * @throws {Error} if one of these runs fails.
 */
export async function prepareCode(programs: Programs): Promise<void> {
  for (const name of MODULES) process.getBuiltinModule(name);
  // No file: what the system says of one would be in the snapshot, which would differ each time.
  const device = memoryDevice(sampleImage());
  for (let round = 0; round < ROUNDS; round++) {
    for (const each of RUNS) {
      const disk = encodeProgramDisk({ request: each, program: undefined });
      const { request } = decodeProgramDisk((offset, length) => disk.subarray(offset, offset + length));
      let errors = "";
      const status = await run(request, {
        openImage: () => device,
        programs,
        output: {
          write() {},
          error(text) {
            errors += text;
          },
        },
        stdin: (async function* () {})(),
        takeSignal: () => new AbortController().signal,
      });
      if (status !== 0) throw new Error(`the preparation of ${request.program} failed: ${errors}`);
    }
  }
}
