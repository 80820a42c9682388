import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import test, { type ExecutionContext } from "ava";
import { SourceError } from "../../../reader/source-error.ts";
import { type BlobContent, uploadBlob } from "../../../remote/oci/blob-upload.ts";
import { Registry } from "../../../remote/oci/registry.ts";
import { end, sha256, TestRegistry, type TestRegistryOptions } from "./test-registry.ts";

const MIB = 1024 * 1024;
const BYTES = randomBytes(20 * MIB + 17);
const CONTENT: BlobContent = contentOf(BYTES);

function contentOf(bytes: Buffer): BlobContent {
  const read = async (offset: number, length: number) => bytes.subarray(offset, offset + length);
  return { digest: sha256(bytes), size: bytes.length, read };
}

async function start(t: ExecutionContext, options: TestRegistryOptions = {}) {
  const registry = await TestRegistry.start(t, options);
  const env = { HOME: "/nonexistent" };
  const client = await Registry.open(registry.address(), { env, actions: "pull,push" });
  t.teardown(() => client[Symbol.asyncDispose]());
  const of = (method: string) => registry.seen.filter((each) => each.method === method);
  return { registry, client, of };
}

test("a blob goes in chunks that follow each other, and not again when it is there", async (t) => {
  const { registry, client, of } = await start(t);
  const done: number[] = [];
  t.is(await uploadBlob(client, CONTENT, { onProgress: (bytes) => done.push(bytes) }), "uploaded");
  t.true(registry.blobs.get(CONTENT.digest)!.equals(BYTES));
  t.deepEqual(
    of("PATCH").map(({ headers }) => [headers["content-range"], headers["content-length"]]),
    [
      [`0-${8 * MIB - 1}`, `${8 * MIB}`],
      [`${8 * MIB}-${16 * MIB - 1}`, `${8 * MIB}`],
      [`${16 * MIB}-${BYTES.length - 1}`, `${4 * MIB + 17}`],
    ],
  );
  t.deepEqual(done, [8 * MIB, 16 * MIB, BYTES.length, BYTES.length]);
  t.is(await uploadBlob(client, CONTENT), "there");
  t.is(registry.received, BYTES.length);
  t.is(of("POST").length, 1);
});

test("a registry that is read-only says so", async (t) => {
  const intercept: TestRegistryOptions["intercept"] = ({ method }, response) => {
    if (method !== "POST") return false;
    response.writeHead(405).end();
    return true;
  };
  const { client, of } = await start(t, { intercept });
  const error = await t.throwsAsync(uploadBlob(client, CONTENT), { code: "SOURCE_UNSUPPORTED" });
  t.regex(error!.message, /takes no uploads \(HTTP 405\): it may be read-only/);
  t.is(of("PATCH").length, 0);
});

test("a small blob goes in one piece", async (t) => {
  const { registry, client, of } = await start(t);
  const small = contentOf(Buffer.from("small"));
  t.is(await uploadBlob(client, small), "uploaded");
  t.is(registry.blobs.get(small.digest)!.toString(), "small");
  t.deepEqual([of("POST").length, of("PATCH").length, of("PUT").length], [1, 0, 1]);
});

test("a connection that is cut in a chunk costs nothing that the registry has", async (t) => {
  const { registry, client, of } = await start(t);
  let chunks = 0;
  registry.cutAfter = ({ method }) => (method === "PATCH" && chunks++ % 2 === 0 ? 3 * MIB : undefined);
  t.is(await uploadBlob(client, CONTENT), "uploaded");
  t.true(registry.blobs.get(CONTENT.digest)!.equals(BYTES));
  t.true(of("GET").length > 1);
  // What was on its way when the connection was cut is sent twice at most.
  t.true(registry.received < BYTES.length + MIB, `${registry.received}`);
});

test("a session that the registry has lost is begun anew", async (t) => {
  const { registry, client, of } = await start(t);
  registry.intercept = (request) => {
    if (request.method === "PATCH" && of("PATCH").length === 2) registry.uploads.clear();
    return false;
  };
  t.is(await uploadBlob(client, CONTENT), "uploaded");
  t.is(of("POST").length, 2);
  t.true(registry.blobs.get(CONTENT.digest)!.equals(BYTES));
});

test("a registry without chunks gets a blob in one piece", async (t) => {
  for (const status of [405, 501]) {
    const { registry, client, of } = await start(t);
    registry.intercept = (request, response) => {
      if (request.method !== "PATCH") return false;
      request.resume();
      end(response, status);
      return true;
    };
    t.is(await uploadBlob(client, CONTENT), "uploaded");
    t.is(of("PATCH").length, 1);
    t.true(registry.blobs.get(CONTENT.digest)!.equals(BYTES));
  }
});

test("chunks become as small as a registry wants, and as large", async (t) => {
  const limited = await start(t);
  limited.registry.intercept = (request, response) => {
    if (Number(request.headers["content-length"]) <= 3 * MIB) return false;
    request.resume();
    end(response, 413);
    return true;
  };
  t.is(await uploadBlob(limited.client, CONTENT), "uploaded");
  t.true(limited.registry.blobs.get(CONTENT.digest)!.equals(BYTES));
  const large = await start(t, { minimalChunk: 12 * MIB });
  t.is(await uploadBlob(large.client, CONTENT), "uploaded");
  const sizes = large.of("PATCH").map(({ headers }) => Number(headers["content-length"]));
  t.deepEqual(sizes, [12 * MIB, BYTES.length - 12 * MIB]);
});

test("what a registry has stored but not confirmed is not sent again", async (t) => {
  const { registry, client, of } = await start(t);
  registry.intercept = (request) => {
    if (request.method !== "PUT") return false;
    registry.blobs.set(CONTENT.digest, BYTES);
    request.destroy();
    return true;
  };
  t.is(await uploadBlob(client, CONTENT), "uploaded");
  t.deepEqual([of("POST").length, of("PUT").length, registry.received], [1, 1, BYTES.length]);
});

test("a token that ends during an upload is replaced", async (t) => {
  const { registry, client, of } = await start(t, { bearer: {} });
  registry.intercept = (request) => {
    if (request.method === "PATCH" && of("PATCH").length === 2) registry.tokens.clear();
    return false;
  };
  t.is(await uploadBlob(client, CONTENT), "uploaded");
  t.true(registry.blobs.get(CONTENT.digest)!.equals(BYTES));
  const scopes = registry.seen.flatMap(({ url }) =>
    url.startsWith("/token") ? [url.replace(/.*scope=/, "")] : [],
  );
  t.deepEqual([...new Set(scopes)], ["repository%3Adocs%2Fsite%3Apull%2Cpush"]);
});

test("an upload that is sent to another server takes no token there", async (t) => {
  const headers: unknown[] = [];
  const other = createServer((request, response) => {
    headers.push(request.headers.authorization);
    request.resume().on("end", () => end(response, request.method === "PUT" ? 201 : 202));
  });
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  t.teardown(() => other.close().closeAllConnections());
  const { registry, client } = await start(t, { bearer: {} });
  registry.intercept = (request, response) => {
    if (request.method !== "POST" || request.headers.authorization === undefined) return false;
    end(response, 202, { location: `http://127.0.0.1:${(other.address() as AddressInfo).port}/put?here=1` });
    return true;
  };
  t.is(await uploadBlob(client, CONTENT), "uploaded");
  t.deepEqual(headers, [undefined, undefined, undefined, undefined]);
});

test("a registry that has the blob elsewhere gives it without an upload", async (t) => {
  const { registry, client } = await start(t);
  registry.intercept = (request, response) => {
    if (request.method !== "POST") return false;
    t.true(request.url!.endsWith(`/v2/docs/site/blobs/uploads/?mount=${CONTENT.digest}`));
    end(response, 201);
    return true;
  };
  t.is(await uploadBlob(client, CONTENT), "mounted");
  const strict = await start(t);
  strict.registry.intercept = (request, response) => {
    if (request.method !== "POST" || !request.url!.includes("mount")) return false;
    end(response, 400);
    return true;
  };
  t.is(await uploadBlob(strict.client, contentOf(Buffer.from("x"))), "uploaded");
});

test("registries that lose, refuse or change what they get end an upload", async (t) => {
  const cases: [string, string, (registry: TestRegistry) => TestRegistry["intercept"]][] = [
    [
      "cuts all",
      "SOURCE_UNREACHABLE",
      () => (request) => {
        if (request.method !== "PATCH") return false;
        request.destroy();
        return true;
      },
    ],
    [
      "loses all",
      "SOURCE_UNSUPPORTED",
      (registry) => (request) => {
        if (request.method === "PUT") registry.uploads.clear();
        return false;
      },
    ],
    [
      "other bytes",
      "SOURCE_UNSUPPORTED",
      (registry) => (request) => {
        if (request.method === "PUT")
          for (const upload of registry.uploads.values()) upload.bytes = Buffer.from("x");
        return false;
      },
    ],
    [
      "forbids",
      "SOURCE_DENIED",
      () => (request, response) => {
        if (request.method !== "POST") return false;
        end(response, 403);
        return true;
      },
    ],
    [
      "other digest",
      "SOURCE_UNSUPPORTED",
      () => (request, response) => {
        if (request.method !== "PUT") return false;
        end(response, 201, { "docker-content-digest": sha256(Buffer.from("x")) });
        return true;
      },
    ],
    [
      "no location",
      "SOURCE_MALFORMED",
      () => (request, response) => {
        if (request.method !== "POST") return false;
        end(response, 202);
        return true;
      },
    ],
  ];
  for (const [name, code, intercept] of cases) {
    const { registry, client } = await start(t);
    registry.intercept = intercept(registry);
    await t.throwsAsync(uploadBlob(client, CONTENT), { instanceOf: SourceError, code }, name);
  }
});

test("an upload ends when it is aborted", async (t) => {
  const { registry, client, of } = await start(t);
  const controller = new AbortController();
  const reason = new Error("ended");
  registry.intercept = (request) => {
    if (request.method !== "PATCH") return false;
    controller.abort(reason);
    return true;
  };
  await t.throwsAsync(uploadBlob(client, CONTENT, { signal: controller.signal }), { is: reason });
  t.is(of("PATCH").length, 1);
});

test("an upload that is ended, or fails, leaves no session with the registry", async (t) => {
  const { registry, of } = await start(t);
  const controller = new AbortController();
  // As a command opens it: what is left to do is done although the signal is aborted.
  await using client = await Registry.open(registry.address(), {
    ...{ env: { HOME: "/nonexistent" }, actions: "pull,push" as const },
    signal: controller.signal,
  });
  const onProgress = (done: number) => done === 16 * MIB && controller.abort(new Error("Ctrl-C"));
  const aborted = uploadBlob(client, CONTENT, { onProgress, signal: controller.signal });
  await t.throwsAsync(aborted, { message: "Ctrl-C" });
  t.is(of("DELETE").length, 1);
  t.is(registry.uploads.size, 0);
  registry.intercept = (request, response) => {
    if (request.method !== "PATCH") return false;
    request.resume();
    end(response, 403);
    return true;
  };
  await using other = await Registry.open(registry.address(), {
    ...{ env: { HOME: "/nonexistent" }, actions: "pull,push" as const },
  });
  await t.throwsAsync(uploadBlob(other, CONTENT), { code: "SOURCE_DENIED" });
  t.is(of("DELETE").length, 2);
  t.is(registry.uploads.size, 0);
});

for (const [method, state] of [
  ["POST", 0],
  ["PATCH", 8 * MIB],
] as const) {
  test(`what is on its way in a ${method} arrives, and then the upload is cancelled as the registry has it`, async (t) => {
    const { registry, client, of } = await start(t);
    const controller = new AbortController();
    registry.intercept = async (request) => {
      if (request.method !== method) return false;
      controller.abort(new Error("Ctrl-C"));
      await new Promise((resolve) => setTimeout(resolve, 300));
      return false;
    };
    await t.throwsAsync(uploadBlob(client, CONTENT, { signal: controller.signal }), { message: "Ctrl-C" });
    t.is(registry.uploads.size, 0);
    t.true(of("DELETE")[0]!.url.endsWith(`?state=${state}`));
  });
}

test("content that cannot be read ends an upload at once", async (t) => {
  for (const size of [CONTENT.size, 1000]) {
    const { registry, client, of } = await start(t);
    // The first takes no chunks, so that all of it is one request.
    registry.intercept = (request, response) => {
      if (request.method !== "PATCH") return false;
      request.resume();
      end(response, 405);
      return true;
    };
    const error = new Error("it has changed");
    let reads = 0;
    const read = async (offset: number, length: number) => {
      if (++reads > (size > 8 * MIB ? 3 : 0)) throw error;
      return CONTENT.read(offset, length);
    };
    await t.throwsAsync(uploadBlob(client, { ...CONTENT, size, read }), { is: error });
    t.is(registry.uploads.size, 0);
    t.true(of("PUT").length <= 1);
  }
});

test("a registry that cannot cancel an upload changes nothing about its failure", async (t) => {
  const { registry, client } = await start(t);
  for (const misbehave of ["refuses", "cuts", "is silent"]) {
    registry.intercept = (request, response) => {
      if (request.method !== "PATCH" && request.method !== "DELETE") return false;
      request.resume();
      if (request.method === "PATCH") end(response, 403);
      else if (misbehave === "refuses") end(response, 405);
      else if (misbehave === "cuts") response.destroy();
      return true;
    };
    await t.throwsAsync(uploadBlob(client, CONTENT), { code: "SOURCE_DENIED" }, misbehave);
  }
});
