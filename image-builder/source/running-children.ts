const running = new Set<() => void>();

function endAll(): void {
  for (const end of running) end();
}

/** Waits for a child's end; should this process end before it, `end` tells it to end, too. */
export async function endWithUs<Result>(child: PromiseLike<Result>, end: () => void): Promise<Result> {
  // One listener for all: Node warns of more than ten.
  if (running.size === 0) process.on("exit", endAll);
  running.add(end);
  try {
    return await child;
  } finally {
    running.delete(end);
    if (running.size === 0) process.off("exit", endAll);
  }
}
