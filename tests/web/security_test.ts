import assert from "node:assert/strict";
import { labelerWith, rows, SERVING, signIn, startApp, TOKEN } from "@/tests/web/client.ts";
import { raw } from "@/tests/web/raw.ts";

Deno.test({
  name: "nobody comes in without the start token",
  ...SERVING,
  async fn() {
    await using app = await startApp();
    for (const path of ["/", "/api/next", "/api/labels/x", "/session", "/api/generate"]) {
      const response = await fetch(app.origin + path, { redirect: "manual" });
      assert.equal(response.status, 401, path);
      assert.match(await response.text(), /token/, path);
    }
    for (const token of ["", "wrong", TOKEN.slice(1)]) {
      const response = await fetch(`${app.origin}/api/session`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ name: "ada", token }),
      });
      assert.equal(response.status, 401);
      await response.body?.cancel();
    }
    const link = await fetch(app.link, { redirect: "manual" });
    assert.equal(link.status, 302);
    assert.equal(link.headers.get("Location"), "/");
    const cookie = link.headers.get("Set-Cookie")!;
    assert.match(cookie, /HttpOnly/);
    assert.match(cookie, /SameSite=Lax/);
    const admitted = labelerWith(app.origin, cookie.split(";")[0]);
    assert.match(await (await admitted.get("/")).text(), /Who is labeling/);
    assert.equal((await admitted.get("/api/next")).status, 401);
    const header = { headers: { Authorization: `Bearer ${TOKEN}` } };
    assert.match(await (await fetch(app.origin, header)).text(), /Who is labeling/);
  },
});

Deno.test({
  name: "forged and foreign sessions are refused",
  ...SERVING,
  async fn() {
    await using app = await startApp();
    const ada = await signIn(app.origin, "ada");
    const [name, value] = ada.cookie.split("=");
    const [, signature] = decodeURIComponent(value).split(".");
    const forged = [
      `${name}=admitted`,
      `${name}=admitted.${encodeURIComponent(signature)}`,
      `${name}=${crypto.randomUUID()}.${encodeURIComponent(signature)}`,
      `${name}=${encodeURIComponent("' OR 1=1 --")}`,
      ada.cookie.slice(0, -4) + "AAA%3D",
    ];
    for (const cookie of forged) {
      const response = await labelerWith(app.origin, cookie).get("/api/next");
      assert.equal(response.status, 401, cookie);
      await response.body?.cancel();
    }
    const { id } = await (await ada.label(await ada.next(), { preference: "a" })).json();
    const bob = await signIn(app.origin, "bob");
    assert.equal((await bob.get(`/api/labels/${id}`)).status, 404);
    assert.equal((await ada.get(`/api/labels/${id}`)).status, 200);
  },
});

Deno.test({
  name: "requests from other sites and under other names are refused",
  ...SERVING,
  async fn() {
    await using app = await startApp();
    const ada = await signIn(app.origin, "ada");
    const item = await ada.next();
    const label = { client_id: "from-elsewhere", pair: item.pair, showing: 1, preference: "a" };
    for (
      const headers of [
        { Origin: "https://evil.example" },
        { "Sec-Fetch-Site": "cross-site" },
        { "Sec-Fetch-Site": "same-site", Origin: "http://127.0.0.1:1" },
      ] as Record<string, string>[]
    ) {
      const response = await ada.post("/api/labels", label, headers);
      assert.equal(response.status, 403, JSON.stringify(headers));
      assert.match((await response.json()).error, /another site/);
    }
    const form = await fetch(`${app.origin}/session`, {
      method: "POST",
      headers: { Cookie: ada.cookie, Origin: "https://evil.example" },
      body: new URLSearchParams({ name: "eve" }),
    });
    assert.equal(form.status, 403);
    await form.body?.cancel();
    for (const host of ["evil.example", "127.0.0.1.evil.example", "localhost.evil"]) {
      const answer = await raw(app.origin, ["GET /api HTTP/1.1", `Host: ${host}`]);
      assert.match(answer, /^HTTP\/1.1 403/, host);
    }
    assert.match(
      await raw(app.origin, ["GET /api HTTP/1.1", "Host: localhost:1234"]),
      /^HTTP\/1.1 200/,
    );
    assert.deepEqual(await rows(app.db, "SELECT id FROM labels"), []);
  },
});

Deno.test({
  name: "bodies that are too large or no JSON, and paths out of the static folder, are refused",
  ...SERVING,
  async fn() {
    await using app = await startApp();
    const ada = await signIn(app.origin, "ada");
    const bodies: [string, number][] = [
      [JSON.stringify({ note: "x".repeat(70_000) }), 413],
      ["{", 400],
      ["[]", 400],
      ["null", 400],
    ];
    for (const [body, status] of bodies) {
      const response = await ada.post("/api/labels", body);
      assert.equal(response.status, status);
      assert.equal(typeof (await response.json()).error, "string");
    }
    const text = await ada.post("/api/labels", "{}", { "Content-Type": "text/plain" });
    assert.equal(text.status, 415);
    await text.body?.cancel();
    for (
      const path of ["/../deno.json", "/..%2fdeno.json", "/%2e%2e/deno.json", "/..%5cdeno.json"]
    ) {
      const answer = await raw(app.origin, [
        `GET ${path} HTTP/1.1`,
        `Host: ${new URL(app.origin).host}`,
        `Cookie: ${ada.cookie}`,
      ]);
      assert.match(answer, /^HTTP\/1.1 40[04]/, path);
      assert.doesNotMatch(answer, /importsMap|nodeModulesDir/, path);
    }
  },
});

Deno.test({
  name: "names of labelers are checked, and automatic labelers cannot be impersonated",
  ...SERVING,
  async fn() {
    await using app = await startApp();
    for (
      const name of [
        "",
        "   ",
        "a".repeat(65),
        "<b>",
        "x\u202ey",
        "a\nb",
        "'; DROP TABLE labels; --",
      ]
    ) {
      await assert.rejects(signIn(app.origin, name), /name is 1 to 64/, JSON.stringify(name));
    }
    for (const name of ["unit-tests", "Reference-Solution"]) {
      await assert.rejects(signIn(app.origin, name), /choose another name/);
    }
    await signIn(app.origin, "  Zoë Ng ");
    assert.deepEqual(await rows(app.db, "SELECT name, kind FROM labelers"), [
      { name: "Zoë Ng", kind: "human" },
    ]);
  },
});

Deno.test({
  name:
    "every answer carries a strict policy; only pages with scripts carry a nonce, a new one each time",
  ...SERVING,
  async fn() {
    await using app = await startApp();
    const ada = await signIn(app.origin, "ada");
    const page = await (await ada.get("/")).text();
    const files = [...page.matchAll(/(?:src|href|from)="?(\/[^"?]+)/g)].map(([, path]) => path);
    const nonces = new Set<string>();
    for (
      const path of [
        "/",
        "/?pair=none",
        "/nowhere",
        "/api",
        "/api/next",
        "/api/none",
        "/app.css",
        ...files,
      ]
    ) {
      const response = await ada.get(path);
      const policy = response.headers.get("Content-Security-Policy") ?? "";
      assert.match(policy, /default-src 'none'/, path);
      assert.match(policy, /frame-ancestors 'none'/, path);
      assert.doesNotMatch(policy, /unsafe|upgrade-insecure/, path);
      assert.equal(response.headers.get("X-Content-Type-Options"), "nosniff", path);
      assert.equal(response.headers.get("Referrer-Policy"), "no-referrer", path);
      const [, nonce] = policy.match(/script-src 'self' 'nonce-([^']+)'/) ?? [];
      const body = await response.text();
      if (body.includes("<script")) assert.ok(body.includes(`nonce="${nonce}"`), path);
      if (nonce) {
        assert.equal(nonces.has(nonce), false);
        nonces.add(nonce);
      }
    }
    assert.ok(nonces.size > 0);
  },
});
