/** What to fetch in advance. */
export interface Advance {
  readonly first: number;
  /** Blocks. */
  readonly count: number;
  /** Blocks that the reader then has ahead of it, all in all. */
  readonly window: number;
}

/** Streams that are remembered; the one that was read longest ago makes way. */
const STREAMS = 16;

/** Reads after which a stream that has not gone on has ended. */
const ENDED = 256;

/** Blocks of the first read-ahead of a stream, and how much larger the next ones are. */
const FIRST = 4;
const GROWTH = 2;

/** Blocks that a reader may skip where a stream is known: it reads headers, and not what they are of. */
const SKIP = 2;

/** Windows that a reader has ahead of it at most. */
const WINDOWS = 2;

/** Blocks after which a stream that goes on is one: two that follow each other may do so by chance. */
const SURE = 3;

interface Stream {
  /** The block after the last one that was read. */
  next: number;
  /** Blocks that were read one after the other. */
  length: number;
  /** Blocks to have ahead of the reader. */
  window: number;
  /** The block up to which all has been asked for. */
  asked: number;
  /** The number of the last read. */
  read: number;
}

/**
 * Recognizes readers that go through an image from one block to the next, several at once, and says what they
 * will want. As Linux reads ahead in files: more and more while it goes on, nothing where reads are random.
 */
export class ReadAhead {
  readonly #limit: number;
  /** The last read ones last. */
  #streams: Stream[] = [];
  #reads = 0;

  /** @param limit blocks to read ahead at most, of all streams together. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Takes note of a read of the blocks from `first` to `last`. @returns what to fetch in advance, if anything. */
  after(first: number, last: number): Advance | undefined {
    this.#reads++;
    const at = this.#streams.findLastIndex((stream) => goesOn(stream, first));
    const known = at < 0 ? undefined : this.#streams.splice(at, 1)[0]!;
    const stream = known ?? { next: first, length: 0, window: 0, asked: 0, read: 0 };
    stream.read = this.#reads;
    this.#streams.push(stream);
    this.#forgetOld();
    const advance = last + 1 - stream.next;
    if (advance <= 0) return undefined;
    stream.next = last + 1;
    stream.length += advance;
    return known === undefined || stream.length < SURE ? undefined : this.#extend(stream);
  }

  #forgetOld(): void {
    const oldest = this.#reads - ENDED;
    this.#streams = this.#streams.filter(({ read }) => read > oldest);
    if (this.#streams.length <= STREAMS) return;
    // What has been read once may be no stream at all.
    this.#streams.splice(
      Math.max(
        0,
        this.#streams.findIndex(({ window }) => window === 0),
      ),
      1,
    );
  }

  #extend(stream: Stream): Advance | undefined {
    const start = Math.max(stream.asked, stream.next);
    // Whole windows are asked for, rather than a block with each that is read: the next one as soon as the reader wants
    // the first block of the last, so that the source has always something to send.
    if (start - stream.next >= stream.window && stream.window > 0) return undefined;
    const wanted = stream.window === 0 ? Math.max(FIRST, stream.length) : stream.window * GROWTH;
    const streams = this.#streams.filter((each) => each.window > 0 && each !== stream).length + 1;
    stream.window = Math.min(wanted, Math.max(1, Math.floor(this.#limit / WINDOWS / streams)));
    stream.asked = start + stream.window;
    return { first: start, count: stream.window, window: stream.window };
  }
}

/** Whether a read begins where a stream ended, or within its last block, which is often read in parts. */
function goesOn({ next, window, asked }: Stream, first: number): boolean {
  return first >= next - 1 && first <= (window > 0 ? Math.max(asked, next + SKIP) : next);
}
