/**
 * What QEMU, and Node for `-t unix`, may need: where things are, language and time, the loader's, allocators' and
 * libraries' settings. Not what may be a secret: tokens, the passwords of proxies, keys for other services.
 */
const NEEDED =
  /^(?:PATH|HOME|USER|LOGNAME|SHELL|PWD|TERM|LANG|LANGUAGE|TZ|TMPDIR|GLIBC_TUNABLES|(?:LC|LD|XDG|G|MALLOC|QEMU|CEPH|NODE|ASAN|UBSAN)_\w+|DOCTEUR_DEBUG)$/;

/** The variables of an environment that a child gets. */
export function childEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => NEEDED.test(name)));
}
