/**
 * Makes an image, for tests that limit the process: `node make-in-child.ts REPOSITORY IMAGE [BLOCK SIZE]`.
 * Prints the phases, and in the end `peak` and the most KiB of memory that the process held.
 */
import { makeImage } from "../../image-builder/index.ts";

const [repository, image, blockSize] = process.argv.slice(2) as [string, string, string | undefined];
const controller = new AbortController();
process.on("SIGTERM", () => controller.abort(new Error("told to end")));
try {
  await makeImage({
    repository,
    image,
    date: "2020-10-10T08:00:00+00:00",
    blockSize: blockSize === undefined ? undefined : Number(blockSize),
    onProgress: ({ phase }) => process.stdout.write(`${phase}\n`),
    signal: controller.signal,
  });
  process.stdout.write(`peak ${process.resourceUsage().maxRSS}\n`);
} catch (error) {
  const { code, message } = error as { code?: string; message: string };
  process.stderr.write(`${code}: ${message}\n`);
  process.exitCode = 1;
}
