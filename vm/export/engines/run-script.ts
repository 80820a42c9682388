import { ERROR_PORT, OUTPUT_PORT } from "../../../guest/protocol/ports.ts";
import { EXIT_LINE } from "../../../guest/protocol/standalone.ts";
import { USER_NETWORK_ADDRESS } from "../../qemu/network.ts";
import { qemuArguments } from "../../qemu/qemu.ts";
import { shellQuote } from "../../qemu/shell-quote.ts";
import { imageDisk, relativeDisk } from "../disks.ts";
import { type ExportedMachine, type HostPort, ownArguments, PROGRAM_FILE } from "../machine.ts";

/** The name of the script in its folder. */
export const RUN_FILE = "run";

/**
 * Words of the script, which its shell expands. Standard output and errors go by FIFOs: what the script's own output is,
 * QEMU may not be able to open.
 */
const DEVICES = `\\
  -chardev "file,id=console,path=$work/console" -serial chardev:console \\
  -device virtio-serial-device \\
  -chardev "file,id=output,path=$work/output" -device virtserialport,chardev=output,name=${OUTPUT_PORT} \\
  -chardev "file,id=errors,path=$work/errors" -device virtserialport,chardev=errors,name=${ERROR_PORT} \\
  -device virtio-rng-device \\
  -qmp "pipe:$work/control"`;

/**
 * A script for a POSIX shell that runs a machine as a process, with its output, its exit status and its signals.
 * @param ports where QEMU listens.
 */
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
    devices: [],
  });
  return `#!/bin/sh
# Runs the machine of this folder. Needs QEMU 6.0 or later, and no docteur.
set -u
# A closed descriptor would become that of a file.
[ -e /proc/$$/fd/1 ] || exec >/dev/null
[ -e /proc/$$/fd/2 ] || exec 2>/dev/null
cd "$(dirname "$(readlink -f "$0")")" || exit 1
say() { echo "docteur: $*" >&2; }
qemu=$(command -v qemu-system-x86_64) || { say "qemu-system-x86_64 is not installed"; exit 1; }

work=$(mktemp -d) || { say "no temporary folder can be made: set TMPDIR to a folder that you can write to"; exit 1; }
case $work in *,*) say "TMPDIR has a comma in its name, which QEMU cannot take"; rmdir "$work"; exit 1 ;; esac
trap 'rm -rf "$work"' EXIT
mkfifo "$work/console" "$work/output" "$work/errors" "$work/control.in" "$work/control.out" || exit 1
# Open from now on: what is written to it before QEMU reads it is kept.
exec 9<>"$work/control.in"
echo '{"execute":"qmp_capabilities"}' >&9

accel=\${DOCTEUR_ACCEL:-${accelerator}}
case $accel in kvm | tcg) ;; *) say "DOCTEUR_ACCEL is kvm or tcg, not $accel"; exit 1 ;; esac
append=${shellQuote(args[args.indexOf("-append") + 1]!)}
if [ "$accel" = kvm ] && [ -r /dev/kvm ] && [ -w /dev/kvm ]; then
  cpu=host
else
  accel=tcg,tb-size=256 cpu=max
  # A busy host may fail to measure its clock against an emulated timer.
  khz=$(awk '/^bogomips/ { printf "%d", $3 * 500; exit }' /proc/cpuinfo)
  [ -z "$khz" ] || append="$append tsc_early_khz=$khz tsc=reliable"
fi

stopping=
stop() {
  now=$(date +%s)
  # A second signal kills; not one that was sent to the process and to its group at once.
  if [ -n "$stopping" ]; then
    [ $((now - stopping)) -lt 2 ] || kill -KILL "$qemu"
    return
  fi
  stopping=$now
}
# The signals are for this shell: what it starts ends with QEMU.
trap '' HUP INT TERM PIPE

# In a group of its own, Ctrl-C does not reach it; it ends when this script is killed.
guard=
! command -v setsid >/dev/null || guard=setsid
! setpriv --pdeathsig KILL true 2>/dev/null || guard="$guard setpriv --pdeathsig KILL"
$guard "$qemu" ${qemuLines(args)} ${DEVICES} </dev/null &
qemu=$!
tail -c 16384 <"$work/console" >"$work/tail" &
console=$!
cat "$work/control.out" >/dev/null &
control=$!
{ cat 2>/dev/null || { echo 141 >"$work/status"; kill -KILL "$qemu"; }; } <"$work/output" &
output=$!
{ cat >&2 2>/dev/null || cat >/dev/null; } <"$work/errors" &
errors=$!
trap stop HUP INT TERM

while kill -0 "$qemu" 2>/dev/null; do
  if [ -z "$stopping" ]; then
    wait "$qemu"
  else
    # The machine's power button, on which the program ends by itself. A machine that boots does not see it yet.
    echo '{"execute":"system_powerdown"}' >&9
    sleep 1 &
    wait $!
  fi
done 2>/dev/null
# Lets go readers of a QEMU that has never opened these.
: 3<>"$work/console" 4<>"$work/output" 5<>"$work/errors" 6<>"$work/control.out"
for each in "$output" "$errors" "$console"; do
  while kill -0 "$each" 2>/dev/null; do wait "$each"; done
done
kill -KILL "$control" 2>/dev/null

[ ! -e "$work/status" ] || exit 141
if grep -qi 'out of memory' "$work/tail"; then
  say "out of memory: the program needs more than the machine's ${memory} MiB"
  exit 1
fi
status=$(tr -d '\\r' <"$work/tail" | sed -n 's/^${EXIT_LINE}\\([0-9]*\\)$/\\1/p' | tail -n 1)
log() { tr -d '\\r' <"$work/tail" | tail -n 40 | sed 's/^/| /' >&2; }
case $status in
  # A fault of Node has ended it, which says so on the console.
  13[2469]) log ;;
esac
[ -z "$status" ] || exit "$status"
[ -z "$stopping" ] || exit 143
log
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
    .map((word, index) => VARIABLES[args[index - 1] ?? ""] ?? shellQuote(word))
    .map((word, index) => (/^-\w/.test(args[index]!) ? `\\\n  ${word}` : word))
    .join(" ");
}
