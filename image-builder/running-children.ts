/** What can be told to end. */
export interface Child {
  kill(): boolean;
}

const running = new Set<Child>();

function endAll(): void {
  for (const child of running) child.kill();
}

/** Waits for a child's end; should this process end before it, the child is told to end, too. */
export async function endWithUs<Result>(child: Child & PromiseLike<Result>): Promise<Result> {
  // One listener for all: Node warns of more than ten.
  if (running.size === 0) process.on("exit", endAll);
  running.add(child);
  try {
    return await child;
  } finally {
    running.delete(child);
    if (running.size === 0) process.off("exit", endAll);
  }
}
