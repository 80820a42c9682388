import { Writable } from "node:stream";
import type { RunRequest } from "../../guest/protocol/request.ts";
import type { UserProgram } from "../../guest/protocol/user-program.ts";
import type { ListenAddress, PortMapping } from "../front/address.ts";
import { type ImageDisk, isImageFile } from "../image/open-disk.ts";
import type { Guest } from "../session/guest.ts";
import type { Streams } from "../session/host-channel.ts";
import { writeTo } from "../write-to.ts";
import { entriesOf, portsOf } from "./entries.ts";
import { Fleet } from "./fleet.ts";
import { Front } from "./front.ts";
import { openAddress, openImage } from "./open-image.ts";
import { Operator } from "./operator.ts";
import { SERVER } from "./server.ts";

/** Connections for each machine: it closes the slowest client's itself before there are as many. */
const CONNECTIONS_A_MACHINE = 2048 + 256;

/** How a program serves the ports of this host. */
export interface ServingOptions {
  readonly image: string;
  readonly mappings: readonly PortMapping[];
  /** Machines that serve at once. Default 1. */
  readonly replicas?: number | undefined;
  /** Where the operator's requests are answered, `/metrics` and `/healthz`. Default: nowhere. */
  readonly admin?: ListenAddress | undefined;
  /** The file of the access log; `-` for standard output. Default: none. */
  readonly accessLog?: string | undefined;
  /** Refuses an image of any other commit. */
  readonly commit?: string | undefined;
  /** Runs while the machines serve, and lets them change to another image. */
  readonly updates?: Updates | undefined;
  readonly streams: Streams;
  readonly signal?: AbortSignal | undefined;
  /** Gets a line of text about what goes wrong. */
  note(line: string): void;
  /** Starts a machine with an image. */
  start(image: string | ImageDisk, signal: AbortSignal): Promise<Guest>;
  /** Opens an image that lies elsewhere. */
  openDisk(image: string): Promise<ImageDisk>;
}

/**
 * Lets the machines change to the image at a path or an address.
 * @returns its commit, if it is known.
 * @throws {DocteurError} if the image is not one, or not of the commit, or its machines do not serve.
 */
export type Swap = (image: string) => Promise<string | undefined>;

/**
 * Watches for other images, until the signal is aborted; then resolves once it has cleaned up.
 * @param onRefusal is called for each image that is not served.
 */
export type Updates = (swap: Swap, onRefusal: () => void, signal: AbortSignal) => Promise<void>;

/**
 * Accepts connections at the ports of this host and has a program answer them, until it ends.
 *
 * @param program the user's own program, if the request is for one.
 * @returns its exit status.
 * @throws {DocteurError} those of `Front.open`, `Operator.open`, `openImage`, `start` and
 * `ServingMachine.run`; `RESTARTS_FAILED`.
 */
export async function serve(
  options: ServingOptions,
  request: RunRequest,
  program: Promise<UserProgram | undefined>,
): Promise<number> {
  const { replicas = 1, streams, signal, note, updates, commit } = options;
  program.catch(() => {});
  const isServer = request.program === SERVER;
  const restarts = isServer || replicas > 1 || updates !== undefined;
  const machineStreams: Streams = {
    // The server writes its addresses, and here this process does.
    stdout: isServer ? nowhere() : streams.stdout,
    stderr: streams.stderr,
    stdin: restarts ? undefined : streams.stdin,
  };
  const { entries, admin } = entriesOf(options.mappings, options.admin);
  await using operator = await Operator.open(options, admin);
  let ports: RunRequest["ports"] = [];
  const open = (image: string) =>
    isImageFile(image) ? openImage(image, commit) : openAddress(() => options.openDisk(image), commit);
  await using fleet = new Fleet(await open(options.image), {
    replicas,
    restarts,
    start: oneFirst(options.start),
    run: async (machine) => {
      const complete = { ...request, streams: true, ports, report: operator.reports };
      return machine.run(complete, machineStreams, isServer, await program);
    },
    note,
    ...operator.fleetEvents,
  });
  const policy = { isResumable: isServer, limit: replicas * CONNECTIONS_A_MACHINE, note };
  await using front = await Front.open(entries, fleet, { ...policy, ...operator.frontEvents });
  ports = portsOf(entries, front.published);
  await operator.begin(fleet, replicas);
  const stop = () => fleet.stop(signal!.reason);
  signal?.addEventListener("abort", stop);
  if (signal?.aborted) stop();
  const ending = new AbortController();
  program.catch((error) => fleet.fail(error));
  let updating: Promise<void> | undefined;
  try {
    const serves = await Promise.race([fleet.begin(), fleet.ended.then(() => false)]);
    if (!serves) return await fleet.ended;
    if (isServer) await writeTo(streams.stdout, Buffer.from(addresses(front.published)));
    const swap = async (image: string) => {
      const generation = await open(image);
      await fleet.swap(generation);
      return generation.commit;
    };
    updating = updates?.(swap, operator.onRefusal, ending.signal);
    updating?.catch((error) => fleet.fail(error));
    return await fleet.ended;
  } finally {
    ending.abort();
    front.close();
    signal?.removeEventListener("abort", stop);
    // It may have files to remove.
    await updating?.catch(() => {});
  }
}

function addresses(published: readonly string[]): string {
  return published.map((each) => (each.startsWith("unix:") ? `${each}\n` : `http://${each}/\n`)).join("");
}

/** Starts others once the template of the first is saved: they start from it. */
function oneFirst(start: ServingOptions["start"]): ServingOptions["start"] {
  let first: Promise<Guest> | undefined;
  return async (image, signal) => {
    if (first === undefined) {
      first = start(image, signal);
      return first;
    }
    await (await first.catch(() => undefined))?.otherWork;
    return start(image, signal);
  };
}

function nowhere(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() });
}
