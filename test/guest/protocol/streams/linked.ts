import { Multiplexer, type MultiplexerListener } from "../../../../guest/protocol/streams/multiplexer.ts";
import type { Ending, Stream } from "../../../../guest/protocol/streams/stream.ts";

/** Two ends of one connection in this process. */
export interface Linked {
  readonly host: Multiplexer;
  readonly guest: Multiplexer;
  /** The guest's streams, in the order in which they were opened. */
  readonly opened: Stream[];
}

/** Connects two multiplexers. @param cut lengths of the pieces in which bytes arrive, in turn. */
export function link(
  cut: readonly number[] = [Number.POSITIVE_INFINITY],
  host?: MultiplexerListener,
): Linked {
  const opened: Stream[] = [];
  const nothing = { onControl() {} };
  let turn = 0;
  const pass = (to: () => Multiplexer) => ({
    write(bytes: Buffer, done: () => void) {
      // What was sent may be overwritten once `done` is called, and views are valid during the call only.
      const copy = Buffer.from(bytes);
      setImmediate(() => {
        for (let at = 0; at < copy.length; ) {
          const end = Math.min(copy.length, at + cut[turn++ % cut.length]!);
          const piece = Buffer.from(copy.subarray(at, end));
          to().receive(piece);
          piece.fill(0xee);
          at = end;
        }
        done();
      });
    },
  });
  const linked: Linked = {
    opened,
    host: new Multiplexer(
      pass(() => linked.guest),
      host ?? nothing,
    ),
    guest: new Multiplexer(
      pass(() => linked.host),
      { ...nothing, onOpen: (stream) => void opened.push(stream) },
    ),
  };
  return linked;
}

/** Collects what a stream brings. */
export class Received {
  readonly pieces: Buffer[] = [];
  checkpoints: number[] = [];
  hasEnded = false;
  ending: Ending | undefined;
  drains = 0;

  /** @param consumes whether it takes bytes at once. */
  constructor(stream: Stream, consumes = true) {
    stream.listener = {
      onData: (bytes) => {
        this.pieces.push(Buffer.from(bytes));
        if (consumes) stream.consumed(bytes.length);
      },
      onEnd: () => {
        this.hasEnded = true;
      },
      onDrain: () => {
        this.drains++;
      },
      onClose: (ending) => {
        this.ending = ending;
      },
      onCheckpoint: (bytes) => void this.checkpoints.push(bytes),
    };
  }

  get bytes(): Buffer {
    return Buffer.concat(this.pieces);
  }
}

/** Waits until nothing moves any more. */
export async function rest(turns = 200): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
}
