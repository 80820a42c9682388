const waiting: (() => void)[] = [];

/**
 * Yields to the event loop. Each of its iterations resumes one waiter only, so that other work is delayed by
 * one step of inflating, however many contents are being read.
 */
export function fairYield(): Promise<void> {
  return new Promise((resolve) => {
    if (waiting.push(resolve) === 1) setImmediate(resumeOne);
  });
}

function resumeOne(): void {
  waiting.shift()?.();
  if (waiting.length > 0) setImmediate(resumeOne);
}
