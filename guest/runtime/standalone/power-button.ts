import * as fs from "node:fs";

const INPUTS = "/sys/class/input";

/** What the kernel calls an ACPI power button (Linux, drivers/acpi/button.c). */
const BUTTON = "Power Button";

// Linux, include/uapi/linux/input.h and input-event-codes.h: `struct input_event` on a 64-bit machine.
const EVENT_LENGTH = 24;
const TYPE_AT = 16;
const CODE_AT = 18;
const VALUE_AT = 20;
const EV_KEY = 1;
const KEY_POWER = 116;
const PRESSED = 1;

/**
 * Waits for the machine's power button: an engine presses it to end the machine.
 * @param onPressed called at each press.
 */
export function watchPowerButton(onPressed: () => void): void {
  for (const node of buttons()) void watch(`/dev/input/${node}`, onPressed);
}

function buttons(): string[] {
  try {
    return fs
      .readdirSync(INPUTS)
      .filter((node) => node.startsWith("event"))
      .filter((node) => fs.readFileSync(`${INPUTS}/${node}/device/name`, "utf8").trim() === BUTTON);
  } catch {
    // The kernel has no such driver: the machine ends when its engine kills it.
    return [];
  }
}

async function watch(node: string, onPressed: () => void): Promise<void> {
  const fd = fs.openSync(node, "r");
  const event = Buffer.alloc(EVENT_LENGTH);
  for (;;) {
    const length = await new Promise<number>((resolve) => {
      fs.read(fd, event, 0, EVENT_LENGTH, null, (error, count) => resolve(error === null ? count : 0));
    });
    if (length < EVENT_LENGTH) return;
    const isPress =
      event.readUInt16LE(TYPE_AT) === EV_KEY &&
      event.readUInt16LE(CODE_AT) === KEY_POWER &&
      event.readInt32LE(VALUE_AT) === PRESSED;
    if (isPress) onPressed();
  }
}
