/**
 * Calls a function at most once an interval: at the first call, and at the first one after the interval.
 *
 * @param milliseconds the interval.
 * @param act gets the number of calls since it was called last, and the arguments of the last of them.
 */
export function oncePer<Arguments extends unknown[]>(
  milliseconds: number,
  act: (count: number, ...args: Arguments) => void,
): (...args: Arguments) => void {
  let count = 0;
  let next = Number.NEGATIVE_INFINITY;
  return (...args) => {
    count++;
    const now = performance.now();
    if (now < next) return;
    next = now + milliseconds;
    act(count, ...args);
    count = 0;
  };
}
