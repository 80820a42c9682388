// Reads the blobs whose ids are listed in a file, of an image that lies elsewhere, and prints how many bytes they have.
// Usage: read-remote-blobs.cjs ADDRESS LIST.
"use strict";
const { readFileSync } = require("node:fs");
// The libraries as they are published.
const { openRemoteDevice } = require("docteur/remote");
const { connect } = require("docteur/store");

function* lines(ids) {
  for (let at = 0; at < ids.length; at += 41) yield ids.latin1Slice(at, at + 40);
}

async function main([address = "", list = ""]) {
  const store = connect(await openRemoteDevice(address));
  let bytes = 0;
  for await (const { value } of store.getAllById(lines(readFileSync(list)))) {
    if (!(value instanceof Uint8Array)) throw value;
    bytes += value.length;
  }
  store.close();
  process.stdout.write(String(bytes));
}

main(process.argv.slice(2));
