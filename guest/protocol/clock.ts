import { type Frame, FrameType, malformed } from "./frame.ts";

const LENGTH = 8;

/** The payload of a CLOCK frame: milliseconds since the epoch, as a double in little endian. */
export function encodeClock(milliseconds: number): Buffer {
  const payload = Buffer.alloc(LENGTH);
  payload.writeDoubleLE(milliseconds);
  return payload;
}

/**
 * Returns the time that a CLOCK frame holds, in milliseconds since the epoch.
 * @throws {DocteurError} `MALFORMED_FRAME`, if the frame is no CLOCK frame, or there is none.
 */
export function decodeClock(frame: Frame | undefined): number {
  if (frame?.type === FrameType.CLOCK && frame.payload.length === LENGTH) {
    return Buffer.from(frame.payload).readDoubleLE(0);
  }
  throw malformed("a CLOCK frame was expected");
}
