/** The names that Docker Hub goes by in addresses, and the host that serves it. */
const HUB_NAMES: readonly string[] = ["docker.io", "index.docker.io", "registry-1.docker.io"];
const HUB_HOST = "registry-1.docker.io";

/** What `docker login` calls Docker Hub in its files, and asks credential helpers for. */
export const HUB_KEY = "https://index.docker.io/v1/";

/** Whether a registry is Docker Hub. */
export function isHub(registry: string): boolean {
  return HUB_NAMES.includes(registry);
}

/** The host and the name of a repository, as the registry itself calls them. */
export function repositoryAt(registry: string, repository: string): { host: string; name: string } {
  if (!isHub(registry)) return { host: registry, name: repository };
  return { host: HUB_HOST, name: repository.includes("/") ? repository : `library/${repository}` };
}
