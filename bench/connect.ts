// Connecting on the host: time and memory of the fast layout, and how the light one depends on the number of files.

import { openFileDevice } from "../guest/block/file.ts";
import { connect } from "../guest/store/connect.ts";
import { compare } from "./lib/compare.ts";
import { blobs, corpus } from "./lib/corpus.ts";

const files = await corpus();
const { length } = await blobs(files);
const fixture = new URL("../test/fixtures/docteur-0.0.7/small.img", import.meta.url).pathname;
/** Connecting is too quick to be measured once. */
const TIMES = 20;

const open = (image: string, layout: "fast" | "light") => ({
  name: `${layout}, ${image === fixture ? "10" : length} files`,
  async run() {
    let size = 0;
    for (let i = 0; i < TIMES; i++) {
      const store = connect(openFileDevice(image), { layout });
      size = store.layoutSize;
      store.close();
    }
    return { "bytes a file": size / length };
  },
});
await compare({
  name: `connect-${files.name}`,
  title: `connect, ${TIMES} times: light on ${files.name} beside light on 10 files`,
  target: 1.5,
  ours: open(files.image, "light"),
  peer: open(fixture, "light"),
  others: [open(files.image, "fast")],
});
