declare module "serve-handler" {
  import type { IncomingMessage, ServerResponse } from "node:http";

  export default function handle(
    request: IncomingMessage,
    response: ServerResponse,
    config: { public?: string; symlinks?: boolean; etag?: boolean },
    methods: Record<string, unknown>,
  ): Promise<void>;
}
