/** What `make` is at. Not every source passes through all of them. */
export type Phase = "fetch" | "read" | "count" | "compress" | "pack" | "write";

/** How far a phase is. Reported at most some times a second, and once when the phase is done. */
export interface Progress {
  readonly phase: Phase;
  readonly unit: "objects" | "bytes";
  readonly done: number;
  /** While a folder is read: the files that have been. */
  readonly files?: number;
  /** Undefined while it is not known. */
  readonly total: number | undefined;
}

export type OnProgress = (progress: Progress) => void;

const GIT_PHASES: Readonly<Record<string, Phase>> = {
  "Receiving objects": "fetch",
  "Enumerating objects": "count",
  "Counting objects": "count",
  "Compressing objects": "compress",
  "Writing objects": "pack",
};

/** Reports what git says of its phases in our words; those of a server's (`remote:`) are left out by name. */
export function gitProgressTo(
  onProgress: OnProgress | undefined,
  phases: readonly Phase[],
): ((phase: string, done: number, total: number) => void) | undefined {
  if (onProgress === undefined) return undefined;
  return (words, done, total) => {
    const phase = GIT_PHASES[words];
    if (phase !== undefined && phases.includes(phase)) onProgress({ phase, unit: "objects", done, total });
  };
}
