import { DocteurError } from "../errors.ts";
import type { Channel } from "./channel.ts";
import { FrameType } from "./frame.ts";
import type { System } from "./system.ts";

/** An answer that took this long or less is good: it is wrong by half of it at most. */
const GOOD_ROUND_TRIP_NS = 40_000_000n;

/** On a busy host, the best answer of so many must do. */
const ATTEMPTS = 6;

/**
 * Sets the clock by the host's: asks it for the time, and takes the answer to be from the middle of the wait (as SNTP does,
 * RFC 4330).
 *
 * @param now a clock that runs evenly, in nanoseconds.
 */
export function setClock(channel: Channel, system: System, now = process.hrtime.bigint): void {
  let best: { roundTrip: bigint; offset: bigint } | undefined;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const asked = now();
    channel.send(FrameType.ASK_CLOCK);
    const host = receiveClock(channel);
    const answered = now();
    const roundTrip = answered - asked;
    if (best === undefined || roundTrip < best.roundTrip) {
      best = { roundTrip, offset: host - (asked + roundTrip / 2n) };
    }
    if (best.roundTrip <= GOOD_ROUND_TRIP_NS) break;
  }
  system.setClock(now() + best!.offset);
}

function receiveClock(channel: Channel): bigint {
  const frame = channel.receiveSync();
  if (frame?.type === FrameType.CLOCK && frame.payload.length === 8) {
    return Buffer.from(frame.payload).readBigUInt64LE(0);
  }
  throw new DocteurError("MALFORMED_FRAME", "host and guest misunderstand each other: the time was expected");
}
