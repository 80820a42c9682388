import { CHANNEL_PORT, STREAMS_PORT } from "../../guest/protocol/ports.ts";
import { CHANNEL_FD, STREAMS_FD } from "./guarded-process.ts";

/** The channel and the streams are on descriptors of `GuardedProcess`; the console is QEMU's standard output. */
export const DEVICES = [
  ...["-serial", "stdio"],
  ...["-device", "virtio-serial-device", "-chardev", `socket,id=channel,fd=${CHANNEL_FD}`],
  ...["-device", `virtserialport,chardev=channel,name=${CHANNEL_PORT}`],
  ...["-chardev", `socket,id=streams,fd=${STREAMS_FD}`],
  ...["-device", `virtserialport,chardev=streams,name=${STREAMS_PORT}`],
];
