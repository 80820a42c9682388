import { setTimeout } from "node:timers/promises";
import test from "ava";
import { describe, ProgressLine, ProgressLog, pace } from "../../scripts/cli/progress.ts";
import { bytes, duration } from "../../scripts/cli/quantity.ts";

test("quantities have units and separators", (t) => {
  t.deepEqual(
    [0, 1, 512, 999, 1000, 1234, 9_949, 9_950, 999_499, 999_500, 31_457_280, 5e9, 2e15].map(bytes),
    [
      "0 bytes",
      "1 byte",
      "512 bytes",
      "999 bytes",
      "1.0 KB",
      "1.2 KB",
      "9.9 KB",
      "10 KB",
      "999 KB",
      "1.0 MB",
      "31 MB",
      "5.0 GB",
      "2000 TB",
    ],
  );
  t.deepEqual([0, 449, 9_940, 9_960, 119_000, 185_000].map(duration), [
    "0.0 s",
    "0.4 s",
    "9.9 s",
    "10 s",
    "119 s",
    "3 min 5 s",
  ]);
});

test("progress names the work, how much, and the share where it is known", (t) => {
  t.is(
    describe({ phase: "pack", unit: "objects", done: 1200, total: 4000 }),
    "Packing 1,200 of 4,000 objects (30%)",
  );
  t.is(
    describe({ phase: "read", unit: "bytes", files: 1200, done: 1e6, total: 4e6 }),
    "Reading 1,200 files, 1.0 MB of 4.0 MB (25%)",
  );
  t.is(describe({ phase: "read", unit: "bytes", files: 1, done: 0, total: 0 }), "Reading 1 file, 0 bytes");
  t.is(describe({ phase: "fetch", unit: "objects", done: 7, total: undefined }), "Fetching 7 objects");
  t.is(describe({ phase: "write", unit: "bytes", done: 1e6, total: 3e6 }), "Writing 1.0 MB of 3.0 MB (33%)");
  t.is(describe({ phase: "verify", done: 1, total: 4 }), "Verifying 25%");
  t.is(describe({ phase: "verify", done: 0, total: 0 }), "Verifying");
});

test("the progress line fits the terminal and goes away", (t) => {
  let written = "";
  const stream = { columns: 20, write: (text: string) => (written += text) };
  const line = new ProgressLine(stream as unknown as NodeJS.WriteStream);
  line.clear();
  t.is(written, "");
  line.show({ phase: "pack", unit: "objects", done: 1200, total: 4000 });
  t.is(written, "\rPacking 1,200 of 4,\x1b[K");
  line.clear();
  line.clear();
  t.is(written, "\rPacking 1,200 of 4,\x1b[K\r\x1b[K");
});

test("the progress line appears on a terminal of unknown width", (t) => {
  let written = "";
  const stream = { columns: 0, write: (text: string) => (written += text) };
  new ProgressLine(stream as unknown as NodeJS.WriteStream).show({ phase: "verify", done: 1, total: 4 });
  t.is(written, "\rVerifying 25%\x1b[K");
});

test("a log of progress has a line now and then, none without progress, and ends", async (t) => {
  const lines: string[] = [];
  let onLine = () => {};
  const stream = {
    write(text: string) {
      lines.push(text);
      onLine();
    },
  } as unknown as NodeJS.WritableStream;
  const log = new ProgressLog(stream, 5);
  // The timer alone keeps no process alive.
  const alive = setInterval(() => {}, 1000);
  await setTimeout(50);
  t.deepEqual(lines, []);
  for (const done of [1000, 2000]) {
    log.show({ phase: "pack", unit: "objects", done, total: 4000 });
    await new Promise<void>((resolve) => {
      onLine = resolve;
    });
  }
  log.clear();
  const { length } = lines;
  await setTimeout(50);
  clearInterval(alive);
  t.is(lines.length, length);
  t.is(lines[0], "docteur: Packing 1,000 of 4,000 objects (25%)\n");
  t.is(lines.at(-1), "docteur: Packing 2,000 of 4,000 objects (50%)\n");
});

test("progress shows the rate and the time left after a second", (t) => {
  t.is(pace({ phase: "write", unit: "bytes", done: 5e6, total: 9e6 }, 4e6, 2000), ", 2.0 MB/s, 2.0 s left");
  t.is(pace({ phase: "fetch", unit: "objects", done: 3000, total: undefined }, 3000, 2000), ", 1,500/s");
  t.is(pace({ phase: "verify", done: 1, total: 4 }, 1, 5000), ", 15 s left");
  t.is(pace({ phase: "verify", done: 4, total: 4 }, 4, 5000), "");
  t.is(pace({ phase: "verify", done: 1, total: 4 }, 1, 500), "");
  t.is(pace({ phase: "verify", done: 0, total: 4 }, 0, 5000), "");
});
