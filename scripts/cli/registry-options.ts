import type { Option, Section } from "./command.ts";
import { sourceOptionList } from "./source-options.ts";

/** The options of a command that speaks with registries; they are among those of `sourceOptions`. */
export const registryOptions: readonly Option[] = sourceOptionList.filter(({ name }) =>
  ["cacert", "plain-http"].includes(name),
);

/** The options of a command that downloads what it reads, from registries and servers. */
export const downloadOptions: readonly Option[] = sourceOptionList.filter(({ name }) =>
  ["header-from", "cacert", "plain-http"].includes(name),
);

/** Where the credentials for a registry come from, for the manuals. */
export const logins: Section = {
  title: "CREDENTIALS",
  body: `For a registry, what 'docker login' and 'podman login' have written counts: credentials, and credential helpers,
which are programs docker-credential-NAME. The first of these files that has some for the registry:

 $REGISTRY_AUTH_FILE, $DOCKER_CONFIG/config.json
 $XDG_RUNTIME_DIR/containers/auth.json
 $XDG_CONFIG_HOME/containers/auth.json (~/.config/containers/auth.json)
 ~/.docker/config.json`,
};
