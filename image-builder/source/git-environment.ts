/**
 * Settings for every run of git here. The user's own (proxies, certificates, `insteadOf`, credential helpers,
 * ssh) stay in force; what would change the outcome or run the user's programs does not.
 */
export const SETTINGS: readonly string[] = [
  // Hooks belong to the user's own work, not to a temporary repository.
  "core.hooksPath=/dev/null",
  "core.fsmonitor=false",
  "gc.auto=0",
  "maintenance.auto=false",
];

/**
 * Variables that would point git at another repository, change what it reads, or make it say more than its
 * reason. The first are those of `git rev-parse --local-env-vars`, which a program started from a hook has
 * set, but for the settings among them: a user's `git -c` is as good as what stands in a file.
 */
const DROPPED = new RegExp(
  `^GIT_(${[
    ...["ALTERNATE_OBJECT_DIRECTORIES", "COMMON_DIR", "CONFIG", "DIR", "GRAFT_FILE", "IMPLICIT_WORK_TREE"],
    ...["INDEX_FILE", "INTERNAL_.*", "NAMESPACE", "NO_REPLACE_OBJECTS", "OBJECT_DIRECTORY", "PREFIX"],
    ...["QUARANTINE_PATH", "REFERENCE_BACKEND", "REPLACE_REF_BASE", "SHALLOW_FILE", "WORK_TREE"],
    // How a repository is made, and which one is found.
    ...["DEFAULT_HASH", "DEFAULT_REF_FORMAT", "TEMPLATE_DIR", "CEILING_DIRECTORIES"],
    ...["DISCOVERY_ACROSS_FILESYSTEM"],
    // What of it is read, and how.
    ...["ATTR_.*", "(DISABLE|FORCE)_UNTRACKED_CACHE", "FORCE_THREADS", "INDEX_VERSION", "REF_PARANOIA"],
    ...["(LITERAL|GLOB|NOGLOB|ICASE)_PATHSPECS", "TEST_.*", "EXTERNAL_DIFF.*", "DIFF_OPTS"],
    // What git says, and whom it asks.
    ...["ADVICE", "CURL_VERBOSE", "FLUSH", "PAGER.*", "PROGRESS_DELAY", "REDIRECT_.*", "REFLOG_ACTION"],
    ...["TERMINAL_PROMPT", "TRACE.*", "TRANSLOOP_DEBUG", "TRANSPORT_HELPER_DEBUG"],
  ].join("|")})$`,
);

/**
 * The environment git gets: `base` without the variables above, in the C locale so that its messages can be
 * understood, and never asking on the terminal.
 * @param more wins over all of these.
 */
export function gitEnvironment(
  base: NodeJS.ProcessEnv,
  more: Readonly<Record<string, string>>,
): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(base)) {
    if (value !== undefined && !DROPPED.test(name)) env[name] = value;
  }
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
