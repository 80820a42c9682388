/** How far git is: the phase in its own words (`Counting objects`), objects done, objects in all. */
export type OnGitProgress = (phase: string, done: number, total: number) => void;

const PROGRESS = /^(?:remote: )?([A-Z][a-z]+ [a-z]+):\s+\d+% \((\d+)\/(\d+)\)/;
const PROGRESS_WITHOUT_TOTAL = /^(?:remote: )?[A-Z][a-z]+ [a-z]+: \d+(, done\.)?\s*$/;

/** How much of what git says on standard error is kept: its reasons are short, and come last. */
const KEPT = 64 * 1024;

/** Takes git's standard error and parts the progress lines from the rest. */
export class GitProgress {
  readonly #onProgress: OnGitProgress | undefined;
  #pending = "";
  #rest = "";

  constructor(onProgress: OnGitProgress | undefined) {
    this.#onProgress = onProgress;
  }

  write(chunk: string): void {
    const lines = (this.#pending + chunk).split(/[\r\n]/);
    this.#pending = lines.pop() ?? "";
    for (const line of lines) this.#line(line);
  }

  /** All but the progress. */
  rest(): string {
    if (this.#pending !== "") this.#line(this.#pending);
    this.#pending = "";
    return this.#rest;
  }

  #line(line: string): void {
    const [, phase, done, total] = PROGRESS.exec(line) ?? [];
    if (phase !== undefined) this.#onProgress?.(phase, Number(done), Number(total));
    else if (!PROGRESS_WITHOUT_TOTAL.test(line)) this.#rest = `${this.#rest}${line}\n`.slice(-KEPT);
  }
}
