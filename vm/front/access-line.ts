import type { AccessRecord } from "../../guest/protocol/streams/access-record.ts";
import type { Peer } from "../../guest/protocol/streams/opening.ts";
import { validCount, validStatus } from "./access-record.ts";

/** Bytes of a field of the request line in a log; a longer one is cut and ends with "...". */
const LONGEST = { method: 32, target: 4096, version: 8 };

const CUT = "...";

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/**
 * A line of the common log format, as Apache's documentation of mod_log_config describes it:
 *
 *     127.0.0.1 - - [10/Oct/2000:13:55:36 +0000] "GET /x HTTP/1.1" 200 2326
 *
 * The host of a client at a unix socket is `unix:`, as nginx writes it. A status that HTTP does not have is
 * 000. A request line has no byte that a parser could take for its end: what is not printable ASCII, quotes,
 * backslashes and spaces within a field are `\xHH`. If there is no method, the request was malformed and its
 * line is `-`.
 *
 * @param time milliseconds since 1970, when the response ended.
 * @returns one line of at most some 4 KiB, with its line feed.
 */
export function accessLine(record: AccessRecord, peer: Peer | undefined, time: number): string {
  const host = peer === undefined ? "unix:" : escaped(peer.address, 64);
  const status = String(validStatus(record.status) ?? 0).padStart(3, "0");
  return `${host} - - [${timestamp(time)}] "${requestLine(record)}" ${status} ${validCount(record.bytes)}\n`;
}

function requestLine({ method, target, version }: AccessRecord): string {
  if (method === "") return "-";
  const line = `${escaped(method, LONGEST.method)} ${escaped(target, LONGEST.target) || "-"}`;
  return `${line} HTTP/${escaped(version, LONGEST.version) || "-"}`;
}

/** A field as printable ASCII without spaces, quotes and backslashes, of at most so many bytes. */
function escaped(text: string, longest: number): string {
  // Of a long text only what may be in the line is looked at.
  const start = text.length > longest ? text.slice(0, longest + 1) : text;
  if (text.length <= longest && /^[!#-[\]-~]*$/.test(start)) return start;
  const pieces: string[] = [];
  let length = 0;
  /** Pieces that leave space for the mark of a cut. */
  let fitting = 0;
  for (const byte of Buffer.from(start)) {
    const piece = isPlain(byte)
      ? String.fromCharCode(byte)
      : `\\x${byte.toString(16).toUpperCase().padStart(2, "0")}`;
    length += piece.length;
    if (length > longest) return pieces.slice(0, fitting).join("") + CUT;
    pieces.push(piece);
    if (length <= longest - CUT.length) fitting = pieces.length;
  }
  return pieces.join("");
}

/** Whether a byte stays as it is: printable ASCII but for the space, `"` and `\`. */
function isPlain(byte: number): boolean {
  return byte > 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c;
}

let lastSecond = Number.NaN;
let lastTimestamp = "";

/** As strftime's `%d/%b/%Y:%H:%M:%S +0000`, in UTC. */
function timestamp(time: number): string {
  const second = Math.floor(time / 1000);
  if (second === lastSecond) return lastTimestamp;
  const date = new Date(second * 1000);
  const [day, hours, minutes, seconds] = [
    date.getUTCDate(),
    date.getUTCHours(),
    date.getUTCMinutes(),
    date.getUTCSeconds(),
  ].map((number) => String(number).padStart(2, "0"));
  lastSecond = second;
  lastTimestamp = `${day}/${MONTHS[date.getUTCMonth()]}/${date.getUTCFullYear()}:${hours}:${minutes}:${seconds} +0000`;
  return lastTimestamp;
}
