import type { ImageAddress } from "./address.ts";
import type { Source, SourceOptions } from "./source.ts";
import { SourceError } from "./source-error.ts";

/**
 * Opens an image that lies elsewhere.
 * @throws {SourceError} `SOURCE_UNSUPPORTED`: only QEMU reads what is at such an address; it cannot be read
 * there.
 */
export async function openSource(
  address: Exclude<ImageAddress, { kind: "file" }>,
  options: SourceOptions = {},
): Promise<Source> {
  switch (address.kind) {
    case "http":
      return await (await import("./http/http-source.ts")).openHttpSource(address, options);
    case "oci":
      return await (await import("./oci/open.ts")).openOciSource(address, options);
    default:
      throw new SourceError("SOURCE_UNSUPPORTED", `${address.display}: this command reads no such address`);
  }
}
