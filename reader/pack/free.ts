/**
 * Gives memory back now rather than when the collector comes by; it must be all of its buffer, and is empty
 * afterwards.
 */
export function free({ buffer }: ArrayBufferView): void {
  // From Node 22 on.
  if (buffer instanceof ArrayBuffer) buffer.transfer?.(0);
}
