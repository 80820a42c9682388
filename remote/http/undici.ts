/**
 * The parts of undici that sending requests needs. Its entry loads fetch, WebSockets and caches, too, which
 * takes 30 ms more of a command's time. The version is pinned, so these paths stay.
 */
import type { Pool as PoolClass, EnvHttpProxyAgent as ProxyAgentClass } from "undici";
// @ts-expect-error: undici has types for its entry only.
import methods from "undici/lib/api/index.js";
// @ts-expect-error
import dispatcherClass from "undici/lib/dispatcher/dispatcher.js";
// @ts-expect-error
import agentClass from "undici/lib/dispatcher/env-http-proxy-agent.js";
// @ts-expect-error
import poolClass from "undici/lib/dispatcher/pool.js";

// As the entry does: all dispatchers get `request`, and `connect` for proxies.
Object.assign(dispatcherClass.prototype, methods);

export const EnvHttpProxyAgent: typeof ProxyAgentClass = agentClass;
export const Pool: typeof PoolClass = poolClass;
