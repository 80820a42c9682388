import { type Inflated, InflateError, type Inflater } from "./inflate.ts";

const Z_SYNC_FLUSH = 2;
const Z_STREAM_END = 1;
const Z_NEED_DICT = 2;
const Z_BUF_ERROR = -5;

type Pako = typeof import("pako");
let loaded: Pako | undefined;

/** Loaded when it is first needed: with zlib it never is, and it takes a tenth of a short program's time. */
function pako(): Pako {
  loaded ??= (
    typeof require === "function"
      ? require("pako")
      : process.getBuiltinModule("node:module").createRequire(import.meta.url)("pako")
  ) as Pako;
  return loaded;
}

/** The portable engine: zlib translated to JavaScript, which needs nothing of its host. */
export class PakoInflater implements Inflater {
  readonly #pako = pako();
  readonly #stream = new this.#pako.ZStream();
  readonly #result = { consumed: 0, produced: 0, ended: false };

  constructor() {
    this.#pako.zlibInflateInit(this.#stream);
  }

  start(): void {
    this.#pako.zlibInflateReset(this.#stream);
  }

  write(
    input: Uint8Array,
    inputStart: number,
    inputEnd: number,
    output: Uint8Array,
    outputStart: number,
    outputEnd: number,
  ): Inflated {
    const stream = this.#stream;
    stream.input = input;
    stream.next_in = inputStart;
    stream.avail_in = inputEnd - inputStart;
    stream.output = output as Uint8Array<ArrayBuffer>;
    stream.next_out = outputStart;
    stream.avail_out = outputEnd - outputStart;
    const status = this.#pako.zlibInflate(stream, Z_SYNC_FLUSH);
    if (status === Z_NEED_DICT) throw new InflateError("does not inflate: it wants a dictionary");
    if (status < 0 && status !== Z_BUF_ERROR)
      throw new InflateError(`does not inflate: ${stream.msg || "not a zlib stream"}`);
    this.#result.consumed = stream.next_in - inputStart;
    this.#result.produced = stream.next_out - outputStart;
    this.#result.ended = status === Z_STREAM_END;
    return this.#result;
  }

  another(): PakoInflater {
    return new PakoInflater();
  }

  close(): void {}
}
