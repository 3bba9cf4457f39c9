/** What the app needs of Fresh; passes on the stand-in and on the real one. */
import { App, csp, csrf, HttpError, staticFiles } from "fresh";
import { Builder } from "fresh/dev";
import { chromium } from "playwright-core";
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { CHROMIUM_ARGS, ensureChromium } from "@/lib/setup/chromium.ts";
import { SERVING } from "@/tests/web/client.ts";
import type { State } from "@/tests/web/fixture/define.ts";

let build: ReturnType<Builder["build"]> | undefined;

async function fixture(): Promise<(path: string, init?: RequestInit) => Promise<Response>> {
  build ??= new Builder({ root: fileURLToPath(new URL("./fixture", import.meta.url)) })
    .build({ snapshot: "memory" });
  const app = new App<State>()
    .use((ctx) => {
      ctx.state.trail = [];
      return ctx.next();
    })
    .use(csp({ useNonce: true, csp: ["img-src 'none'"] }), staticFiles(), csrf())
    .use("/admin", (ctx) => {
      if (ctx.url.searchParams.has("away")) ctx.state.trail.push("away");
      return ctx.next();
    })
    .get("/plain/:name", (ctx) => ctx.text(`plain ${ctx.params.name}`))
    .post("/plain/:name", (ctx) => ctx.json({ method: ctx.req.method }, { status: 202 }))
    .put("/plain/:name", (ctx) => ctx.json({ method: ctx.req.method }))
    .patch("/plain/:name", (ctx) => ctx.json({ method: ctx.req.method }))
    .delete("/plain/:name", (ctx) => ctx.json({ method: ctx.req.method }))
    .all("/any", (ctx) => ctx.html(`<b>${ctx.req.method}</b>`))
    .get("/away", (ctx) => ctx.redirect("//evil.example/x?y=1"))
    .get("/refused", () => {
      throw new HttpError(418, "no tea");
    })
    .fsRoutes();
  (await build)(app);
  const handler = app.handler();
  return (path, init) => handler(new Request(`http://localhost${path}`, init));
}

Deno.test({
  name:
    "pages: parameters, groups, data, status, headers, layouts, wrappers and asynchronous pages",
  ...SERVING,
  async fn() {
    const ask = await fixture();
    const item = await ask("/items/a%20b");
    assert.equal(item.status, 201);
    assert.equal(item.headers.get("X-Item"), "a b");
    assert.match(
      await item.text(),
      /^<!DOCTYPE html><html lang="en">.*<title>.*<b>item a b<\/b>.*<\/html>$/s,
    );
    const posted = await ask("/items/1", { method: "POST", body: "hello" });
    assert.deepEqual(await posted.json(), { sent: "hello" });
    const admin = await ask("/admin");
    assert.equal(admin.headers.get("X-Trail"), "admin");
    assert.match(await admin.text(), /<body><section><i>admin<\/i><\/section>/);
    assert.equal((await ask("/admin?away")).status, 303);
  },
});

Deno.test({
  name: "handlers by method, HEAD, redirects that stay here",
  ...SERVING,
  async fn() {
    const ask = await fixture();
    assert.equal(await (await ask("/plain/x")).text(), "plain x");
    assert.equal((await ask("/plain/x", { method: "POST" })).status, 202);
    for (const method of ["PUT", "PATCH", "DELETE"]) {
      assert.deepEqual(await (await ask("/plain/x", { method })).json(), { method });
      assert.equal(await (await ask("/any", { method })).text(), `<b>${method}</b>`);
    }
    const head = await ask("/plain/x", { method: "HEAD" });
    assert.deepEqual([head.status, await head.text()], [200, ""]);
    assert.equal((await ask("/away")).headers.get("Location"), "/evil.example/x?y=1");
  },
});

Deno.test({
  name: "errors become the error page with their status",
  ...SERVING,
  async fn() {
    const ask = await fixture();
    const original = console.error;
    console.error = () => {};
    try {
      for (
        const [path, status, text] of [
          ["/nowhere", 404, "error 404"],
          ["/items/0", 404, "error 404"],
          ["/admin/broken", 500, "error broken on purpose"],
        ] as const
      ) {
        const response = await ask(path);
        assert.equal(response.status, status, path);
        assert.match(
          (await response.text()).replaceAll("<!-- -->", ""),
          new RegExp(`<em>${text}</em>`),
          path,
        );
      }
      // Added before the files, so that their error page is not for it.
      const refused = await ask("/refused");
      assert.deepEqual([refused.status, await refused.text()], [418, "no tea"]);
    } finally {
      console.error = original;
    }
  },
});

Deno.test({
  name: "static files, the policy with the page's nonce, and refusal of other sites",
  ...SERVING,
  async fn() {
    const ask = await fixture();
    const css = await ask("/plain.css");
    assert.match(css.headers.get("Content-Type")!, /^text\/css/);
    assert.equal(await css.text(), "body {\n  color: black;\n}\n");
    for (const path of ["/%E0%A4%A", "/nothing.css"]) {
      assert.equal((await ask(path)).status, 404, path);
    }
    const page = await ask("/");
    const policy = page.headers.get("Content-Security-Policy")!;
    const [, nonce] = policy.match(/script-src 'self' 'nonce-([^']+)'/)!;
    assert.match(policy, /img-src 'none'/);
    const html = await page.text();
    assert.ok(html.includes(`nonce="${nonce}"`));
    const [, script] = html.match(/import\s*{[^}]*}\s*from\s*"(\/[^"]+\.js)"/)!;
    const bundled = await ask(script);
    assert.match(bundled.headers.get("Content-Type")!, /javascript/);
    assert.match(bundled.headers.get("Cache-Control")!, /immutable/);
    await bundled.body?.cancel();
    const foreign = await ask("/plain/x", {
      method: "POST",
      headers: { Origin: "http://evil.example" },
    });
    assert.equal(foreign.status, 403);
  },
});

Deno.test({
  name: "islands come to life and share signals; their data cannot break out of the script",
  ...SERVING,
  async fn() {
    const ask = await fixture();
    const server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen: () => {} },
      async (req) => {
        const { pathname } = new URL(req.url);
        const response = await ask(pathname);
        return response;
      },
    );
    const browser = await chromium.launch({
      executablePath: await ensureChromium(),
      args: CHROMIUM_ARGS,
    });
    try {
      const page = await browser.newPage();
      const errors: string[] = [];
      page.on("pageerror", (error) => errors.push(String(error)));
      await page.goto(`http://127.0.0.1:${server.addr.port}/`);
      const shown = async () =>
        (await page.locator("button").allTextContents()).map((text) => text.replace(/\s+/g, " "));
      await page.waitForSelector("#inner:has-text('alive')");
      assert.deepEqual(await shown(), ["left 3 alive", "right 3 alive", "inner 7 alive"]);
      await page.click("#left");
      await page.click("#right");
      await page.click("#inner");
      assert.deepEqual(await shown(), ["left 5 alive", "right 5 alive", "inner 8 alive"]);
      assert.match(await page.locator("main p").getAttribute("title") ?? "", /<\/script>/);
      assert.equal(await page.evaluate(() => (globalThis as { pwned?: unknown }).pwned), undefined);
      assert.deepEqual(errors, []);
    } finally {
      await browser.close();
      await server.shutdown();
    }
  },
});
