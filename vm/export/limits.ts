/** MiB that QEMU takes beside the memory of its machine: its code, and that which it translates. */
export const QEMU_MEMORY = 384;

/** Seconds for the program to end, more than `serve` takes. */
export const STOP_SECONDS = 15;
