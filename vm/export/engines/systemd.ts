import { DocteurError } from "../../../reader/errors.ts";
import { printable } from "../../../reader/printable.ts";
import { shellQuote } from "../../qemu/shell-quote.ts";
import { QEMU_MEMORY, STOP_SECONDS } from "../limits.ts";
import { type Description, type ExportedMachine, isServer } from "../machine.ts";
import { RUN_FILE, runScript } from "./run-script.ts";

/** A system service that runs the script of the folder (systemd.service(5), systemd.exec(5)). */
export function describeSystemd(machine: ExportedMachine): Description {
  const { name, folder, memory, accelerator, program } = machine;
  const unit = `${name}.service`;
  const needsKvm = accelerator === "kvm";
  const text = `[Unit]
Description=docteur: ${printable(program).replaceAll("%", "%%")} in a virtual machine
Wants=network-online.target
After=network-online.target

[Service]
Type=exec
ExecStart=${quoted(`${folder}/${RUN_FILE}`)}
# The program has ended because systemd asked for it.
SuccessExitStatus=143
Restart=${isServer(machine) ? "on-failure" : "no"}
RestartSec=2
KillMode=mixed
TimeoutStopSec=${STOP_SECONDS}

MemoryMax=${memory + QEMU_MEMORY}M
CPUQuota=100%
TasksMax=64

DynamicUser=yes
${needsKvm ? "SupplementaryGroups=kvm\nDeviceAllow=/dev/kvm rw\nDevicePolicy=closed" : "PrivateDevices=yes"}
ProtectSystem=strict
ProtectHome=read-only
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
PrivateTmp=yes
NoNewPrivileges=yes
CapabilityBoundingSet=
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged
# For QEMU's own sandbox, and for setpriv.
SystemCallFilter=seccomp capset
SystemCallErrorNumber=EPERM
UMask=0077

[Install]
WantedBy=multi-user.target
`;
  return {
    files: [
      { name: RUN_FILE, text: runScript(machine, machine.ports) },
      { name: unit, text },
    ],
    commands: [
      `sudo systemctl link ${shellQuote(`${folder}/${unit}`)}`,
      `sudo systemctl ${isServer(machine) ? "enable --now" : "start"} ${unit}`,
      `journalctl -u ${unit}      shows its output and its errors`,
      `sudo systemctl stop ${unit}    ends it: its program gets ${STOP_SECONDS} seconds for that`,
    ],
  };
}

/**
 * The program of `ExecStart=` (systemd.service(5), "Command lines"; systemd.unit(5), "Specifiers").
 * @throws {DocteurError} `EXPORT_UNSUPPORTED`: systemd takes no such path.
 */
function quoted(path: string): string {
  if (/^[\w ./@:+,=~%-]+$/.test(path)) return `"${path.replaceAll("%", "%%")}"`;
  throw new DocteurError(
    "EXPORT_UNSUPPORTED",
    `${printable(path)}: systemd starts no program of such a path: put the folder into another, or name one with --at`,
  );
}
