import { ERROR_PORT, OUTPUT_PORT } from "../../../guest/protocol/ports.ts";
import { EXIT_LINE } from "../../../guest/protocol/standalone.ts";

import { USER_NETWORK_ADDRESS } from "../../qemu/network.ts";
import { qemuArguments } from "../../qemu/qemu.ts";
import { shellQuote } from "../../qemu/shell-quote.ts";
import { imageDisk, relativeDisk } from "../disks.ts";
import {
  type Description,
  type ExportedMachine,
  type HostPort,
  isServer,
  ownArguments,
  PROGRAM_FILE,
} from "../machine.ts";

/** The name of the script in its folder. */
export const RUN_FILE = "run";

/** Standard output and errors by FIFOs: what the script's own output is, QEMU may not be able to open. */
const DEVICES = [
  ...["-chardev", "file,id=console,path=$work/console", "-serial", "chardev:console"],
  ...["-device", "virtio-serial-device"],
  ...[
    "-chardev",
    "file,id=output,path=$work/output",
    "-device",
    `virtserialport,chardev=output,name=${OUTPUT_PORT}`,
  ],
  ...[
    "-chardev",
    "file,id=errors,path=$work/errors",
    "-device",
    `virtserialport,chardev=errors,name=${ERROR_PORT}`,
  ],
  ...["-device", "virtio-rng-device"],
  ...["-chardev", "pipe,id=control,path=$work/control", "-mon", "chardev=control,mode=control"],
];

/** A script that runs the machine as a process, with its output, its exit status and its signals. */
export function describeScript(machine: ExportedMachine): Description {
  const ports = machine.ports.map(
    ({ address, guestPort }) => `${address.host}:${address.port} (${guestPort})`,
  );
  return {
    files: [{ name: RUN_FILE, text: runScript(machine, machine.ports), mode: 0o755 }],
    commands: [
      `./${RUN_FILE}              runs it; its output, errors and exit status are the program's`,
      ...(isServer(machine)
        ? [`                   it answers at ${ports.join(", ")} until SIGTERM or Ctrl-C ends it`]
        : []),
      "DOCTEUR_ACCEL=tcg ./run   emulates the processor; kvm uses that of the host",
    ],
  };
}

/** @param ports where QEMU listens. */
export function runScript(machine: ExportedMachine, ports: readonly HostPort[]): string {
  const { parts, memory, accelerator } = machine;
  const args = qemuArguments({
    kernel: parts.kernel,
    initramfs: parts.initramfs,
    disks: [relativeDisk(parts.root), imageDisk(machine), relativeDisk(PROGRAM_FILE)],
    accelerator,
    memory,
    isPortable: true,
    ...(ports.length > 0 && { network: ports }),
    kernelArguments: ownArguments(ports.length > 0 ? USER_NETWORK_ADDRESS : undefined),
    devices: DEVICES,
  });
  return `#!/bin/sh
# Runs the machine of this folder. Needs QEMU 6.0 or later, and no docteur.
set -u
cd "$(dirname "$(readlink -f "$0")")" || exit 1
say() { echo "docteur: $*" >&2; }
qemu=$(command -v qemu-system-x86_64) || { say "qemu-system-x86_64 is not installed"; exit 1; }

work=$(mktemp -d) || exit 1
case $work in *,*) say "TMPDIR has a comma in its name"; rmdir "$work"; exit 1 ;; esac
trap 'rm -rf "$work"' EXIT
mkfifo "$work/console" "$work/output" "$work/errors" "$work/control.in" "$work/control.out" || exit 1

accel=\${DOCTEUR_ACCEL:-${accelerator}}
append=${shellQuote(args[args.indexOf("-append") + 1]!)}
if [ "$accel" = kvm ] && [ -r /dev/kvm ] && [ -w /dev/kvm ]; then
  cpu=host
else
  accel=tcg,tb-size=256 cpu=max
  # A busy host may fail to measure its clock against an emulated timer.
  khz=$(awk '/^bogomips/ { printf "%d", $3 * 500; exit }' /proc/cpuinfo)
  [ -z "$khz" ] || append="$append tsc_early_khz=$khz tsc=reliable"
fi

# In a group of its own, Ctrl-C does not reach it; it ends when this script is killed.
guard=
! command -v setsid >/dev/null || guard=setsid
! setpriv --pdeathsig KILL true 2>/dev/null || guard="$guard setpriv --pdeathsig KILL"
$guard "$qemu" ${qemuLines(args)} </dev/null &
qemu=$!

stopping=
stop() {
  now=$(date +%s)
  # A second signal kills; not one that was sent to the process and to its group at once.
  if [ -n "$stopping" ]; then
    [ $((now - stopping)) -lt 2 ] || kill -KILL "$qemu"
    return
  fi
  stopping=$now
  # The machine's power button; the program ends by itself.
  printf '%s\\n' '{"execute":"qmp_capabilities"}' '{"execute":"system_powerdown"}' 1<>"$work/control.in"
}
trap stop TERM INT HUP
trap '' PIPE

tail -n 40 <"$work/console" >"$work/tail" &
console=$!
cat "$work/control.out" >/dev/null &
control=$!
{ cat "$work/output" 2>/dev/null || { echo 141 >"$work/status"; kill "$qemu"; }; } &
output=$!
{ cat "$work/errors" >&2 || :; } &
errors=$!

while kill -0 "$qemu" 2>/dev/null; do wait "$qemu"; done
# Lets go readers of a QEMU that has never opened these.
: 3<>"$work/console" 4<>"$work/output" 5<>"$work/errors" 6<>"$work/control.out"
for each in "$output" "$errors" "$console"; do
  while kill -0 "$each" 2>/dev/null; do wait "$each"; done
done
kill "$control" 2>/dev/null

[ ! -e "$work/status" ] || exit 141
status=$(tr -d '\\r' <"$work/tail" | sed -n 's/^${EXIT_LINE}\\([0-9]*\\)$/\\1/p' | tail -n 1)
[ -z "$status" ] || exit "$status"
[ -z "$stopping" ] || exit 143
tr -d '\\r' <"$work/tail" | sed 's/^/| /' >&2
say "the machine ended before its program had"
[ "$accel" != kvm ] || say "where KVM does not work, DOCTEUR_ACCEL=tcg emulates the processor"
exit 1
`;
}

const VARIABLES: Readonly<Record<string, string>> = {
  "-accel": '"$accel"',
  "-cpu": '"$cpu"',
  "-append": '"$append"',
};

/** An option and its value a line; what the script computes, as its variables. */
function qemuLines(args: readonly string[]): string {
  return args
    .map((word, index) => {
      const variable = VARIABLES[args[index - 1] ?? ""];
      if (variable !== undefined) return variable;
      if (word.includes("$work")) return `"${word}"`;
      return shellQuote(word);
    })
    .map((word, index) => (/^-\w/.test(args[index]!) ? `\\\n  ${word}` : word))
    .join(" ");
}
