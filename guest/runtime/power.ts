import * as fs from "node:fs";

/** Switches the machine off at once (Linux, Documentation/admin-guide/sysrq.rst). Nothing is mounted writable. */
export function powerOff(): never {
  fs.writeFileSync("/proc/sysrq-trigger", "o");
  // The kernel switches off from a worker: this is only reached for the moment that takes.
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}
