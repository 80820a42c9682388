import { isFile, parseImageAddress } from "../../remote/address.ts";
import { DEFAULT_CACHE_SIZE } from "../../remote/cache/cache-size.ts";
import type { SourceOptions } from "../../remote/source.ts";
import type { Invocation } from "./arguments.ts";
import type { CommandContext, Option, Section } from "./command.ts";
import { bytes } from "./quantity.ts";
import { size } from "./size.ts";

/** The options of a command that takes an image by its address. */
export const sourceOptionList: readonly Option[] = [
  {
    name: "header-from",
    value: "FILE",
    description:
      "For an http or https address: send the lines of FILE, each 'Name: value', to its server, and to no other.",
  },
  {
    name: "cacert",
    value: "FILE",
    description: "For an https or oci address: trust the certificates in FILE (PEM), beside the system's.",
  },
  {
    name: "plain-http",
    description:
      "For an oci address: speak HTTP without TLS. Default: only to a registry of this machine that has no TLS.",
  },
  {
    name: "cache-size",
    value: "SIZE",
    description: `For an image that lies elsewhere: how much of all such images the cache keeps, in bytes or with K, M, G (powers of 1024); 0 keeps and reads nothing there. What was used longest ago goes first. Default: 2G (${bytes(DEFAULT_CACHE_SIZE)}).`,
  },
];

/** What IMAGE may be, for the manuals. */
export const imageAddresses: Section = {
  title: "IMAGE",
  body: ` FILE                          a file or a block device
 https://HOST/PATH, http://... a server that answers ranges
 oci://REGISTRY/NAME:TAG       a registry; @DIGEST instead of :TAG
                               pins the image
 nbd://HOST[:PORT][/EXPORT]    an NBD server
 nbd+unix:///[EXPORT]?socket=PATH

Of an image that lies elsewhere, the blocks that are read are fetched, and kept in
$XDG_CACHE_HOME/docteur/blocks for later ('docteur cache' lists and removes them).`,
};

/** The values of `sourceOptionList`. @throws {UsageError} */
export function sourceOptions(
  invocation: Invocation,
  { env, signal }: Pick<CommandContext, "env" | "signal">,
): SourceOptions & { readonly cacheSize: number | undefined } {
  return {
    headerFrom: invocation.text("header-from"),
    cacert: invocation.text("cacert"),
    plainHttp: invocation.flag("plain-http"),
    cacheSize: size(invocation, "cache-size"),
    env,
    signal,
  };
}

/** What messages call the image that a user names: without the secrets of its address. @throws {SourceError} */
export function imageName(image: string): string {
  const address = parseImageAddress(image);
  return isFile(address) ? address.path : address.display;
}
