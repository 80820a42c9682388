import * as fs from "node:fs";

/**
 * Switches the machine off (Linux, Documentation/admin-guide/sysrq.rst). No file system needs to be written
 * first.
 */
export function powerOff(): never {
  fs.writeFileSync("/proc/sysrq-trigger", "o");
  // The kernel switches off in a worker, a moment later.
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}
