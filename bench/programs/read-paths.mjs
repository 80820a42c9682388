// Writes the values of the paths listed in a file to standard output, then its peak resident memory in MB to standard
// error. Usage: read-paths.mjs IMAGE LIST
import { readFileSync, writeSync } from "node:fs";
// The library as it is published.
import { connect, openFileDevice } from "docteur/store";

const [image = "", list = ""] = process.argv.slice(2);
const paths = readFileSync(list, "utf8").trimEnd().split("\n");
const store = connect(openFileDevice(image), { layout: "fast" });

const buffer = new Uint8Array(128 * 1024);
let used = 0;
const flush = () => {
  writeSync(1, buffer, 0, used);
  used = 0;
};
for await (const { value } of store.getAll(paths)) {
  if (!(value instanceof Uint8Array)) throw value;
  if (used + value.length > buffer.length) flush();
  if (value.length > buffer.length) writeSync(1, value);
  else {
    buffer.set(value, used);
    used += value.length;
  }
}
flush();
store.close();
process.stderr.write(String(process.resourceUsage().maxRSS / 1024));
