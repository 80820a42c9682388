import { CHANNEL_PORT } from "../../guest/protocol/ports.ts";
import { CHANNEL_FD } from "./guarded-process.ts";

/** The channel is on the descriptor of `GuardedProcess`; the console is QEMU's standard output. */
export const DEVICES = [
  ...["-serial", "stdio"],
  ...["-device", "virtio-serial-device", "-chardev", `socket,id=channel,fd=${CHANNEL_FD}`],
  ...["-device", `virtserialport,chardev=channel,name=${CHANNEL_PORT}`],
];
