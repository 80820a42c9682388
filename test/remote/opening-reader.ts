// A process that opens an image and reads some of it: `ADDRESS BLOCKS [TOKEN]`, once its input ends. Before
// that it prints "ready". Prints a digest of what it has read, or a code.
import { createHash } from "node:crypto";
import { parseImageAddress } from "../../remote/address.ts";
import { openRemoteImage } from "../../remote/open.ts";

const [address = "", blocks = "", token] = process.argv.slice(2);
console.log("ready");
for await (const _ of process.stdin);
try {
  const env = { HOME: process.env.HOME, ...(token !== undefined && { DOCTEUR_TOKEN: token }) };
  await using image = await openRemoteImage(parseImageAddress(address), { env, deadline: 20 });
  const read: Uint8Array[] = [];
  // The last one first, so that nothing is read ahead.
  for (let block = Number(blocks) - 1; block >= 0; block--)
    read.unshift(await image.read(block * 65_536, 65_536));
  console.log(createHash("sha256").update(Buffer.concat(read)).digest("hex"));
} catch (error) {
  console.log((error as { code?: string }).code);
}
