import type { Invocation } from "../cli/arguments.ts";
import type { Option } from "../cli/command.ts";
import type { Followed } from "./followed-repository.ts";

/** Seconds between two looks at a repository. */
const DEFAULT_EVERY = 60;
const LONGEST_EVERY = 24 * 60 * 60;

/** The options of `docteur run` about other images, for its manual. */
export const updateOptions: readonly Option[] = [
  {
    name: "watch",
    description:
      "With serve, serve each file that replaces IMAGE, without an interruption, once it is verified. An https or oci address is asked for another image every 30 seconds; its objects are verified as they are read. Default: only SIGHUP serves IMAGE anew.",
  },
  {
    name: "follow",
    value: "REPOSITORY",
    description:
      "With serve, make IMAGE of each new commit of REPOSITORY, as docteur make does, and serve it without an interruption. If there is no IMAGE, it is made first. Default: none.",
  },
  {
    name: "branch",
    short: "b",
    value: "REF",
    description: "With --follow, the branch or tag. Default: the HEAD of REPOSITORY.",
  },
  {
    name: "every",
    value: "SECONDS",
    description: `With --follow, look for a new commit so often, from 1. Default: ${DEFAULT_EVERY}.`,
  },
  {
    name: "no-deltas",
    description:
      "With --follow, store every file undeltified, so that it can be sent as it is compressed in the image. Default: deltas, which take less space.",
  },
];

/** Where other images come from, as the command line says. */
export interface UpdateSettings {
  readonly watch: boolean;
  readonly followed: Followed | undefined;
}

/** @returns undefined if the program is not `serve` at a port. @throws {UsageError} */
export function updateSettings(invocation: Invocation, program: string): UpdateSettings | undefined {
  const watch = invocation.flag("watch");
  const repository = invocation.text("follow");
  const every = invocation.integer("every", { minimum: 1, maximum: LONGEST_EVERY });
  const isServing = program === "serve" && invocation.texts("publish").length > 0;
  if (!isServing && (watch || repository !== undefined)) {
    const name = watch ? "watch" : "follow";
    throw invocation.misuse(`--${name} needs the program serve and a port: -p 8080:80, for instance`);
  }
  if (repository === undefined) {
    const given = ["branch", "every", "no-deltas"].find((name) => invocation.has(name));
    if (given !== undefined) throw invocation.misuse(`--${given} needs --follow REPOSITORY`);
    return isServing ? { watch, followed: undefined } : undefined;
  }
  if (watch) throw invocation.misuse("--follow writes IMAGE itself: leave out --watch");
  if (invocation.text("commit") !== undefined) {
    throw invocation.misuse(
      "--commit refuses every other commit, so there is none to --follow: leave one out",
    );
  }
  const followed = {
    repository,
    ref: invocation.text("branch"),
    every: every ?? DEFAULT_EVERY,
    withoutDeltas: invocation.flag("no-deltas"),
  };
  return { watch, followed };
}
