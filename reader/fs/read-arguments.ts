import { checkInteger, outOfRange, wrongType } from "./argument-error.ts";

/** Where a read writes bytes, and where it reads them. */
export interface ReadTarget {
  /** Filled from its start, as far as there are bytes. */
  readonly into: Uint8Array;
  /** Byte in the file; undefined means where the previous read ended. */
  readonly position: number | undefined;
}

/** Options of `fs.read`. */
export interface ReadOptions {
  readonly buffer?: NodeJS.ArrayBufferView | undefined;
  /** Byte in the buffer to start at. Default 0. */
  readonly offset?: number | null | undefined;
  /** Bytes to read at most. Default: what fits. */
  readonly length?: number | null | undefined;
  /** Byte in the file; null or -1, the default, means where the previous read ended. */
  readonly position?: number | bigint | null | undefined;
}

/**
 * Parses the arguments after the buffer: `(offset, length, position)` or `({offset, length, position})`.
 * @throws {ArgumentError} as node:fs does.
 */
export function toReadTarget(
  buffer: NodeJS.ArrayBufferView,
  offsetOrOptions?: number | ReadOptions | null,
  length?: number | null,
  position?: number | bigint | null,
): ReadTarget {
  if (!ArrayBuffer.isView(buffer)) {
    throw wrongType("buffer", "an instance of Buffer, TypedArray, or DataView", buffer);
  }
  const options: ReadOptions =
    typeof offsetOrOptions === "object" && offsetOrOptions !== null
      ? offsetOrOptions
      : { offset: offsetOrOptions, length, position };
  const offset = options.offset ?? 0;
  checkInteger("offset", offset, 0);
  const available = buffer.byteLength - offset;
  const wanted = options.length ?? Math.max(0, available);
  checkInteger("length", wanted, 0);
  if (wanted > available) throw outOfRange("length", `<= ${available}`, wanted);
  return {
    into: new Uint8Array(buffer.buffer, buffer.byteOffset + Math.min(offset, buffer.byteLength), wanted),
    position: toPosition(options.position),
  };
}

/**
 * A position as `fs.read` takes it; null and -1 mean where the previous read ended.
 * @throws {ArgumentError}
 */
export function toPosition(position: number | bigint | null | undefined): number | undefined {
  if (position === undefined || position === null) return undefined;
  const number = typeof position === "bigint" ? Number(position) : position;
  checkInteger("position", number, -1);
  return number === -1 ? undefined : number;
}
