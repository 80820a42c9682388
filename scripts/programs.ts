/** What `docteur run` can run, and its part of the manual. The programs themselves are in guest/unikernels. */
export const programs: Readonly<Record<string, string>> = {
  cat: ` cat PATH...
     Write files to standard output, byte for byte.
 cat --files-from FILE|-
     The same for the paths in FILE, one on a line; - is standard input.
     FILE lies on this machine, not in the image.`,
  ls: ` ls [-l] [-R] [PATH...]
     List folders; without PATH, the root. -l with mode, kind, object id
     and size, as \`git ls-tree -l\`; -R with all that is below.`,
  stat: ` stat PATH...
     Tell what is known of PATH without reading its content.`,
};
