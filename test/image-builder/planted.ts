import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { isFact, isFormat } from "../../image-builder/source/source-config.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { GIT_ENVIRONMENT, git } from "./sandbox.ts";

/** The hooks of githooks(5), and one that is yet to be invented. */
const HOOKS = `
  applypatch-msg pre-applypatch post-applypatch pre-commit pre-merge-commit prepare-commit-msg
  commit-msg post-commit pre-rebase post-checkout post-merge pre-push pre-receive update proc-receive
  post-receive post-update reference-transaction push-to-checkout pre-auto-gc post-rewrite
  sendemail-validate fsmonitor-watchman p4-changelist post-index-change future
`.trim();

/** Settings that name a command, with values with which plain git works, and so runs what they name. */
const COMMANDS = [
  ...["core.fsmonitor", "core.sshCommand", "core.gitProxy", "core.askPass", "core.editor", "core.pager"],
  ...["core.alternateRefsCommand", "credential.helper", "diff.external", "gpg.program", "gpg.ssh.program"],
  ...["filter.planted.clean", "filter.planted.smudge", "filter.spoken.process", "diff.planted.command"],
  ...[
    "diff.planted.textconv",
    "merge.planted.driver",
    "uploadpack.packObjectsHook",
    "remote.origin.uploadpack",
  ],
  ...["gc.recentObjectsHook", "hook.planted.command", "interactive.diffFilter", "sequence.editor"],
];

/** A program that leaves a mark wherever it is started from. */
export class Plant {
  readonly program: string;
  readonly #marks: string;

  constructor(t: ExecutionContext) {
    // Without a space in its path, as some settings take it for a command's name and others for a line of the
    // shell.
    const folder = temporaryFolder(t, "docteur-planted-");
    this.#marks = join(folder, "marks");
    this.program = join(folder, "planted");
    mkdirSync(this.#marks);
    writeFileSync(
      this.program,
      `#!/bin/sh\n{ echo "$0 $*"; tr '\\0' ' ' </proc/$PPID/cmdline; } >"$(mktemp ${this.#marks}/XXXXXX)"\nexit 1\n`,
    );
    chmodSync(this.program, 0o755);
  }

  /** Whether it has run since it was asked last. */
  ran(): boolean {
    const marks = readdirSync(this.#marks);
    for (const mark of marks) rmSync(join(this.#marks, mark));
    return marks.length > 0;
  }

  /** Whether plain git runs it; what becomes of git is no matter. */
  isRunByGit(folder: string, args: readonly string[]): boolean {
    try {
      git(folder, args);
    } catch {}
    return this.ran();
  }

  /** Plants it as every hook of a Git directory. */
  asHooks(gitDir: string): void {
    mkdirSync(join(gitDir, "hooks"), { recursive: true });
    for (const hook of HOOKS.split(/\s+/)) {
      writeFileSync(join(gitDir, "hooks", hook), `#!/bin/sh\nexec '${this.program}' "$@"\n`, { mode: 0o755 });
    }
  }

  /**
   * Plants it in the settings that name a command, and as a remote that missing objects are to be fetched
   * from.
   */
  asCommands(gitDir: string): void {
    const set = (key: string, value: string) =>
      git(gitDir, ["config", "--file", "config", "--add", key, value]);
    for (const key of COMMANDS) set(key, this.program);
    set("core.hooksPath", join(gitDir, "hooks"));
    set("alias.rev-parse", `!${this.program}`);
    set("submodule.module.update", `!${this.program}`);
    set("protocol.ext.allow", "always");
    set("remote.origin.url", `ext::${this.program}`);
    set(`url.ext::${this.program} .insteadOf`, "git://");
    set("remote.origin.promisor", "true");
    set("extensions.partialClone", "origin");
    set("core.repositoryFormatVersion", "1");
  }

  /**
   * Plants it in every setting that git's own list has, right or wrong, and includes a FIFO that nobody
   * writes to.
   */
  asEverySetting(gitDir: string): void {
    const listed = execFileSync("git", ["help", "--config"], { env: GIT_ENVIRONMENT }).toString().split("\n");
    const lines = listed
      // Those whose value git itself must understand are left out, and names that git's own syntax does not
      // allow.
      .filter((line) => /^[a-z]+\.[^_]+$/i.test(line) && !/^(extensions|include)/i.test(line))
      .filter((key) => !isFormat({ key: key.toLowerCase() }) && !isFact({ key: key.toLowerCase() }))
      .map((key) => {
        const [section, ...rest] = key.replace(/<[^>]*>|\*/g, "planted").split(".");
        const name = rest.pop();
        const subsection = rest.length === 0 ? "" : ` "${rest.join(".")}"`;
        return `[${section}${subsection}]\n\t${name} = "${this.program}"\n`;
      });
    execFileSync("mkfifo", [join(gitDir, "fifo")]);
    const includes = `[include]\n\tpath = fifo\n[includeIf "gitdir:/"]\n\tpath = fifo\n`;
    writeFileSync(join(gitDir, "config"), `${lines.join("")}${includes}`, { flag: "a" });
  }
}
