import { createHash } from "node:crypto";
import { DocteurError } from "../../reader/errors.ts";
import { encodeFrame, FrameDecoder, FrameType, MAX_PAYLOAD } from "./frame.ts";
import { decodeRequest, encodeRequest, type RunRequest } from "./request.ts";
import { ProgramParts, type UserProgram } from "./user-program.ts";

/*
 * A disk with what a machine runs that has no host process to tell it: the frames that such a process would send.
 *
 *   0..16   the text "docteur program\n"
 *   16..24  bytes of the frames, unsigned 64-bit little endian
 *   24..56  the SHA-256 of the frames
 *   512..   the frames: PROGRAM and PROGRAM_MAP for a program of the user's own, then RUN
 *           zeroes up to a multiple of 4,096
 */
const MAGIC = Buffer.from("docteur program\n");
const LENGTH_AT = 16;
const DIGEST_AT = 24;
const DIGEST_LENGTH = 32;
const FRAMES_AT = 512;

/** Engines cut off, or refuse, what is not a whole number of such blocks. */
const BLOCK = 4096;

/** Bytes of the frames that a machine reads into its memory. Bundled programs have a few megabytes. */
const MAX_FRAMES = 256 * 1024 * 1024;

/** What a machine runs. */
export interface DiskProgram {
  readonly request: RunRequest;
  /** Undefined if the request names one that ships with docteur. */
  readonly program: UserProgram | undefined;
}

/**
 * Encodes a program's disk. The same program gives the same bytes.
 * @throws {DocteurError} `PROGRAM_TOO_LONG`, for more than 256 MiB; `ARGUMENTS_TOO_LONG`, if the request has more
 * than `MAX_PAYLOAD` bytes.
 */
export function encodeProgramDisk({ request, program }: DiskProgram): Buffer {
  const json = encodeRequest(request);
  if (json.length > MAX_PAYLOAD) {
    throw new DocteurError(
      "ARGUMENTS_TOO_LONG",
      `arguments and environment are too long: they have ${json.length} bytes of at most ${MAX_PAYLOAD}`,
    );
  }
  const frames = Buffer.concat([
    ...(program === undefined
      ? []
      : [...pieces(FrameType.PROGRAM, program.code), ...pieces(FrameType.PROGRAM_MAP, program.map)]),
    encodeFrame(FrameType.RUN, json),
  ]);
  if (frames.length > MAX_FRAMES) {
    throw new DocteurError(
      "PROGRAM_TOO_LONG",
      `${request.program}: the program has ${frames.length} bytes of at most ${MAX_FRAMES}`,
    );
  }
  const disk = Buffer.alloc(Math.ceil((FRAMES_AT + frames.length) / BLOCK) * BLOCK);
  disk.set(MAGIC);
  disk.writeBigUInt64LE(BigInt(frames.length), LENGTH_AT);
  disk.set(digest(frames), DIGEST_AT);
  disk.set(frames, FRAMES_AT);
  return disk;
}

/**
 * Decodes a program's disk.
 *
 * @param read returns the bytes of a range of the disk; fewer at its end.
 * @throws {DocteurError} `PROGRAM_DISK_INVALID`; `REQUEST_MALFORMED`, `MALFORMED_FRAME`.
 */
export function decodeProgramDisk(read: (offset: number, length: number) => Buffer): DiskProgram {
  const header = read(0, DIGEST_AT + DIGEST_LENGTH);
  if (header.length < DIGEST_AT + DIGEST_LENGTH || !header.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw invalid("it does not begin as one");
  }
  const length = Number(header.readBigUInt64LE(LENGTH_AT));
  if (length > MAX_FRAMES) throw invalid(`it claims ${length} bytes of at most ${MAX_FRAMES}`);
  const bytes = read(FRAMES_AT, length);
  if (bytes.length < length) throw invalid(`${length - bytes.length} bytes are missing at its end`);
  if (!digest(bytes).equals(header.subarray(DIGEST_AT)))
    throw invalid("its content does not match its digest");
  const parts = new ProgramParts();
  const decoder = new FrameDecoder();
  for (const frame of decoder.push(bytes)) {
    if (parts.take(frame)) continue;
    if (frame.type !== FrameType.RUN) throw invalid(`it has a frame of type ${frame.type}`);
    return { request: decodeRequest(frame.payload), program: parts.program };
  }
  throw invalid("it has no request");
}

function* pieces(type: number, bytes: Uint8Array): Generator<Buffer> {
  for (let at = 0; at < Math.max(1, bytes.length); at += MAX_PAYLOAD)
    yield encodeFrame(type, bytes.subarray(at, at + MAX_PAYLOAD));
}

function digest(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest();
}

function invalid(why: string): DocteurError {
  return new DocteurError("PROGRAM_DISK_INVALID", `invalid program disk: ${why}`);
}
