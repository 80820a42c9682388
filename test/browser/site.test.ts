import { once } from "node:events";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import test, { type ExecutionContext } from "ava";
import { makeImage } from "../../image-builder/index.ts";
import { runInVm } from "../../vm/commands.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { Collector, descendants } from "../vm/fixture.ts";
import { background, brokenImages, isReadable } from "./appearance.ts";
import { startBrowser } from "./chromium.ts";
import { documentation } from "./documentation.ts";

/** Serves a folder's image from a machine. @returns the address. */
async function serve(t: ExecutionContext, repository: string): Promise<string> {
  const image = join(temporaryFolder(t), "docs.img");
  await makeImage({ repository, image, withoutDeltas: true });
  const ending = new AbortController();
  const stdout = new PassThrough({ encoding: "utf8" });
  const stderr = new Collector();
  const running = runInVm({
    ...{ image, program: "serve", args: ["--listing"], publish: ["0:80"] },
    ...{ stdout, stderr, signal: ending.signal },
  });
  t.teardown(async () => {
    ending.abort("SIGTERM");
    await running;
  });
  return String(await Promise.race([once(stdout, "data"), running])).trim();
}

test("Chromium reads a documentation set from a machine: links, images, its search; folders, the image's page", async (t) => {
  const folder = await documentation();
  const python = readdirSync(join(folder, "doc")).find((name) => /^python3\.\d+$/.test(name))!;
  const base = await serve(t, folder);
  const browser = await startBrowser(t);
  const context = await browser.newContext({ viewport: { width: 1000, height: 700 } });
  const page = await context.newPage();
  const failures: string[] = [];
  const encodings = new Set<string | undefined>();
  page.on("pageerror", (error) => failures.push(error.message));
  page.on("response", (response) => {
    encodings.add(response.headers()["content-encoding"]);
    if (response.status() >= 400) failures.push(`${response.status()} ${response.url()}`);
  });
  page.on("requestfailed", (request) => {
    // A page that is left before all is loaded lets go of the rest.
    if (request.failure()?.errorText !== "net::ERR_ABORTED") failures.push(request.url());
  });

  await page.goto(`${base}doc/${python}/html/`);
  t.regex(await page.title(), /^3\.\d+\.\d+ Documentation$/);
  await page.getByRole("link", { name: "Library Reference" }).first().click();
  await page.waitForURL("**/library/index.html");
  t.regex(String(await page.textContent("h1")), /standard library/i);
  await page.goto(`${base}doc/${python}/html/howto/logging.html`);
  t.true((await page.locator("img").count()) > 0);
  t.deepEqual(await brokenImages(page), []);
  t.deepEqual(
    [...encodings].filter((encoding) => encoding !== undefined),
    ["gzip"],
  );

  // The search is a script that reads an index of 3.6 MB.
  await page.goto(`${base}doc/${python}/html/search.html?q=fibonacci`);
  const found = page
    .locator("#search-results li a", { hasText: "Defining Functions" })
    .or(page.locator("#search-results li a", { hasText: "More Control Flow Tools" }));
  await found.first().click();
  await page.waitForURL("**/tutorial/controlflow.html*");
  t.deepEqual(failures, []);

  for (const scheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme: scheme });
    await page.goto(`${base}doc/${python}/`);
    t.true(await isReadable(page), `a folder, ${scheme}`);
    await page.getByRole("link", { name: "html/", exact: true }).click();
    await page.waitForURL("**/html/");
    await page.goto(`${base}.docteur/`);
    t.regex(String(await page.textContent("table")), /Dr\. Greenthumb <noreply@cypress\.hill>/);
    t.true(await isReadable(page), `the image's page, ${scheme}`);
    await page.goto(`${base}doc/`);
    await page.getByRole("link", { name: /^[0-9a-f]{12}$/ }).click();
    await page.waitForURL("**/.docteur/");
    t.is(await background(page), scheme === "light" ? "rgb(255, 255, 255)" : "rgb(13, 17, 23)");
  }
  t.deepEqual(failures, []);

  const plain = await browser.newContext({ javaScriptEnabled: false, viewport: { width: 320, height: 600 } });
  const narrow = await plain.newPage();
  for (const path of [`doc/${python}/`, ".docteur/"]) {
    await narrow.goto(base + path);
    const box = await narrow.locator("main").boundingBox();
    t.true(box !== null && box.width <= 320, `${path} fits a narrow window`);
  }
  await browser.close();
  t.true(descendants(process.pid).every(({ name }) => name.startsWith("qemu")));
});
