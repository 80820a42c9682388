import { InflateError, type Inflater } from "./inflate.ts";

const Z_SYNC_FLUSH = 2;
const Z_STREAM_END = 1;
const Z_NEED_DICT = 2;
const Z_BUF_ERROR = -5;

type Pako = typeof import("pako");
let loaded: Pako | undefined;

/** Loaded when it is first wanted: where zlib serves, nobody wants it, and it takes a tenth of a short program's time. */
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
  consumed = 0;
  produced = 0;
  readonly #pako = pako();
  readonly #stream = new this.#pako.ZStream();

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
  ): boolean {
    const stream = this.#stream;
    stream.input = input;
    stream.next_in = inputStart;
    stream.avail_in = inputEnd - inputStart;
    stream.output = output as Uint8Array<ArrayBuffer>;
    stream.next_out = outputStart;
    stream.avail_out = outputEnd - outputStart;
    const status = this.#pako.zlibInflate(stream, Z_SYNC_FLUSH);
    this.consumed = stream.next_in - inputStart;
    this.produced = stream.next_out - outputStart;
    if (status === Z_NEED_DICT) throw new InflateError("does not inflate: it wants a dictionary");
    if (status < 0 && status !== Z_BUF_ERROR)
      throw new InflateError(`does not inflate: ${stream.msg || "not a zlib stream"}`);
    return status === Z_STREAM_END;
  }

  another(): PakoInflater {
    return new PakoInflater();
  }

  close(): void {}
}
