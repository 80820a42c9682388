/** An image that lies elsewhere. Its bytes stay the same for the life of the source, or reading fails. */
export interface Source extends AsyncDisposable {
  /** What messages call it: without passwords, tokens, and the query of a URL. */
  readonly display: string;
  /** Bytes. */
  readonly size: number;
  /**
   * Names these bytes, for a cache: a digest, or what a server says of their version. Two sources with one key
   * have the same bytes. It may hold secrets of a URL: hash it before it is written anywhere.
   */
  readonly key: string;
  /** Whether the key is another one each time, as nothing names the version of the bytes: no cache keeps them. */
  readonly isUnversioned?: boolean | undefined;
  /** Whether the server forbids that a cache keeps them. */
  readonly isUnkept?: boolean | undefined;
  /** The first bytes, which opening has brought already; may be empty. */
  readonly start: Uint8Array;
  /**
   * Reads exactly `length` bytes from `offset` on, in one request. Several may be under way at once.
   * @throws {SourceError} the signal's reason when aborted.
   */
  read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array>;
}

/** Bytes that opening brings, and seconds that a read may take, by default. */
export const DEFAULT_START: number = 64 * 1024;
export const DEFAULT_DEADLINE = 60;

/** What opening a source may need. */
export interface SourceOptions {
  /** Bytes to read from the start while it is opened. Default 64 KiB. */
  readonly start?: number | undefined;
  /** A file of header lines, `Name: value`, that go to the server of the address, and to no other. */
  readonly headerFrom?: string | undefined;
  /** A file of certificates in PEM to trust beside those of the system. */
  readonly cacert?: string | undefined;
  /** Whether a registry is asked over HTTP without TLS. Default: only one of this machine that speaks none. */
  readonly plainHttp?: boolean | undefined;
  /** Seconds after which a read, all attempts together, fails. Default 60. */
  readonly deadline?: number | undefined;
  /** Variables of the environment. Default: `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Gets a line of text about each request that is tried once more. */
  readonly detail?: ((line: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}
