import { isIPv4, isIPv6 } from "node:net";
import { DocteurError } from "../../reader/errors.ts";
import { printable } from "../../reader/printable.ts";

/** Where this host accepts connections. */
export type ListenAddress =
  | {
      readonly kind: "tcp";
      /** An IPv4 or IPv6 address without brackets, with its zone if it is link-local. */
      readonly host: string;
      /** 0 to 65,535; 0 is any that is free. */
      readonly port: number;
    }
  | {
      readonly kind: "unix";
      /** At most `MAX_UNIX_PATH` bytes; a relative one starts from the working directory. */
      readonly path: string;
    }
  | {
      /** Sockets that systemd has opened. */
      readonly kind: "systemd";
      /** Their `FileDescriptorName=`. Default: all sockets, whatever their names. */
      readonly name?: string;
    };

/** An address of this host that leads to a port of the machine. */
export interface PortMapping {
  readonly address: ListenAddress;
  /** 1 to 65,535. */
  readonly guestPort: number;
}

/** Bytes of a unix socket's path, which its address holds with a NUL behind it (unix(7)). */
export const MAX_UNIX_PATH = 107;

const HIGHEST_PORT = 65535;
const LOOPBACK = "127.0.0.1";

const PUBLISH_FORMS =
  "[ADDRESS:]PORT:GUESTPORT, unix:PATH:GUESTPORT or systemd[:NAME]:GUESTPORT, for instance 8080:80";
const ADMIN_FORMS = "[ADDRESS:]PORT, unix:PATH or systemd:NAME, for instance 127.0.0.1:9090";

/**
 * Parses the value of `-p`: `[ADDRESS:]PORT:GUESTPORT` with an IPv4 address, `localhost` or an IPv6 address in
 * brackets; `unix:PATH:GUESTPORT`, whose path may have colons; `systemd:GUESTPORT` for all sockets that
 * systemd hands over, `systemd:NAME:GUESTPORT` for those with that name. Without an address, only this host
 * reaches the port.
 *
 * @throws {DocteurError} `PUBLISH_MALFORMED`.
 */
export function parsePortMapping(text: string): PortMapping {
  const refuse = (why: string) => malformed(text, why, `a port is published as ${PUBLISH_FORMS}`);
  const { before, port } = splitPort(text);
  if (before === undefined) throw refuse("it has no port of the machine");
  const guestPort = parsePort(port);
  if (guestPort === undefined || guestPort === 0) {
    throw refuse(`the machine's port is a number from 1 to ${HIGHEST_PORT}`);
  }
  return { address: parseAddress(before, refuse), guestPort };
}

/**
 * Parses the value of `--admin`: `[ADDRESS:]PORT` with an address as of `parsePortMapping`, `unix:PATH`, or
 * `systemd:NAME` for a socket that systemd hands over.
 *
 * @throws {DocteurError} `PUBLISH_MALFORMED`.
 */
export function parseAdminAddress(text: string): ListenAddress {
  const refuse = (why: string) => malformed(text, why, `--admin takes ${ADMIN_FORMS}`);
  const address = parseAddress(text, refuse);
  if (address.kind === "systemd" && address.name === undefined) {
    throw refuse("the socket's name is missing");
  }
  return address;
}

/** An address as users write it: `127.0.0.1:8080`, `[::1]:8080`, `unix:/run/site.sock`, `systemd:web`. */
export function printAddress(address: ListenAddress): string {
  switch (address.kind) {
    case "unix":
      return `unix:${address.path}`;
    case "systemd":
      return address.name === undefined ? "systemd" : `systemd:${address.name}`;
    case "tcp":
      return `${address.host.includes(":") ? `[${address.host}]` : address.host}:${address.port}`;
  }
}

/** An IPv6 address that stands for an IPv4 one (RFC 4291, section 2.5.5.2) as that one; others as they are. */
export function unmapped(host: string): string {
  const [, ipv4 = ""] = /^::ffff:([\d.]+)$/i.exec(host) ?? [];
  return isIPv4(ipv4) ? ipv4 : host;
}

type Refusal = (why: string) => DocteurError;

function parseAddress(text: string, refuse: Refusal): ListenAddress {
  if (/^unix(?::|$)/.test(text)) return { kind: "unix", path: parsePath(text.slice("unix:".length), refuse) };
  if (text === "systemd") return { kind: "systemd" };
  if (text.startsWith("systemd:")) {
    return { kind: "systemd", name: parseName(text.slice("systemd:".length), refuse) };
  }
  const { before, port: portText } = splitPort(text);
  const port = parsePort(portText);
  if (port === undefined) throw refuse(`a port is a number from 0 to ${HIGHEST_PORT}`);
  return { kind: "tcp", host: before === undefined ? LOOPBACK : parseHost(before, refuse), port };
}

function parseHost(text: string, refuse: Refusal): string {
  if (text === "localhost") return LOOPBACK;
  if (isIPv4(text)) return text;
  const [, inBrackets = ""] = /^\[(.*)\]$/.exec(text) ?? [];
  if (isIPv6(inBrackets)) return unmapped(inBrackets);
  if (isIPv6(text) || text.includes(":")) throw refuse("an IPv6 address stands in brackets, as in [::1]");
  throw refuse("the address is neither an IPv4 address, nor an IPv6 address in brackets, nor localhost");
}

function parsePath(path: string, refuse: Refusal): string {
  if (path === "" || path.endsWith("/")) throw refuse("the socket's path is missing");
  if (/[\x00-\x1f\x7f]/.test(path)) throw refuse("the socket's path has a control character");
  const bytes = Buffer.byteLength(path);
  if (bytes > MAX_UNIX_PATH) {
    throw refuse(`a socket's path has at most ${MAX_UNIX_PATH} bytes, this one ${bytes}`);
  }
  return path;
}

/** The rules of `sd_pid_notify_with_fds` for a name: printable ASCII without a colon, at most 255. */
function parseName(name: string, refuse: Refusal): string {
  if (!/^[\x20-\x39\x3b-\x7e]{1,255}$/.test(name)) {
    throw refuse("a socket's name has 1 to 255 characters of ASCII, and no colon");
  }
  return name;
}

/** Splits at the last colon. */
function splitPort(text: string): { before: string | undefined; port: string } {
  const colon = text.lastIndexOf(":");
  return colon < 0
    ? { before: undefined, port: text }
    : { before: text.slice(0, colon), port: text.slice(colon + 1) };
}

function parsePort(text: string): number | undefined {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  return port <= HIGHEST_PORT ? port : undefined;
}

function malformed(text: string, why: string, forms: string): DocteurError {
  return new DocteurError("PUBLISH_MALFORMED", `${printable(text)}: ${why}; ${forms}`);
}
