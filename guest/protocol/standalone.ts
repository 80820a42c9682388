/** The console shows this line before what the program writes to it; what comes before is the kernel's. */
export const OUTPUT_LINE = "docteur: the program's output follows";

/** The console's last line starts with this; the exit status follows. */
export const EXIT_LINE = "docteur: exit status ";

/** The path of the program that a startup snapshot is made from, which stacks show. It is the same in any folder. */
export const SNAPSHOT_PROGRAM = "/proc/self/cwd/program.cjs";

/** Where a machine that no host process talks to keeps the exit status of its program until it ends. */
export const STATUS_FILE = "/guest/status";
