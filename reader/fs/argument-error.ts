import { inspect } from "node:util";

/** An invalid argument, refused as by node:fs: with a `TypeError` or `RangeError` and a code. */
export type ArgumentError = (TypeError | RangeError) & { readonly code: string };

/** The argument is of the wrong type: `ERR_INVALID_ARG_TYPE`. */
export function wrongType(name: string, expected: string, value: unknown): ArgumentError {
  const message = `The "${name}" argument must be ${expected}. Received ${show(value)}`;
  return Object.assign(new TypeError(message), { code: "ERR_INVALID_ARG_TYPE" });
}

/** The argument has no valid value: `ERR_INVALID_ARG_VALUE`. */
export function wrongValue(name: string, problem: string, value: unknown): ArgumentError {
  const message = `The argument '${name}' ${problem}. Received ${show(value)}`;
  return Object.assign(new TypeError(message), { code: "ERR_INVALID_ARG_VALUE" });
}

/** The number is out of range: `ERR_OUT_OF_RANGE`. */
export function outOfRange(name: string, range: string, value: unknown): ArgumentError {
  const message = `The value of "${name}" is out of range. It must be ${range}. Received ${show(value)}`;
  return Object.assign(new RangeError(message), { code: "ERR_OUT_OF_RANGE" });
}

/** @throws {ArgumentError} if it is not an integer from `min` to `max`. */
export function checkInteger(
  name: string,
  value: unknown,
  min: number,
  max = Number.MAX_SAFE_INTEGER,
): asserts value is number {
  if (typeof value !== "number") throw wrongType(name, "of type number", value);
  if (!Number.isInteger(value)) throw outOfRange(name, "an integer", value);
  if (value < min || value > max) throw outOfRange(name, `>= ${min} && <= ${max}`, value);
}

function show(value: unknown): string {
  return inspect(value, { depth: 0, maxStringLength: 100 });
}
