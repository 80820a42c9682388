import test from "ava";
import { SAMPLE_CONTENT, SAMPLE_PATH, sampleImage } from "../../../../guest/runtime/warm-up/sample-image.ts";
import { memoryDevice } from "../../../../reader/block/memory.ts";
import { connect } from "../../../../reader/store/connect.ts";

for (const layout of ["light", "fast"] as const) {
  test(`the sample is an image (${layout})`, (t) => {
    const store = connect(memoryDevice(sampleImage()), { layout, analyze: layout === "fast" });
    t.is(Buffer.from(store.get(SAMPLE_PATH)).toString(), SAMPLE_CONTENT);
    store.close();
  });
}
