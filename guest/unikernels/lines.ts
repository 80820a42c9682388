const NEWLINE = 0x0a;

/**
 * The lines of a stream of bytes, without their ends; the last line may have none. Skips empty lines. Yields
 * all lines of a piece together, as soon as it arrives.
 *
 * @param ending the byte that ends a line.
 */
export async function* lines(
  input: AsyncIterable<Uint8Array>,
  ending = NEWLINE,
): AsyncGenerator<Uint8Array[]> {
  let rest: Uint8Array = new Uint8Array();
  for await (const piece of input) {
    const bytes = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    const complete: Uint8Array[] = [];
    let start = 0;
    for (let end = bytes.indexOf(ending); end >= 0; end = bytes.indexOf(ending, start)) {
      if (end > start) complete.push(bytes.subarray(start, end));
      start = end + 1;
    }
    rest = bytes.subarray(start);
    if (complete.length > 0) yield complete;
  }
  if (rest.length > 0) yield [rest];
}
