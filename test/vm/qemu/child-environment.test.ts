import test from "ava";
import { childEnvironment } from "../../../vm/qemu/child-environment.ts";
import { GuardedProcess } from "../../../vm/qemu/guarded-process.ts";

test("a child gets what it needs of the environment, and no secrets", (t) => {
  const needed = {
    PATH: "/bin",
    HOME: "/h",
    LC_ALL: "C",
    LD_LIBRARY_PATH: "/l",
    XDG_CACHE_HOME: "/c",
    TMPDIR: "/t",
  };
  const secrets = {
    ...{
      DOCTEUR_TOKEN: "s",
      DOCTEUR_GIT_PASSWORD: "s",
      https_proxy: "http://u:s@p",
      HTTPS_PROXY: "http://u:s@p",
    },
    ...{ NETRC: "s", AWS_SECRET_ACCESS_KEY: "s", GITHUB_TOKEN: "s", GIT_ASKPASS: "s", all_proxy: "s" },
  };
  t.deepEqual(childEnvironment({ ...needed, ...secrets }), needed);
});

test.serial("QEMU, and a process on the host, are started with no other", async (t) => {
  process.env.DOCTEUR_TOKEN = "SECRET";
  t.teardown(() => delete process.env.DOCTEUR_TOKEN);
  const child = new GuardedProcess("/usr/bin/env", []);
  t.is(await child.ended, "status 0");
  const output = child.consoleLog.lines(1000).join("\n");
  t.regex(output, /PATH=/);
  t.notRegex(output, /SECRET/);
});
