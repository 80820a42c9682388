import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";

/**
 * Names who may use an answer that another process of this user got: those who would have asked the same, with
 * the same credentials, until this machine boots again. The key is not in the cache, so that from a name in
 * there nobody can guess a password.
 *
 * @param asked all that decides what the server answers, secrets too. @returns undefined where there is no key.
 */
export function grantOf(asked: unknown): string | undefined {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id");
    return createHmac("sha256", boot).update(JSON.stringify(asked)).digest("hex");
  } catch {
    return undefined;
  }
}
