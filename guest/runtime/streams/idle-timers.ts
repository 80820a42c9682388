/** A connection that has a limit of time without activity. */
export interface Idle {
  /** Milliseconds without activity after which `onIdle` is called; 0 for never. */
  readonly idleLimit: number;
  /** `ticks()` at its last activity. */
  readonly lastTick: number;
  onIdle(): void;
}

/** Milliseconds between two looks, and so what a limit may be exceeded by. */
const TICK_MS = 500;

let tick = 0;
let timer: NodeJS.Timeout | undefined;
const watched = new Set<Idle>();

/**
 * Ticks of a clock that stands still while nothing is watched. A server changes the timeout of a connection
 * twice for each request, and would make and drop a timer of Node's own each time.
 */
export function ticks(): number {
  return tick;
}

/** Watches a connection until `unwatch`. */
export function watch(idle: Idle): void {
  watched.add(idle);
  timer ??= setInterval(look, TICK_MS).unref();
}

export function unwatch(idle: Idle): void {
  watched.delete(idle);
  if (watched.size > 0) return;
  clearInterval(timer);
  timer = undefined;
}

function look(): void {
  tick++;
  for (const idle of [...watched]) {
    if (idle.idleLimit > 0 && (tick - idle.lastTick) * TICK_MS > idle.idleLimit) idle.onIdle();
  }
}
