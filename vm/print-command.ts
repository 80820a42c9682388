import { ERROR_PORT, OUTPUT_PORT, REQUEST_ARGUMENT } from "../guest/protocol/ports.ts";
import { encodeRequest } from "../guest/protocol/request.ts";
import { DocteurError } from "../reader/errors.ts";
import { SourceError } from "../reader/source-error.ts";
import { isFile, parseImageAddress } from "../remote/address.ts";
import { parsePortMapping, printAddress } from "./front/address.ts";
import { openDisk } from "./image/open-disk.ts";
import { prepareMachine } from "./prepare.ts";
import { isProgramFile } from "./program/is-program-file.ts";
import type { Disk } from "./qemu/disk.ts";
import { USER_NETWORK_ADDRESS } from "./qemu/network.ts";
import { findQemu, qemuArguments } from "./qemu/qemu.ts";
import { shellQuote } from "./qemu/shell-quote.ts";
import type { RunOptions } from "./run.ts";
import { toRequest } from "./session/to-request.ts";

/** Bytes of a kernel command line on x86, its terminating zero included (arch/x86/include/asm/setup.h). */
const COMMAND_LINE_SIZE = 2048;

/**
 * Output and errors as plain bytes. QEMU's `stdio` closes the port as soon as standard input ends. The files
 * are opened for appending, because otherwise QEMU truncates the file of a shell's redirection.
 */
const DEVICES = [
  ...["-serial", "none", "-device", "virtio-serial-device"],
  ...plainPort("output", "/dev/stdout", OUTPUT_PORT),
  ...plainPort("errors", "/dev/stderr", ERROR_PORT),
];

function plainPort(id: string, path: string, name: string): string[] {
  const backend = `file,id=${id},path=${path},append=on`;
  return ["-chardev", backend, "-device", `virtserialport,chardev=${id},name=${name}`];
}

/**
 * Returns a shell command that boots the same machine by hand and runs the same program. Such a run has no
 * standard input, and its exit status is QEMU's.
 *
 * @throws {DocteurError} `ARGUMENTS_TOO_LONG`, if the request is longer than the kernel's command line;
 * `PROGRAM_TOO_LONG` for a program of the user's own; those of `prepareMachine`.
 */
export async function printCommand(options: RunOptions): Promise<string> {
  if (isProgramFile(options.program)) {
    throw new DocteurError(
      "PROGRAM_TOO_LONG",
      `${options.program}: a machine that is started by hand has no channel for a program of your own; it runs only those that ship with docteur`,
    );
  }
  const mappings = (options.publish ?? []).map(parsePortMapping);
  const ports = mappings.map(({ address, guestPort }) => ({
    address: "0.0.0.0",
    port: guestPort,
    published: printAddress(address),
  }));
  const address = parseImageAddress(options.image);
  const source = isFile(address) ? undefined : address.display;
  const request = encodeRequest({ ...toRequest(options), ports, source }).toString("base64url");
  const system = { ...options, standalone: true };
  const machine = await prepareMachine(
    system,
    () => openByHand(options),
    () => {},
  );
  const args = qemuArguments({
    ...machine,
    ...(mappings.length > 0 && { network: mappings }),
    kernelArguments: [
      ...(mappings.length > 0 ? [USER_NETWORK_ADDRESS] : []),
      `${REQUEST_ARGUMENT}=${request}`,
    ],
    devices: DEVICES,
  });
  const commandLine = args[args.indexOf("-append") + 1]!;
  if (commandLine.length >= COMMAND_LINE_SIZE) {
    throw new DocteurError(
      "ARGUMENTS_TOO_LONG",
      `arguments and environment are too long: the command line of the kernel has ${COMMAND_LINE_SIZE - 1} bytes, and these need ${commandLine.length}`,
    );
  }
  return [findQemu(), ...args].map(shellQuote).join(" ");
}

/** Opens an image that QEMU reads itself. @throws {DocteurError} `SOURCE_UNSUPPORTED`; those of `openDisk`. */
async function openByHand({ image, signal }: RunOptions): Promise<Disk> {
  const address = parseImageAddress(image);
  if (address.kind !== "http" && address.kind !== "oci") return openDisk(image, { signal });
  throw new SourceError(
    "SOURCE_UNSUPPORTED",
    `${address.display}: a machine that is started by hand has no process to read this through; copy the image into a file first`,
  );
}
