import { DocteurError, type Fault, InvalidImageError } from "../../reader/errors.ts";

/** An error on its way between two threads, where classes are lost. */
export interface TransferredError {
  /** Of a `DocteurError`. */
  readonly code: DocteurError["code"] | undefined;
  readonly message: string;
  readonly stack: string | undefined;
  /** Of an `InvalidImageError`. */
  readonly fault: Fault | undefined;
  readonly offset: number | undefined;
  readonly object: string | undefined;
}

export function dismantleError(error: unknown): TransferredError {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  const code = error instanceof DocteurError ? error.code : undefined;
  if (!(error instanceof InvalidImageError)) {
    return { code, message, stack, fault: undefined, offset: undefined, object: undefined };
  }
  const { fault, offset, object } = error;
  return { code, message: whatIsWrong(error), stack, fault, offset, object };
}

export function rebuildError({ code, message, stack, fault, offset, object }: TransferredError): Error {
  const error =
    fault !== undefined
      ? new InvalidImageError(fault, message, { offset, object })
      : code !== undefined
        ? new DocteurError(code, message)
        : new Error(message);
  if (stack !== undefined) error.stack = stack;
  return error;
}

/** The message without what `InvalidImageError` itself puts before and after it. */
function whatIsWrong({ message, fault, offset, object }: InvalidImageError): string {
  const [before, after] = new InvalidImageError(fault, "\0", { offset, object }).message.split("\0") as [
    string,
    string,
  ];
  return message.slice(before.length, message.length - after.length);
}
