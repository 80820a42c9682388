import type { ExecutionContext } from "ava";
import { GIT_ENVIRONMENT } from "./sandbox.ts";

/**
 * Gives this process, until the test ends, the environment of a user with these git settings and no others.
 * Tests that use it are serial.
 */
export function userEnvironment(
  t: ExecutionContext,
  settings: Readonly<Record<string, string>>,
  more: Readonly<Record<string, string>> = {},
): void {
  const before = { ...process.env };
  t.teardown(() => {
    process.env = before;
  });
  const entries = Object.entries(settings);
  process.env = {
    ...GIT_ENVIRONMENT,
    TMPDIR: before.TMPDIR,
    XDG_CACHE_HOME: before.XDG_CACHE_HOME,
    GIT_CONFIG_COUNT: String(entries.length),
    ...more,
  };
  entries.forEach(([key, value], index) => {
    process.env[`GIT_CONFIG_KEY_${index}`] = key;
    process.env[`GIT_CONFIG_VALUE_${index}`] = value;
  });
  for (const [name, value] of Object.entries(process.env)) if (value === undefined) delete process.env[name];
}
