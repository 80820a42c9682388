import * as fs from "node:fs";
import { Channel } from "../../protocol/channel.ts";
import { encodeClock } from "../../protocol/clock.ts";
import { ENTROPY_LENGTH } from "../../protocol/entropy.ts";
import { type Frame, FrameType } from "../../protocol/frame.ts";
import { encodeRequest, type RunRequest } from "../../protocol/request.ts";
import { signalStatus } from "../../protocol/signal-status.ts";
import { type ServeOptions, serveHost } from "../serve-host.ts";
import { HostStreams } from "../streams/host-streams.ts";
import type { System } from "../system.ts";
import { StreamClient } from "./client.ts";

/** Not zeros: some generators return nothing but zeros then. */
const ENTROPY = Buffer.alloc(ENTROPY_LENGTH, 1);

/** The signal that ends a program with ports. */
const ENDED_BY = "SIGTERM";

/** Milliseconds between the host's clock and the guest's, as a template of another day has them. */
const CLOCK_ERROR_MS = 100;

/**
 * The host's end of a channel within this machine: asks for one run, and answers the frames that the guest
 * sends.
 */
export class MockHost {
  readonly #request: RunRequest;
  readonly #ends: [host: number, guest: number];
  readonly #channel: Channel;
  readonly #streamEnds: [host: number, guest: number];
  #status: number | undefined;
  #errors = "";

  constructor(system: System, request: RunRequest) {
    this.#request = request;
    this.#ends = system.connectedSockets();
    this.#channel = new Channel(this.#ends[0]);
    this.#streamEnds = system.connectedSockets();
  }

  /**
   * Runs the request in this process.
   * @throws {Error} if the program does not end as it must.
   */
  async serve(options: ServeOptions): Promise<void> {
    const guest = new Channel(this.#ends[1], () => this.#answer(this.#channel.receiveSync()!));
    const streams = new HostStreams(this.#streamEnds[1]);
    await serveHost(guest, { ...options, streams });
    fs.closeSync(this.#ends[1]);
    streams.close();
    if (this.#request.ports === undefined) fs.closeSync(this.#streamEnds[0]);
    checkStatus(this.#request, this.#status, this.#errors);
  }

  #answer({ type, payload }: Frame): void {
    const channel = this.#channel;
    if (type === FrameType.READY) channel.send(FrameType.RESUME, ENTROPY);
    else if (type === FrameType.ASK_CLOCK)
      channel.send(FrameType.CLOCK, encodeClock(Date.now() + CLOCK_ERROR_MS));
    else if (type === FrameType.RESUMED) channel.send(FrameType.RUN, encodeRequest(this.#request));
    else if (type === FrameType.STDERR) this.#errors += Buffer.from(payload);
    else if (type === FrameType.STDOUT) this.#useServer();
    else if (type === FrameType.EXIT) {
      this.#status = payload[0];
      fs.closeSync(this.#ends[0]);
    }
  }

  /** A program with ports runs until a signal ends it. */
  #useServer(): void {
    const [port] = this.#request.ports ?? [];
    if (port !== undefined) {
      const client = new StreamClient(this.#streamEnds[0]);
      void client.sendRequests(port.port).finally(() => {
        client.close();
        this.#channel.send(FrameType.SIGNAL, Buffer.from(ENDED_BY));
      });
    }
  }
}

/** @throws {Error} with what the program wrote to standard error, if a program of the warm-up has failed. */
export function checkStatus(
  { program, ports }: RunRequest,
  status: number | undefined,
  errors: string,
): void {
  const expected = ports === undefined ? 0 : signalStatus(ENDED_BY);
  if (status !== expected) throw new Error(`the warm-up of ${program} failed: ${errors}`);
}
