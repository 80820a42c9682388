import { AccessLog } from "../front/access-log.ts";
import { type Admin, startAdmin } from "../front/admin.ts";
import type { BindAddress } from "../front/bind.ts";
import { Metrics } from "../front/metrics.ts";
import type { Fleet, FleetOptions } from "./fleet.ts";
import type { FrontOptions } from "./front.ts";

/** What the operator of a site wants to know. */
export interface OperatorOptions {
  /** The file of the access log; `-` for standard output. Default: none. */
  readonly accessLog?: string | undefined;
  /** Gets a line of text about what goes wrong. */
  note(line: string): void;
}

/** The access log, the metrics and their server, for the operator of a site. */
export class Operator implements AsyncDisposable {
  readonly #log: AccessLog | undefined;
  readonly #addresses: readonly BindAddress[];
  readonly #note: (line: string) => void;
  readonly #metrics = new Metrics(() => this.#state());
  readonly #admins: Admin[] = [];
  readonly #reopen = () => void this.#log?.reopen();
  #fleet: Fleet | undefined;
  #replicas = 1;

  private constructor(
    log: AccessLog | undefined,
    addresses: readonly BindAddress[],
    note: (line: string) => void,
  ) {
    this.#log = log;
    this.#addresses = addresses;
    this.#note = note;
    // Without a listener, Node opens its debugger.
    process.on("SIGUSR1", this.#reopen);
  }

  /**
   * Opens the access log, which SIGUSR1 opens again.
   * @param addresses those where `begin` answers. @throws {DocteurError} `LOG_UNWRITABLE`.
   */
  static async open(
    { accessLog, note }: OperatorOptions,
    addresses: readonly BindAddress[],
  ): Promise<Operator> {
    const log = accessLog === undefined ? undefined : await AccessLog.open(accessLog, note);
    return new Operator(log, addresses, note);
  }

  /** Whether the program is to report its answers. */
  get reports(): boolean {
    return this.#log !== undefined || this.#addresses.length > 0;
  }

  /** What it counts of a fleet. */
  get fleetEvents(): Pick<FleetOptions, "onAccess" | "onRestart" | "onSwap"> {
    return {
      onAccess: this.reports
        ? (record, peer) => {
            this.#metrics.record(record);
            this.#log?.record(record, peer);
          }
        : undefined,
      onRestart: () => this.#metrics.restarted(),
      onSwap: () => this.#metrics.swapped(),
    };
  }

  /** What it counts of connections. */
  get frontEvents(): Pick<FrontOptions, "onOpen" | "onClose"> {
    return {
      onOpen: () => this.#metrics.connectionOpened(),
      onClose: () => this.#metrics.connectionClosed(),
    };
  }

  /** Counts an image that is not served. */
  readonly onRefusal = () => this.#metrics.refused();

  /** Answers the operator's requests. @throws {DocteurError} those of `startAdmin`. */
  async begin(fleet: Fleet, replicas: number): Promise<void> {
    this.#fleet = fleet;
    this.#replicas = replicas;
    const options = {
      metrics: () => this.#metrics.text(),
      whyNotReady: () => (fleet.serving.length > 0 ? undefined : "no machine serves at this moment"),
      note: this.#note,
    };
    for (const address of this.#addresses) this.#admins.push(await startAdmin(address, options));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const admin of this.#admins) admin.close();
    await this.#log?.close();
    process.off("SIGUSR1", this.#reopen);
  }

  #state() {
    const fleet = this.#fleet!;
    const ready = fleet.serving.length;
    return {
      machines: { ready, draining: fleet.retired, starting: Math.max(0, this.#replicas - ready) },
      commit: fleet.generation.commit,
      logLinesDropped: this.#log?.dropped,
    };
  }
}
