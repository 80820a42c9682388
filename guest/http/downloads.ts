import type { IncomingMessage, ServerResponse } from "node:http";
import { DocteurError } from "../../reader/errors.ts";
import type { Store } from "../../reader/store/store.ts";
import { LONGEST_NAME } from "../archive/zip.ts";
import { entriesBelow, workOf } from "./archive-entries.ts";
import { ARCHIVE_MEMORY, ArchiveFiles } from "./archive-files.ts";
import { archivePieces } from "./archive-writer.ts";
import { attachment } from "./attachment.ts";
import { evaluate } from "./conditions.ts";
import type { Contents } from "./contents.ts";
import type { MemoryBudget } from "./memory-budget.ts";
import { type Headers, sendPieces } from "./send.ts";
import { ABOUT } from "./site.ts";
import { TarWriter } from "./tar-writer.ts";
import { parseTarget, storePath } from "./target.ts";
import { KEPT_PER_ENTRY, ZipWriter } from "./zip-writer.ts";

/** The most archives that are sent at once. */
const MAX_DOWNLOADS = 4;

/** The formats and their media types. */
const TYPES = { tar: "application/x-tar", zip: "application/zip" } as const;

/** A folder as an archive. */
export interface Download {
  readonly format: keyof typeof TYPES;
  /** Its path in the image, without links. */
  readonly folder: Uint8Array;
  /** Object id of the folder, hexadecimal. */
  readonly id: string;
  /** The name under which it was requested; undefined for the root. */
  readonly name: Uint8Array | undefined;
}

/** What `Downloads` needs beside the store. */
export interface DownloadsContext {
  readonly contents: Contents;
  readonly memory: MemoryBudget;
  /** Aborts a response to release its memory; false if there is none to abort. */
  abortSlowestResponse(): Promise<boolean>;
}

/** Answers requests for folders as archives: `/folder/?download=tar`, `/folder/?download=zip`. */
export class Downloads {
  readonly #store: Store;
  readonly #context: DownloadsContext;
  #sending = 0;

  constructor(store: Store, context: DownloadsContext) {
    this.#store = store;
    this.#context = context;
  }

  /**
   * The download that a target names; undefined if it is no folder with its slash, or the query asks for
   * none.
   * @throws {InvalidImageError} if a tree on the way is damaged.
   */
  find(url: string): Download | undefined {
    const query = url.indexOf("?");
    const format = query < 0 ? null : new URLSearchParams(url.slice(query)).get("download");
    if (format !== "tar" && format !== "zip") return undefined;
    const target = parseTarget(url);
    const path = target?.folder === true ? storePath(target.names) : undefined;
    if (target === undefined || path === undefined) return undefined;
    const [first] = target.names;
    if (first !== undefined && target.names.length === 1 && Buffer.from(first).toString() === ABOUT)
      return undefined;
    if (this.#store.exists(path) !== "dictionary") return undefined;
    const { path: folder, id } = this.#store.describe(path);
    return { format, folder: new Uint8Array(folder), id, name: target.names.at(-1) };
  }

  /**
   * Answers a request for a download.
   *
   * @param common the fields of every response.
   * @returns the status of a refusal that the caller must send: 412, or 503 if there are too many; undefined
   * if the response is complete, or the client is gone.
   * @throws {InvalidImageError} where the image is damaged. @throws {DocteurError} `LISTING_TOO_LARGE`,
   * `LAYOUT_TOO_LARGE`, and those of `ArchiveFiles`. A response that has begun then lacks its end.
   */
  async answer(
    { method, headers }: IncomingMessage,
    response: ServerResponse,
    common: Headers,
    download: Download,
  ): Promise<412 | 503 | undefined> {
    const { format, id, name } = download;
    // Weak: two images of the same folder may have its files deltified or not, and another date.
    const tag = `"${id}-${format}"`;
    const fields = [...common, "ETag", `W/${tag}`];
    const verdict = evaluate(headers, tag);
    if (verdict === 412) return verdict;
    if (verdict === 304) {
      response.writeHead(304, fields).end();
      return undefined;
    }
    const fileName = name ?? Buffer.from(this.#store.id.slice(0, SHORT_ID));
    fields.push("Content-Type", TYPES[format], "Accept-Ranges", "none");
    fields.push("Content-Disposition", attachment(fileName, `.${format}`));
    if (method === "HEAD") {
      response.writeHead(200, fields).end();
      return undefined;
    }
    if (this.#sending === MAX_DOWNLOADS) return 503;
    this.#sending++;
    try {
      return await this.#send(response, fields, download);
    } finally {
      this.#sending--;
    }
  }

  async #send(response: ServerResponse, fields: Headers, download: Download): Promise<503 | undefined> {
    const { format, folder } = download;
    const files = new ArchiveFiles(this.#store, {
      contents: this.#context.contents,
      takeMemory: (bytes) => this.#takeMemory(bytes),
      isWanted: () => !response.destroyed,
    });
    const count = await this.#count(download, files);
    const release = await this.#takeMemory(ARCHIVE_MEMORY + (format === "zip" ? count * KEPT_PER_ENTRY : 0));
    if (release === undefined) return 503;
    try {
      const writer =
        format === "tar"
          ? new TarWriter(this.#store, files)
          : new ZipWriter(this.#store, files, folder, count);
      // Without chunks, the end of the connection is the end of the archive.
      if (!response.useChunkedEncodingByDefault) response.shouldKeepAlive = false;
      await sendPieces(response, 200, fields, archivePieces(this.#store, folder, writer, files));
    } catch (error) {
      // Then a reset says that it is not complete.
      if (response.headersSent && !response.useChunkedEncodingByDefault) response.socket?.resetAndDestroy();
      throw error;
    } finally {
      release();
    }
    return undefined;
  }

  /** Counts the entries below the folder: one with too many, or a damaged one, gets a status of its own. */
  async #count({ folder, format }: Download, files: ArchiveFiles): Promise<number> {
    let count = 0;
    for (const entry of entriesBelow(this.#store, folder)) {
      const { path } = entry;
      if (format === "zip" && path.length > LONGEST_NAME) {
        const what = `a path of ${path.length} bytes is too long for a zip; a tar can have it`;
        throw new DocteurError("LISTING_TOO_LARGE", what);
      }
      count++;
      await files.pause(workOf(entry));
    }
    return count;
  }

  async #takeMemory(bytes: number): Promise<(() => void) | undefined> {
    const { memory, abortSlowestResponse } = this.#context;
    while (!memory.fits(bytes)) if (!(await abortSlowestResponse())) return undefined;
    return memory.take({}, bytes);
  }
}

/** Digits of the commit's id that name an archive of the root. */
const SHORT_ID = 12;
