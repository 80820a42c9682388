import { Agent, type IncomingMessage, request } from "node:http";

/** The files of one version of a site: contents by path. */
export interface Version {
  readonly files: ReadonlyMap<string, Buffer>;
  /** Ids of the blobs, by path. */
  readonly ids: ReadonlyMap<string, string>;
}

/** What clients have seen. */
export interface Seen {
  /** Complete answers, by version. */
  readonly answers: number[];
  /** Requests that failed while a machine was killed, and were sent again. */
  retried: number;
  /** What must not be, in words. */
  readonly faults: string[];
}

interface Answer {
  readonly status: number | undefined;
  readonly etag: string | undefined;
  readonly body: Buffer;
}

/** Clients that ask for files without a pause, on new connections and on those that are kept. */
export class Load {
  readonly seen: Seen;
  /** The newest version that may be served, and the newest that is. */
  published = 0;
  confirmed = 0;
  readonly #port: number;
  readonly #versions: readonly Version[];
  readonly #running: Promise<void>[];
  readonly #counts: number[];
  #kills = 0;
  /** Machines that are killed, and still get requests. */
  #dying = 0;
  #isEnding = false;

  constructor(port: number, versions: readonly Version[], clients: number) {
    this.#port = port;
    this.#versions = versions;
    this.seen = { answers: versions.map(() => 0), retried: 0, faults: [] };
    this.#counts = Array.from({ length: clients }, () => 0);
    this.#running = this.#counts.map((_, client) => this.#client(client));
  }

  /**
   * Kills a machine. Requests that are sent until its end is noticed may fail.
   * @returns once it is noticed.
   */
  async kill(pid: number, noticed: Promise<unknown>): Promise<void> {
    this.#kills++;
    this.#dying++;
    process.kill(pid, "SIGKILL");
    await noticed;
    this.#dying--;
  }

  /** Resolves once each client has got so many more answers, or something is wrong. */
  async answers(count: number): Promise<void> {
    const goals = this.#counts.map((each) => each + count);
    const isReached = () => this.#counts.every((each, client) => each >= goals[client]!);
    while (!isReached() && this.seen.faults.length === 0) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Ends the clients, each after its answer. */
  async end(): Promise<Seen> {
    this.#isEnding = true;
    await Promise.all(this.#running);
    return this.seen;
  }

  async #client(client: number): Promise<void> {
    const kept = new Agent({ keepAlive: true, maxSockets: 1 });
    const paths = [...this.#versions[0]!.files.keys()];
    for (let turn = client; !this.#isEnding && this.seen.faults.length === 0; turn++) {
      const path = paths[turn % paths.length]!;
      // Runs of requests on one connection, and between them some on new ones.
      const agent = turn % 5 === 0 ? undefined : kept;
      await this.#untilAnswered(path, agent);
      this.#counts[client]!++;
    }
    kept.destroy();
  }

  async #untilAnswered(path: string, agent: Agent | undefined): Promise<void> {
    for (;;) {
      const kills = this.#kills;
      const mayFail = this.#dying > 0;
      // On a kept connection the request may still be in the machine that is being replaced.
      const oldest = agent === undefined ? this.confirmed : Math.max(0, this.confirmed - 1);
      try {
        const fault = this.#judge(path, await this.#ask(path, agent), oldest);
        if (fault !== undefined) this.seen.faults.push(fault);
        return;
      } catch (error) {
        if (this.#kills === kills && !mayFail) {
          this.seen.faults.push(`${path}: ${(error as Error).message}`);
          return;
        }
        this.seen.retried++;
      }
    }
  }

  /** @throws if the answer does not come, or not all of it. */
  async #ask(path: string, agent: Agent | undefined): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const options = { host: "127.0.0.1", port: this.#port, path, agent: agent ?? false };
    request(options, resolve).on("error", reject).end();
    const response = await promise;
    const pieces: Buffer[] = [];
    for await (const piece of response) pieces.push(piece);
    return { status: response.statusCode, etag: response.headers.etag, body: Buffer.concat(pieces) };
  }

  /** @returns what is wrong, if anything is. */
  #judge(path: string, answer: Answer, oldest: number): string | undefined {
    const version = this.#versions.findIndex(({ files }) => files.get(path)!.equals(answer.body));
    const what = `${path}: ${answer.status}, ${answer.body.length} bytes, ${answer.etag}`;
    if (answer.status !== 200 || version < 0) return `${what}: of no version`;
    const id = this.#versions[version]!.ids.get(path);
    if (answer.etag !== `"${id}"`) return `${what}: the tag is not that of the content, ${id}`;
    if (version < oldest || version > this.published) {
      return `${what}: of version ${version}, not of ${oldest} to ${this.published}`;
    }
    this.seen.answers[version]!++;
    return undefined;
  }
}
