import { type Description, type ExportedMachine, isServer } from "../machine.ts";
import { RUN_FILE, runScript } from "./run-script.ts";

/** A script that runs the machine as a process. */
export function describeScript(machine: ExportedMachine): Description {
  const ports = machine.ports.map(
    ({ address, guestPort }) => `${address.host}:${address.port} (${guestPort})`,
  );
  return {
    files: [{ name: RUN_FILE, text: runScript(machine, machine.ports) }],
    commands: [
      `./${RUN_FILE}              runs it; its output, errors and exit status are the program's`,
      ...(isServer(machine)
        ? [`                   it answers at ${ports.join(", ")} until SIGTERM or Ctrl-C ends it`]
        : []),
      "DOCTEUR_ACCEL=tcg ./run   emulates the processor; kvm uses that of the host",
    ],
  };
}
