// Runs in the machine: reads the files listed in /guest/paths one after the other, from the store or from
// squashfs, and tells the console how long it took.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { openFileDevice } from "../../reader/block/file.ts";
import { connect } from "../../reader/store/connect.ts";

const paths = readFileSync("/guest/paths", "utf8").split("\n");
const busybox = "/guest/bin/busybox";
const start = process.hrtime.bigint();
let bytes = 0;
if (process.argv[2] === "store") {
  const store = connect(openFileDevice("/dev/vdb"), { layout: "light" });
  for (const path of paths) bytes += store.get(path).length;
} else {
  execFileSync(busybox, ["mount", "-t", "squashfs", "-o", "ro", "/dev/vdb", "/guest/squashfs"]);
  for (const path of paths) bytes += readFileSync(`/guest/squashfs/${path}`).length;
}
const seconds = Number(process.hrtime.bigint() - start) / 1e9;
process.stdout.write(`bench ${seconds.toFixed(3)} s ${bytes} bytes\n`);
