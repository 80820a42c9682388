import { isFile, parseImageAddress } from "../../remote/address.ts";
import type { Invocation } from "./arguments.ts";

/**
 * Requires an operand to be a path, where the address of an image does not do.
 * @param instead what the user does instead. @throws {UsageError}
 */
export function requireFile(invocation: Invocation, operand: string, instead: string): void {
  if (isPath(operand)) return;
  throw invocation.misuse(`IMAGE must be a file here, not an address: ${instead}`);
}

function isPath(operand: string): boolean {
  try {
    return isFile(parseImageAddress(operand));
  } catch {
    return false;
  }
}
