// Writes the blobs whose ids are listed in a file to standard output, then its peak resident memory in MB to standard
// error. Usage: read-blobs.cjs IMAGE LIST. In CommonJS, which Node starts a little sooner than a module.
"use strict";
const { readFileSync, writeSync } = require("node:fs");
// The library as it is published.
const { connect, openFileDevice } = require("docteur/store");

const buffer = Buffer.alloc(128 * 1024);
/** Bytes of a value that takes longer to be copied than a call of the system. */
const LARGE = 16 * 1024;
const { copy } = Buffer.prototype;
let used = 0;

function flush() {
  if (used > 0) writeSync(1, buffer, 0, used);
  used = 0;
}

function* lines(ids) {
  const digits = ids.indexOf("\n");
  for (let at = 0; at < ids.length; at += digits + 1) yield ids.latin1Slice(at, at + digits);
}

async function main([image = "", list = ""]) {
  const store = connect(openFileDevice(image));
  for await (const { value } of store.getAllById(lines(readFileSync(list)))) {
    if (!(value instanceof Uint8Array)) throw value;
    if (value.length >= LARGE || used + value.length > buffer.length) flush();
    if (value.length >= LARGE) writeSync(1, value);
    else {
      // `set` takes its time where the source is shared memory.
      copy.call(value, buffer, used);
      used += value.length;
    }
  }
  flush();
  store.close();
  // Not getrusage(2), whose figure is that of the process which started this one, if that had more.
  const peak = /^VmHWM:\s*(\d+)/m.exec(readFileSync("/proc/self/status", "utf8"))[1];
  process.stderr.write(String(Number(peak) / 1024));
}

main(process.argv.slice(2));
