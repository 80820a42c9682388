// Reads an image that lies elsewhere from its first byte to its last, and prints how many seconds that takes from the
// opening on. Usage: read-remote.ts ADDRESS.
import { parseImageAddress } from "../../remote/address.ts";
import { openRemoteImage } from "../../remote/open.ts";

const PIECE = 256 * 1024;

const start = performance.now();
await using image = await openRemoteImage(parseImageAddress(process.argv[2]!), { memory: 32 * 1024 * 1024 });
for (let at = 0; at < image.size; at += PIECE) await image.read(at, Math.min(PIECE, image.size - at));
process.stdout.write(String((performance.now() - start) / 1000));
