import { wrongType, wrongValue } from "./argument-error.ts";
import { toBuffer } from "./path-like.ts";

/** The form of names and contents: bytes, or text in an encoding. */
export type Encoding = BufferEncoding | "buffer";

/**
 * The options of a call, which may be an encoding alone.
 * @throws {ArgumentError} if they are neither, or the encoding is unknown.
 */
export function toOptions<Options extends object>(
  options: Options | string | null | undefined,
): Partial<Options> & { encoding?: Encoding | null } {
  const given = typeof options === "string" ? { encoding: options } : (options ?? {});
  if (typeof given !== "object")
    throw wrongType("options", "of type string or an instance of Object", options);
  const { encoding } = given as { encoding?: unknown };
  if (encoding !== undefined && encoding !== null && encoding !== "buffer") {
    if (!Buffer.isEncoding(encoding as string)) throw wrongValue("encoding", "is invalid encoding", encoding);
  }
  return given as Partial<Options> & { encoding?: Encoding | null };
}

/** A name or a target, as text; a copy of its bytes if `encoding` is `buffer`. */
export function encodeName(bytes: Uint8Array, encoding: Encoding | null | undefined): string | Buffer {
  return encoding === "buffer" ? Buffer.from(bytes) : toBuffer(bytes).toString(encoding ?? "utf8");
}

/** A content, as bytes; as text if `encoding` is one of text. */
export function encodeContent(bytes: Uint8Array, encoding: Encoding | null | undefined): string | Buffer {
  const buffer = toBuffer(bytes);
  return encoding === undefined || encoding === null || encoding === "buffer"
    ? buffer
    : buffer.toString(encoding);
}
