import * as fs from "node:fs";
import { join } from "node:path";
import test from "ava";
import { directOutput } from "../../../guest/runtime/direct-output.ts";
import { temporaryFolder } from "../../temporary-folder.ts";

/** Output by way of the host, as text of both streams. */
function host() {
  const sent: string[] = [];
  return {
    sent,
    console: {
      write: (data: Uint8Array | string) => void sent.push(`out ${Buffer.from(data)}`),
      error: (data: Uint8Array | string) => void sent.push(`err ${Buffer.from(data)}`),
    },
  };
}

test("bytes and text go to the descriptors, and nothing to the host", (t) => {
  const path = join(temporaryFolder(t), "both");
  const fd = fs.openSync(path, "w");
  const { sent, console } = host();
  const output = directOutput(console, fd, fd);
  output.write("é\n");
  output.error(Buffer.from("an error\n"));
  output.write(Buffer.of(0xff, 0));
  output.write("");
  t.deepEqual(fs.readFileSync(path), Buffer.concat([Buffer.from("é\nan error\n"), Buffer.of(0xff, 0)]));
  t.deepEqual(sent, []);
});

test("without a descriptor, a stream goes to the host", (t) => {
  const path = join(temporaryFolder(t), "out");
  const { sent, console } = host();
  const output = directOutput(console, fs.openSync(path, "w"), undefined);
  output.write("1");
  output.error("2");
  t.is(fs.readFileSync(path, "utf8"), "1");
  t.deepEqual(sent, ["err 2"]);
});

test("once a descriptor fails, all goes to the host, from the first byte that was not written", (t) => {
  const path = join(temporaryFolder(t), "errors");
  const full = fs.openSync("/dev/full", "w");
  const { sent, console } = host();
  const output = directOutput(console, full, fs.openSync(path, "w"));
  output.error("before\n");
  output.write("lost");
  output.error("after");
  output.write("more");
  t.is(fs.readFileSync(path, "utf8"), "before\n");
  t.deepEqual(sent, ["out lost", "err after", "out more"]);
});
