import type { Invocation } from "./arguments.ts";

/** MiB. */
const MEMORY = { minimum: 128, maximum: 1024 * 1024 } as const;

/** The options that describe a virtual machine, for every command that starts one. @throws {UsageError} */
export function machineOptions(invocation: Invocation) {
  return {
    accel: invocation.choice("accel", ["kvm", "tcg"]),
    memory: invocation.integer("memory", MEMORY),
    kernel: invocation.text("kernel"),
    modules: invocation.text("modules"),
  };
}
