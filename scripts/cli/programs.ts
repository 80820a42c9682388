import { isProgramFile } from "../../vm/program/is-program-file.ts";
import type { Invocation } from "./arguments.ts";

/**
 * What `docteur run` can run, and its part of the manual. The programs themselves are in guest/unikernels.
 */
export const programs: Readonly<Record<string, string>> = {
  cat: ` cat PATH...
     Write files to standard output, byte for byte.
 cat [-z] --files-from FILE|-
     The same for the paths in FILE, one on a line, as they are or quoted
     as git quotes them; - is standard input. With -z or --null each ends
     with a NUL and none is quoted, as \`git ls-files -z\` lists them.
     FILE is on this machine, not in the image.`,
  ls: ` ls [-l] [-R] [PATH...]
     List folders; without PATH, the root. -l also prints mode, kind,
     object id and size, as \`git ls-tree -l\`; -R lists subfolders, too.`,
  serve: ` serve [--index NAME] [--listing] [--spa] [--clean-urls]
       [--cache [GLOB:]VALUE]... [--headers FILE] [--redirects FILE]
       [--downloads] [--metrics] [--host NAME]...
     Answer HTTP requests at the ports published by -p, and print the
     address of each to standard output once it answers. Ctrl-C or SIGTERM
     ends it. --index: the file that is sent for its folder (default:
     index.html). --listing: list folders without such a file. --spa: send
     the root's index where there is no file. --clean-urls: /about is
     about.html. --cache: the Cache-Control of files (default: no-cache);
     GLOB matches their paths, such as /assets/**; hashed as the value is
     a year for names that carry a hash. The last that matches counts.
     --headers and --redirects: files of the image in the formats of
     _headers and _redirects, which hosts of static sites read.
     --downloads: send a folder as an archive for ?download=tar and
     ?download=zip. --metrics: fail unless run --admin counts requests.
     --host: answer only requests for this host, so that no web page can
     read a site that is private to this machine; may be given more than
     once. /.docteur/ describes the image.`,
  stat: ` stat PATH...
     Print the kind, id and size of PATH without reading its content.`,
};

/** Checks that a program is one that ships with docteur, or a file. @throws {UsageError} */
export function requireProgram(invocation: Invocation, program: string): void {
  if (isProgramFile(program) || Object.hasOwn(programs, program)) return;
  const names = Object.keys(programs).join(", ");
  throw invocation.misuse(
    `unknown program '${program}'; the programs are ${names}, or a file of your own as ./${program}`,
  );
}
