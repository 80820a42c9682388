import * as fs from "node:fs";

/** Whether this machine has a network card. Only a machine with published ports has one. */
export function hasNetwork(): boolean {
  return fs.existsSync("/sys/class/net/eth0");
}
