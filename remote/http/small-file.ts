import { open } from "node:fs/promises";

/** A file has more bytes than it may have. */
export class FileTooLargeError extends Error {
  override name = "FileTooLargeError";
  readonly code = "EFBIG";
}

/**
 * Reads a file of a user's, such as one with credentials, up to its end: it may be a pipe, or a device that
 * has no end.
 * @throws {FileTooLargeError} it has more than `maximum` bytes.
 */
export async function readSmallFile(
  file: string,
  maximum: number,
  encoding: "latin1" | "utf8",
): Promise<string> {
  await using handle = await open(file);
  const chunks: Buffer[] = [];
  for (let length = 0; ; ) {
    const buffer = Buffer.alloc(65_536);
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, null);
    if (bytesRead === 0) return Buffer.concat(chunks).toString(encoding);
    chunks.push(buffer.subarray(0, bytesRead));
    length += bytesRead;
    if (length > maximum) throw new FileTooLargeError(`more than ${maximum} bytes`);
  }
}
