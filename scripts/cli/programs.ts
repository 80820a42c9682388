/** What `docteur run` can run, and its part of the manual. The programs themselves are in guest/unikernels. */
export const programs: Readonly<Record<string, string>> = {
  cat: ` cat PATH...
     Write files to standard output, byte for byte.
 cat [-z] --files-from FILE|-
     The same for the paths in FILE, one on a line, as they are or quoted
     as git quotes them; - is standard input. With -z or --null each ends
     with a NUL and none is quoted, as \`git ls-files -z\` lists them.
     FILE lies on this machine, not in the image.`,
  ls: ` ls [-l] [-R] [PATH...]
     List folders; without PATH, the root. -l with mode, kind, object id
     and size, as \`git ls-tree -l\`; -R with all that is below.`,
  serve: ` serve [--index NAME] [--listing] [--spa] [--host NAME]...
     Answer HTTP at the ports published by -p, and print the address of
     each on standard output once it answers there; ends when it is told
     to, by Ctrl-C or SIGTERM. --index: the file that stands for its
     folder (default: index.html). --listing: show the other folders.
     --spa: show the root's index where nothing is. --host: answer only
     requests for this host, so that no web page can read a site that is
     private to this machine; may be given more than once.
     /.docteur/ tells what image it is.`,
  stat: ` stat PATH...
     Tell what is known of PATH without reading its content.`,
};
