/**
 * Settings for every run of git here. The user's own (proxies, certificates, `insteadOf`, credential helpers, ssh) stay
 * in force; what would change the outcome or run the user's programs does not.
 */
export const SETTINGS: readonly string[] = [
  // Hooks belong to the user's own work, not to a temporary repository.
  "core.hooksPath=/dev/null",
  "core.fsmonitor=false",
  "gc.auto=0",
  "maintenance.auto=false",
];

/**
 * Variables that would point git at another repository, change what it reads, or make it say more than its reason.
 * The first are those of `git rev-parse --local-env-vars`; a program started from a hook has them set.
 */
const DROPPED =
  /^(GIT_(ALTERNATE_OBJECT_DIRECTORIES|COMMON_DIR|DIR|GRAFT_FILE|IMPLICIT_WORK_TREE|INDEX_FILE|INTERNAL_.*|NAMESPACE|NO_REPLACE_OBJECTS|OBJECT_DIRECTORY|PREFIX|QUARANTINE_PATH|REPLACE_REF_BASE|SHALLOW_FILE|WORK_TREE|DEFAULT_HASH|TRACE.*|CURL_VERBOSE|TEMPLATE_DIR|TERMINAL_PROMPT|REDIRECT_.*))$/;

/**
 * The environment git gets: `base` without the variables above, in the C locale so that its messages can be
 * understood, never asking on the terminal, and with `config` added in a way `ps` does not show.
 */
export function gitEnvironment(
  base: NodeJS.ProcessEnv,
  config: readonly (readonly [key: string, value: string])[],
  more: Readonly<Record<string, string>>,
): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(base)) {
    if (value !== undefined && !DROPPED.test(name)) env[name] = value;
  }
  // The caller's own GIT_CONFIG_* come first, so that ours win.
  const first = Number.parseInt(env.GIT_CONFIG_COUNT ?? "0", 10) || 0;
  config.forEach(([key, value], index) => {
    env[`GIT_CONFIG_KEY_${first + index}`] = key;
    env[`GIT_CONFIG_VALUE_${first + index}`] = value;
  });
  if (config.length > 0) env.GIT_CONFIG_COUNT = String(first + config.length);
  return {
    ...env,
    LC_ALL: "C",
    GIT_TERMINAL_PROMPT: "0",
    // The commit named is the commit shipped: a replacement would not have the id it is stored under.
    GIT_NO_REPLACE_OBJECTS: "1",
    // Reading a repository must not make it fetch, nor run what its own settings say for that.
    GIT_NO_LAZY_FETCH: "1",
    ...more,
  };
}
