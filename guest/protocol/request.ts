import { DocteurError } from "../../reader/errors.ts";
import type { Port } from "./published-port.ts";

/** How a program finds a path: `ConnectOptions.layout` says what each does. */
export const LAYOUTS = ["frozen", "light", "fast"] as const;
export type LayoutName = (typeof LAYOUTS)[number];

/** A request to run a program: the payload of a RUN frame, as JSON. */
export interface RunRequest {
  /** The name of a unikernel that ships with docteur. */
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Overrides the layout of the program. */
  readonly layout?: LayoutName | undefined;
  /** Refuses an image of any other commit, 40 hexadecimal digits, or 64 for SHA-256. */
  readonly commit?: string | undefined;
  /** Ignores the IDX of the image and makes it again. */
  readonly analyze?: boolean | undefined;
  /** Where the program may listen. Default: nowhere. */
  readonly ports?: readonly Port[] | undefined;
  /** Where the program answers `/healthz`, if no host process does. Default: nowhere. */
  readonly health?: Port | undefined;
  /** Whether the host accepts the connections of these ports, and carries them as streams. Default: no. */
  readonly streams?: boolean | undefined;
  /** Whether the program reports its answers to the host. Default: no. */
  readonly report?: boolean | undefined;
  /** Whether standard output is a terminal. Default: no. */
  readonly terminal?: boolean | undefined;
  /** What messages call the image, if it lies elsewhere. */
  readonly source?: string | undefined;
  /** Whether the program reports what it does. */
  readonly verbose?: boolean | undefined;
}

/** Whether a value is the name of a layout. */
export function isLayoutName(value: unknown): value is LayoutName {
  return LAYOUTS.some((name) => name === value);
}

/** Encodes a request as JSON. */
export function encodeRequest(request: RunRequest): Buffer {
  return Buffer.from(JSON.stringify(request));
}

/**
 * Decodes a request.
 * @throws {DocteurError} `REQUEST_MALFORMED`, if the bytes are not the JSON of a run request.
 */
export function decodeRequest(bytes: Uint8Array): RunRequest {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch (cause) {
    throw new DocteurError("REQUEST_MALFORMED", "the run request is not JSON", { cause });
  }
  if (!isRunRequest(value)) throw new DocteurError("REQUEST_MALFORMED", "the run request lacks a field");
  return value;
}

function isRunRequest(value: unknown): value is RunRequest {
  if (typeof value !== "object" || value === null) return false;
  const {
    program,
    args,
    env,
    layout,
    commit,
    analyze,
    ports,
    health,
    streams,
    report,
    terminal,
    source,
    verbose,
  } = value as Record<string, unknown>;
  return (
    typeof program === "string" &&
    Array.isArray(args) &&
    args.every((arg) => typeof arg === "string") &&
    typeof env === "object" &&
    env !== null &&
    Object.values(env).every((item) => typeof item === "string") &&
    (layout === undefined || isLayoutName(layout)) &&
    (commit === undefined || typeof commit === "string") &&
    (analyze === undefined || typeof analyze === "boolean") &&
    (ports === undefined || (Array.isArray(ports) && ports.every(isPort))) &&
    (health === undefined || isPort(health)) &&
    (streams === undefined || typeof streams === "boolean") &&
    (report === undefined || typeof report === "boolean") &&
    (terminal === undefined || typeof terminal === "boolean") &&
    (source === undefined || typeof source === "string") &&
    (verbose === undefined || typeof verbose === "boolean")
  );
}

function isPort(value: unknown): value is Port {
  if (typeof value !== "object" || value === null) return false;
  const { address, port, published } = value as Record<string, unknown>;
  return (
    typeof address === "string" &&
    typeof port === "number" &&
    (published === undefined || typeof published === "string")
  );
}
