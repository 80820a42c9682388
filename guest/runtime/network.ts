import * as fs from "node:fs";

/** Whether this machine has a network card, which it is given only to publish ports. */
export function hasNetwork(): boolean {
  return fs.existsSync("/sys/class/net/eth0");
}
