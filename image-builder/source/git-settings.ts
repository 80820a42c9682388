/** Settings for one run of git: `["pack.threads", "1"]`. */
export type GitSettings = readonly (readonly [key: string, value: string])[];

/** How the values are called in git's environment. */
const VARIABLE = "DOCTEUR_GIT_SETTING_";

/**
 * Passes settings to git so that they win, and other users cannot see the values: on the command line, where
 * they come after all that the user's files and environment say (`GIT_CONFIG_COUNT`, and
 * `GIT_CONFIG_PARAMETERS`, in which git passes its own `-c` on), stand only the names of variables (git(1),
 * `--config-env`).
 */
export function gitSettings(settings: GitSettings): { args: string[]; env: Record<string, string> } {
  return {
    args: settings.map(([key], index) => `--config-env=${key}=${VARIABLE}${index}`),
    env: Object.fromEntries(settings.map(([, value], index) => [`${VARIABLE}${index}`, value])),
  };
}
