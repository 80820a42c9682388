import { createHash, randomBytes } from "node:crypto";
import { type FileHandle, lstat, open, readdir, rename, rm, statfs } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { DocteurError } from "../../reader/errors.ts";
import { hasEnded, PROCESS_NAME, processName } from "../../reader/process-name.ts";
import { finalPath, openBeside, writeFailed } from "../image-path.ts";

/** Bytes of the image's name that the name of its partial file has: a name has at most 255. */
const SHOWN = 80;

/** Hexadecimal digits of the hash of a key. */
const KEY_DIGITS = 16;

/** What follows the start of the name: the key's hash, and while a process writes to it, that process. */
const REST = new RegExp(`^([0-9a-f]{${KEY_DIGITS}})(?:-(${PROCESS_NAME})-[0-9a-f]{12})?\\.part$`);

/**
 * An image that is being downloaded: a file beside its final path. What an earlier download of the same bytes
 * has left there is gone on with. Until `publish`, a file at the final path stays as it is. Disposing of it
 * without `publish` leaves what there is for a later one; `discard` leaves nothing.
 */
export class PartialImage implements AsyncDisposable {
  /** The final path: absolute, symbolic links resolved. */
  readonly path: string;
  /** The partial file. */
  readonly temporary: string;
  readonly #file: FileHandle;
  /** What the partial file is called when no process writes to it. */
  readonly #kept: string;
  /** Bytes that it has. */
  #length: number;
  #state: "open" | "published" | "discarded" = "open";

  private constructor(path: string, temporary: string, kept: string, file: FileHandle, length: number) {
    this.path = path;
    this.temporary = temporary;
    this.#kept = kept;
    this.#file = file;
    this.#length = length;
  }

  /** Bytes that it has, all from the start. */
  get length(): number {
    return this.#length;
  }

  /**
   * Opens what an earlier download has left, or an empty file. Removes what downloads of other bytes to the
   * same path have left. A download that still runs keeps its file.
   *
   * @param key names the bytes. Only a hash of it is written anywhere. @param size how many bytes they are.
   * @throws {DocteurError} `IMAGE_PATH`, `DISK_FULL`: there is less space than the image needs.
   */
  static async open(image: string, key: string, size: number): Promise<PartialImage> {
    const { path, mode } = await finalPath(image);
    const folder = dirname(path);
    const shown = Buffer.from(basename(path))
      .subarray(0, SHOWN)
      .toString("utf8")
      .replace(/\ufffd+$/, "");
    const start = `.${shown}.docteur-pull-`;
    const digits = createHash("sha256").update(key).digest("hex").slice(0, KEY_DIGITS);
    const temporary = join(
      folder,
      `${start}${digits}-${processName()}-${randomBytes(6).toString("hex")}.part`,
    );
    const kept = join(folder, `${start}${digits}.part`);
    await adopt(folder, start, digits, temporary);
    const file = await openBeside(image, temporary, "a+", mode);
    const { size: length } = await file.stat();
    const partial = new PartialImage(path, temporary, kept, file, length);
    try {
      if (length > size) await partial.empty();
      await requireSpace(path, folder, size - partial.length);
      return partial;
    } catch (error) {
      await partial[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Reads what there is. */
  async *read(): AsyncGenerator<Uint8Array> {
    const buffer = Buffer.allocUnsafe(1024 * 1024);
    for (let at = 0; at < this.#length; ) {
      const { bytesRead } = await this.#file.read(buffer, 0, Math.min(buffer.length, this.#length - at), at);
      if (bytesRead === 0)
        throw new DocteurError("FILE_CHANGED", `${this.temporary} became shorter; pull again`);
      yield buffer.subarray(0, bytesRead);
      at += bytesRead;
    }
  }

  /** Writes bytes behind what there is. @throws {DocteurError} `DISK_FULL`, `IMAGE_WRITE`. */
  async append(bytes: Uint8Array): Promise<void> {
    try {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await this.#file.write(bytes, done);
        done += bytesWritten;
        this.#length += bytesWritten;
      }
    } catch (error) {
      throw writeFailed(this.path, error);
    }
  }

  /** Drops what there is. */
  async empty(): Promise<void> {
    await this.#file.truncate();
    this.#length = 0;
  }

  /** Flushes to the disk what there is. @throws {DocteurError} `DISK_FULL`, `IMAGE_WRITE`. */
  async flush(): Promise<void> {
    try {
      await this.#file.sync();
    } catch (error) {
      throw writeFailed(this.path, error);
    }
  }

  /** Renames the file to its final path, and flushes the folder. @throws {DocteurError} `IMAGE_WRITE`. */
  async publish(): Promise<void> {
    try {
      await rename(this.temporary, this.path);
      this.#state = "published";
      await using folder = await open(dirname(this.path));
      await folder.sync();
    } catch (error) {
      throw writeFailed(this.path, error);
    }
  }

  /** Removes the file: what is in it is of no use. */
  async discard(): Promise<void> {
    this.#state = "discarded";
    await rm(this.temporary, { force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close().catch(() => {});
    if (this.#state !== "open") return;
    // A link would not replace what another download has kept in the meantime; either will do.
    if (this.#length > 0) await rename(this.temporary, this.#kept).catch(() => {});
    else await rm(this.temporary, { force: true });
  }
}

/**
 * Gives the longest of what ended downloads of these bytes have left the name `temporary`, and removes the
 * rest, and what was left of other bytes. Of two that try, a rename lets one succeed.
 */
async function adopt(folder: string, start: string, digits: string, temporary: string): Promise<void> {
  const left: { path: string; size: number; isSame: boolean }[] = [];
  for (const name of await readdir(folder).catch(() => [])) {
    const [, key, owner] = (name.startsWith(start) && REST.exec(name.slice(start.length))) || [];
    const path = join(folder, name);
    const stats = key === undefined ? undefined : await lstat(path).catch(() => undefined);
    // A file with another name, too, is not a download's: another user may have made this one.
    if (stats === undefined || !stats.isFile() || stats.nlink > 1 || stats.uid !== process.geteuid?.())
      continue;
    if (owner === undefined || hasEnded(owner, stats.mtimeMs)) {
      left.push({ path, size: stats.size, isSame: key === digits });
    }
  }
  left.sort((a, b) => Number(b.isSame) - Number(a.isSame) || b.size - a.size);
  let isAdopted = false;
  for (const { path, isSame } of left) {
    if (isSame && !isAdopted) {
      isAdopted = await rename(path, temporary).then(
        () => true,
        () => false,
      );
    } else await rm(path, { force: true }).catch(() => {});
  }
}

async function requireSpace(path: string, folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize >= bytes) return;
  const what = `${bytes} bytes more are needed, ${bavail * bsize} are free`;
  throw new DocteurError("DISK_FULL", `no space left for the image: ${path}: ${what}`);
}
