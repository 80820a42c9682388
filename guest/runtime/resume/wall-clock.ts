import type { Channel } from "../../protocol/channel.ts";
import { decodeClock } from "../../protocol/clock.ts";
import { FrameType } from "../../protocol/frame.ts";
import type { System } from "../system.ts";

/** An answer is good enough if it leaves no more doubt than this about the host's time, in milliseconds. */
const TOLERANCE_MS = 40;

/** On a busy host no answer may be that quick. After this time the best one so far counts. */
const PATIENCE_MS = 5000;

/**
 * Sets this machine's clock to the host's: asks the host for the time, and takes the answer for the time in
 * the middle of the wait, as SNTP does (RFC 4330). It asks again until an answer comes quickly enough: on a
 * busy host, time passes between any two steps.
 *
 * @param now reads this machine's clock, in milliseconds since the epoch.
 * @throws {DocteurError} `MALFORMED_FRAME`, if the host answers with anything but the time.
 */
export function setClock(
  channel: Pick<Channel, "send" | "receiveSync">,
  system: Pick<System, "moveClock">,
  now: () => number = Date.now,
): void {
  const start = performance.now();
  do {
    const asked = now();
    channel.send(FrameType.ASK_CLOCK);
    const host = decodeClock(channel.receiveSync());
    const uncertainty = (now() - asked) / 2;
    const error = host - (asked + uncertainty);
    // A clock that may be right is better than an answer that took long.
    if (uncertainty <= TOLERANCE_MS || Math.abs(error) > uncertainty) system.moveClock(error);
    if (uncertainty <= TOLERANCE_MS) return;
  } while (performance.now() - start < PATIENCE_MS);
}
