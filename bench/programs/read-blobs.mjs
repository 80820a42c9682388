// Writes the blobs whose ids are listed in a file to standard output, then its peak resident memory in MB to standard
// error. Usage: read-blobs.mjs IMAGE LIST
import { readFileSync, writeSync } from "node:fs";
// The library as it is published.
import { connect, openFileDevice } from "docteur/store";

const [image = "", list = ""] = process.argv.slice(2);
const ids = readFileSync(list);
const store = connect(openFileDevice(image));

const buffer = Buffer.alloc(128 * 1024);
/** Bytes of a value that takes longer to be copied than a call of the system. */
const LARGE = 16 * 1024;
const { copy } = Buffer.prototype;
let used = 0;
const flush = () => {
  if (used === 0) return;
  writeSync(1, buffer, 0, used);
  used = 0;
};
function* lines() {
  for (let at = 0; at < ids.length; at += 41) yield ids.latin1Slice(at, at + 40);
}
for await (const { value } of store.getAllById(lines())) {
  if (!(value instanceof Uint8Array)) throw value;
  if (used + value.length > buffer.length || value.length >= LARGE) flush();
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
process.stderr.write(String(Number(/^VmHWM:\s*(\d+)/m.exec(readFileSync("/proc/self/status", "utf8"))[1]) / 1024));
