import test from "ava";
import { gitEnvironment } from "../../../image-builder/source/git-environment.ts";

test("another repository's variables do not reach git, the user's settings do", (t) => {
  const env = gitEnvironment(
    {
      PATH: "/bin",
      GIT_DIR: "/elsewhere",
      GIT_INDEX_FILE: "x",
      GIT_OBJECT_DIRECTORY: "x",
      GIT_DEFAULT_HASH: "sha256",
      GIT_TRACE_CURL: "1",
      GIT_TEST_DEFAULT_HASH: "sha256",
      GIT_LITERAL_PATHSPECS: "1",
      GIT_DEFAULT_REF_FORMAT: "reftable",
      GIT_CONFIG: "/elsewhere/config",
      GIT_TOKEN: "for a user's own askpass",
      GIT_ASKPASS: "/bin/askpass",
      GIT_SSH_COMMAND: "ssh -i key",
      GIT_SSL_CAINFO: "ca",
      GIT_CONFIG_COUNT: "1",
      GIT_CONFIG_KEY_0: "http.proxy",
      GIT_CONFIG_VALUE_0: "http://proxy",
      GIT_CONFIG_PARAMETERS: "'http.proxyAuthMethod=basic'",
      LC_ALL: "de_DE.UTF-8",
    },
    { MORE: "1" },
  );
  t.deepEqual(env, {
    PATH: "/bin",
    GIT_TOKEN: "for a user's own askpass",
    GIT_ASKPASS: "/bin/askpass",
    GIT_SSH_COMMAND: "ssh -i key",
    GIT_SSL_CAINFO: "ca",
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: "http.proxy",
    GIT_CONFIG_VALUE_0: "http://proxy",
    GIT_CONFIG_PARAMETERS: "'http.proxyAuthMethod=basic'",
    LC_ALL: "C",
    GIT_TERMINAL_PROMPT: "0",
    GIT_NO_REPLACE_OBJECTS: "1",
    GIT_NO_LAZY_FETCH: "1",
    MORE: "1",
  });
});
