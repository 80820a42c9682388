import { SourceError } from "../reader/source-error.ts";

/** Where an image lies. */
export type ImageAddress = FileAddress | HttpAddress | OciAddress | NbdAddress | RbdAddress;

/** A file or a block device of this machine. */
export interface FileAddress {
  readonly kind: "file";
  readonly path: string;
}

/** A server that answers ranges. */
export interface HttpAddress {
  readonly kind: "http";
  /** In full: its query may be a signature. */
  readonly url: URL;
  /** Without the query. */
  readonly display: string;
}

/** An artifact in a registry (OCI distribution specification 1.1). */
export interface OciAddress {
  readonly kind: "oci";
  /** `host` or `host:port`. */
  readonly registry: string;
  readonly repository: string;
  /** A tag, or a digest such as `sha256:...`. */
  readonly reference: string;
  readonly display: string;
}

/** An export of an NBD server. */
export interface NbdAddress {
  readonly kind: "nbd";
  readonly server: { readonly host: string; readonly port: number } | { readonly path: string };
  readonly exportName: string;
  readonly display: string;
}

/** An image of Ceph's block devices, which QEMU reads itself. */
export interface RbdAddress {
  readonly kind: "rbd";
  /** `POOL/IMAGE` and what else QEMU's `rbd:` takes. */
  readonly specification: string;
  readonly display: string;
}

/** IANA's port of NBD. */
const NBD_PORT = 10809;

/** `REGISTRY/NAME`, then `:TAG`, `@DIGEST` or nothing (distribution specification, "Pulling manifests"). */
const OCI =
  /^([a-z0-9.-]+(?::\d+)?|\[[0-9a-f:]+\](?::\d+)?)\/([a-z0-9]+(?:(?:[._]|__|-+|\/)[a-z0-9]+)*)(?::([\w][\w.-]{0,127})|@([a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-fA-F]{32,}))?$/;

/**
 * The address that a user gives for an image.
 * @throws {SourceError} `BAD_ADDRESS`: it begins as an address does, and is none, or has a password in it.
 */
export function parseImageAddress(text: string): ImageAddress {
  const scheme = /^([a-z][a-z0-9+]*):/i.exec(text)?.[1]?.toLowerCase();
  switch (scheme) {
    case "http":
    case "https":
      return parseHttp(text, scheme);
    case "oci":
      return parseOci(text);
    case "nbd":
    case "nbd+unix":
      return parseNbd(text, scheme);
    case "rbd":
      return parseRbd(text);
    default:
      if (scheme !== undefined && text.startsWith("//", scheme.length + 1)) throw otherScheme(text, scheme);
      return { kind: "file", path: text };
  }
}

/** What a user has to write in place of an address that docteur does not read. */
function otherScheme(text: string, scheme: string): SourceError {
  const rest = shown(text.slice(scheme.length + 1));
  if (scheme === "file") return bad(shown(text), "write the path alone");
  if (scheme === "docker") return bad(shown(text), `write oci:${rest}`);
  const known = "https, http, oci, nbd, nbd+unix and rbd";
  return bad(
    shown(text),
    `there are no ${scheme} addresses of images: docteur reads ${known} (and a path after ./)`,
  );
}

/** Whether an address is that of a file of this machine. */
export function isFile(address: ImageAddress): address is FileAddress {
  return address.kind === "file";
}

function parseHttp(text: string, scheme: string): HttpAddress {
  const url = asUrl(text, `${scheme}://HOST/PATH`);
  if (url.username !== "" || url.password !== "") {
    throw bad(
      withoutSecrets(url),
      "the address has a password in it, which others see: put it into a netrc file, or give --header-from FILE",
    );
  }
  if (url.hostname === "") throw bad(withoutSecrets(url), `write ${scheme}://HOST/PATH`);
  return { kind: "http", url, display: withoutSecrets(url) };
}

/** A URL as a message may show it: the query may be a signature. */
export function withoutSecrets(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}${url.search === "" ? "" : "?..."}`;
}

/** The address that means the image of a digest, whatever its tags mean. */
export function pinnedAddress({ registry, repository }: OciAddress, digest: string): string {
  return `oci://${registry}/${repository}@${digest}`;
}

function parseOci(text: string): OciAddress {
  const rest = text.slice("oci:".length).replace(/^\/\//, "");
  const [, registry, repository, tag, digest] = OCI.exec(rest) ?? [];
  if (registry === undefined || repository === undefined) {
    throw bad(shown(text), "write oci://REGISTRY/NAME:TAG or oci://REGISTRY/NAME@sha256:DIGEST");
  }
  // A port, or a number of four parts, may be too large.
  if (!URL.canParse(`https://${registry}/`)) throw bad(shown(text), `there can be no host ${registry}`);
  const reference = digest ?? tag ?? "latest";
  const display = `oci://${registry}/${repository}${digest === undefined ? ":" : "@"}${reference}`;
  return { kind: "oci", registry, repository, reference, display };
}

function parseNbd(text: string, scheme: "nbd" | "nbd+unix"): NbdAddress {
  const form = scheme === "nbd" ? "nbd://HOST[:PORT][/EXPORT]" : "nbd+unix:///[EXPORT]?socket=PATH";
  const url = asUrl(text, form);
  if (url.username !== "" || url.password !== "") throw bad(withoutSecrets(url), "NBD knows no passwords");
  const exportName = decode(url.pathname.replace(/^\//, ""), text);
  if (scheme === "nbd+unix") {
    const path = url.searchParams.get("socket");
    if (path === null || path === "") throw bad(shown(text), `write ${form}`);
    return { kind: "nbd", server: { path }, exportName, display: `nbd+unix:///${exportName}?socket=${path}` };
  }
  if (url.hostname === "") throw bad(shown(text), `write ${form}`);
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = url.port === "" ? NBD_PORT : Number(url.port);
  return { kind: "nbd", server: { host, port }, exportName, display: `nbd://${url.host}/${exportName}` };
}

function parseRbd(text: string): RbdAddress {
  const specification = text.slice("rbd:".length);
  // `:key=SECRET` may follow.
  const display = `rbd:${specification.split(":")[0]}`;
  if (!/^[^/:]+\/[^/:]+/.test(specification)) throw bad(display, "write rbd:POOL/IMAGE");
  return { kind: "rbd", specification, display };
}

function asUrl(text: string, form: string): URL {
  try {
    return new URL(text);
  } catch {
    throw bad(shown(text), `write ${form}`);
  }
}

function decode(text: string, whole: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw bad(shown(whole), "a % in it is followed by two hexadecimal digits");
  }
}

/** What cannot be parsed may have a password anywhere before an `@`, and a signature behind a `?`. */
function shown(text: string): string {
  return text.replace(/\/\/[^/]*@/, "//***@").replace(/\?.*$/s, "?...");
}

function bad(display: string, what: string): SourceError {
  return new SourceError("BAD_ADDRESS", `${display}: ${what}`);
}
