/** Yields to the event loop: resolves after the callbacks that are due have run. */
export function yieldToEventLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
