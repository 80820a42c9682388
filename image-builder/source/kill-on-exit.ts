const running = new Set<() => void>();

function killAll(): void {
  for (const kill of running) kill();
}

/** Waits for a child process; calls `kill` if this process exits first. */
export async function killOnExit<Result>(child: PromiseLike<Result>, kill: () => void): Promise<Result> {
  // One listener for all children: Node warns when there are more than ten.
  if (running.size === 0) process.on("exit", killAll);
  running.add(kill);
  try {
    return await child;
  } finally {
    running.delete(kill);
    if (running.size === 0) process.off("exit", killAll);
  }
}
