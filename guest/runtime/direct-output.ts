import * as fs from "node:fs";
import type { Console } from "../unikernel.ts";
import { bytesOf } from "./bytes-of.ts";

/**
 * Output that a process of the host writes to descriptors of its own. What a descriptor does not take goes
 * to the host, from then on: it meets the same error, and ends the run as it does for a machine.
 *
 * @param host output by way of the host.
 * @param stdout, stderr the descriptors, in blocking mode. Undefined: that output goes to the host.
 */
export function directOutput(host: Console, stdout: number | undefined, stderr: number | undefined): Console {
  let hasFailed = false;
  /** @returns what is left for the host. */
  const write = (fd: number | undefined, bytes: Uint8Array): Uint8Array => {
    let done = 0;
    while (fd !== undefined && !hasFailed && done < bytes.length) {
      try {
        done += fs.writeSync(fd, bytes, done);
      } catch {
        // Both, so that they keep their order.
        hasFailed = true;
      }
    }
    return bytes.subarray(done);
  };
  return {
    write(data) {
      const left = write(stdout, bytesOf(data));
      if (left.length > 0) host.write(left);
    },
    error(data) {
      const left = write(stderr, bytesOf(data));
      if (left.length > 0) host.error(left);
    },
  };
}
