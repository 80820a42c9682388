import type { Channel } from "../../protocol/channel.ts";
import { FrameType, malformed } from "../../protocol/frame.ts";
import type { System } from "../system.ts";

/** The clock is right if it cannot be wrong by more, in milliseconds. */
const TOLERANCE_MS = 40;

/** On a busy host, what was reached in this time must do. */
const PATIENCE_MS = 5000;

/**
 * Sets the clock by the host's: asks it for the time, takes the answer to be from the middle of the wait (as SNTP does, RFC
 * 4330), and asks again until an answer came fast enough to be a proof: on a busy host, time passes between any two steps.
 */
export function setClock(channel: Pick<Channel, "send" | "receiveSync">, system: System): void {
  const start = performance.now();
  do {
    const asked = Date.now();
    channel.send(FrameType.ASK_CLOCK);
    const host = receiveClock(channel);
    const uncertainty = (Date.now() - asked) / 2;
    const error = host - (asked + uncertainty);
    // A clock that may be right is better than an answer that took long.
    if (uncertainty <= TOLERANCE_MS || Math.abs(error) > uncertainty) system.moveClock(error);
    if (uncertainty <= TOLERANCE_MS) return;
  } while (performance.now() - start < PATIENCE_MS);
}

function receiveClock(channel: Pick<Channel, "receiveSync">): number {
  const frame = channel.receiveSync();
  if (frame?.type === FrameType.CLOCK && frame.payload.length === 8) {
    return Buffer.from(frame.payload).readDoubleLE(0);
  }
  throw malformed("the time was expected");
}
