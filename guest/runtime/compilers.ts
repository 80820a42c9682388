/** How long a program must run for more compilers to gain what they cost, in milliseconds. */
const LONG_MS = 500;

/**
 * Turns on those of V8's compilers that the machine started without (vm/precompiled.ts), once the program turns out to run
 * long. One that prints a file has ended by then: compiling for it takes an emulated machine longer than all of its work.
 *
 * @returns the timer.
 */
export function useAllCompilersLater(): NodeJS.Timeout {
  const turnOn = () => {
    // Not imported at the top: most programs have ended before it is needed.
    const { setFlagsFromString } = process.getBuiltinModule("node:v8");
    setFlagsFromString("--sparkplug");
    setFlagsFromString("--maglev");
    setFlagsFromString("--turbofan");
  };
  return setTimeout(turnOn, LONG_MS).unref();
}
