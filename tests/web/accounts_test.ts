/** People on other machines: invitations, sessions, TLS and proxies. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { InputError } from "@/lib/errors.ts";
import { withStore } from "@/lib/store/store.ts";
import { invite, listAccounts, removeAccount } from "@/lib/web/accounts.ts";
import {
  type Labeler,
  labelerWith,
  rows,
  serve,
  SERVING,
  signIn,
  TOKEN,
} from "@/tests/web/client.ts";
import { makeDatabase } from "@/tests/web/database.ts";
import { raw } from "@/tests/web/raw.ts";

/** On this machine alone, but under a name that others could know. */
const TEAM = { hosts: ["label.example.org"] };

const addressOf = ({ port }: { port: number }) => `http://127.0.0.1:${port}`;

const invitationOf = async (db: string, name: string, hours = 1) =>
  (await withStore(db, (store) => invite(store, name, "labeler", hours))).invitation;

/** Follows an invitation. @returns undefined when it is refused */
async function joinBy(origin: string, invitation: string): Promise<Labeler | undefined> {
  const response = await fetch(`${origin}/join/${invitation}`, {
    method: "POST",
    redirect: "manual",
  });
  await response.body?.cancel();
  if (response.status === 303) {
    return labelerWith(origin, response.headers.get("Set-Cookie")!.split(";")[0]);
  }
  assert.equal(response.status, 403);
}

Deno.test({
  name: "without accounts the app serves this machine alone",
  ...SERVING,
  async fn() {
    await using database = await makeDatabase();
    for (const more of [{ host: "0.0.0.0" }, TEAM, { ...TEAM, trustedProxy: "127.0.0.1" }]) {
      await assert.rejects(
        serve(database.path, 0, undefined, [], more),
        (error) => error instanceof InputError && /users add NAME/.test(error.message),
      );
    }
    await invitationOf(database.path, "ada");
    await withStore(database.path, (store) => removeAccount(store, "ada"));
    await assert.rejects(serve(database.path, 0, undefined, [], TEAM), /no accounts yet/);
    for (const more of [{ cert: "only.pem" }, { trustedProxy: "127.0.0.1" }]) {
      await assert.rejects(serve(database.path, 0, undefined, [], more), InputError);
    }
  },
});

Deno.test({
  name: "an invitation works once, is not used up by looking, and is stored as a digest",
  ...SERVING,
  async fn() {
    await using database = await makeDatabase();
    const db = database.path, invitation = await invitationOf(db, "ada");
    const serving = await serve(db, 0, undefined, [], TEAM);
    try {
      const origin = addressOf(serving);
      assert.doesNotMatch(serving.link, /token/);
      for (let i = 0; i < 2; i++) {
        assert.match(await (await fetch(`${origin}/join/${invitation}`)).text(), /Welcome, .*ada/);
      }
      const ada = (await joinBy(origin, invitation))!;
      const item = await ada.next();
      assert.equal((await ada.label(item, { preference: "a" })).status, 200);
      assert.deepEqual(await rows(db, "SELECT labeler FROM labels"), [{ labeler: "ada" }]);

      assert.equal(await joinBy(origin, invitation), undefined);
      const used = await fetch(`${origin}/join/${invitation}`);
      assert.equal(used.status, 403);
      assert.match(await used.text(), /has been used/);
      for (const wrong of [await invitationOf(db, "bob", 0), "guess", "'%20OR%201=1%20--"]) {
        assert.equal(await joinBy(origin, wrong), undefined, wrong);
      }
      const kept = await rows(db, "SELECT * FROM invitations");
      assert.ok(!JSON.stringify(kept).includes(invitation));
      assert.deepEqual(await withStore(db, listAccounts), [
        { name: "ada", role: "labeler", state: "joined", labels: 1 },
        { name: "bob", role: "labeler", state: "expired", labels: 0 },
      ]);
    } finally {
      await serving.stop();
    }
  },
});

Deno.test({
  name:
    "programs come by an invitation too, and nobody by a name, the start token or a session of another kind",
  ...SERVING,
  async fn() {
    await using database = await makeDatabase();
    const db = database.path;
    const alone = await serve(db);
    const port = Number(new URL(alone.origin).port);
    const before = await signIn(alone.origin, "eve");
    await alone.stop();
    const invitation = await invitationOf(db, "ada");
    const serving = await serve(db, port, undefined, [], TEAM);
    try {
      const origin = `http://127.0.0.1:${port}`;
      const session = (body: unknown, headers = {}) =>
        fetch(`${origin}/api/session`, {
          method: "POST",
          headers: { "Content-Type": "application/json", ...headers },
          body: JSON.stringify(body),
        });
      const eve = labelerWith(origin, before.cookie);
      assert.equal((await eve.get("/api/next")).status, 401);
      for (const path of ["/", `/?token=${TOKEN}`, "/runs", "/quality"]) {
        const response = await fetch(origin + path);
        assert.equal(response.status, 401, path);
        assert.match(await response.text(), /invitation/);
      }
      for (
        const body of [{ name: "eve" }, { name: "eve", token: TOKEN }, { invitation: "guess" }]
      ) {
        assert.ok([401, 403].includes((await session(body)).status), JSON.stringify(body));
      }
      const joined = await session({ invitation });
      assert.deepEqual(await joined.json(), { labeler: "ada" });
      const cookie = joined.headers.get("Set-Cookie")!;
      assert.match(cookie, /HttpOnly/);
      assert.match(cookie, /SameSite=Lax/);
      const ada = labelerWith(origin, cookie.split(";")[0]);
      assert.equal((await ada.get("/api/next")).status, 200);

      // Who is in cannot become somebody else.
      assert.equal((await ada.post("/api/session", { name: "bob" })).status, 401);
      const form = await fetch(`${origin}/session`, {
        method: "POST",
        headers: { Cookie: ada.cookie },
        body: new URLSearchParams({ name: "bob" }),
      });
      assert.equal(form.status, 403);
    } finally {
      await serving.stop();
    }
  },
});

Deno.test({
  name: "a session ends when it is left, and all of an account's when that is removed; labels stay",
  ...SERVING,
  async fn() {
    await using database = await makeDatabase();
    const db = database.path;
    const invitations = [await invitationOf(db, "ada"), await invitationOf(db, "bob")];
    const serving = await serve(db, 0, undefined, [], TEAM);
    try {
      const origin = addressOf(serving);
      const [ada, bob] = await Promise.all(
        invitations.map(async (invitation) => (await joinBy(origin, invitation))!),
      );
      const status = async (labeler: Labeler) => (await labeler.get("/api/next")).status;
      assert.equal((await ada.label(await ada.next(), { preference: "a" })).status, 200);
      await withStore(db, (store) => removeAccount(store, "ada"));
      assert.deepEqual([await status(ada), await status(bob)], [401, 200]);
      assert.equal((await rows(db, "SELECT id FROM labels")).length, 1);

      const left = await fetch(`${origin}/api/session`, {
        method: "DELETE",
        headers: { Cookie: bob.cookie },
      });
      assert.match(left.headers.get("Set-Cookie")!, /Max-Age=0/);
      assert.equal(await status(bob), 401);

      const back = (await joinBy(origin, await invitationOf(db, "ada")))!;
      assert.deepEqual((await back.next()).progress, { labeled: 1, skipped: 0, total: 4 });
      assert.equal(await status(ada), 401);
      await assert.rejects(withStore(db, (store) => removeAccount(store, "nobody")), /no account/);
    } finally {
      await serving.stop();
    }
  },
});

Deno.test({
  name:
    "a trusted proxy's word makes cookies secure; nobody else's does, and other names are refused",
  ...SERVING,
  async fn() {
    await using database = await makeDatabase();
    const db = database.path;
    const ask = async (trustedProxy: string | undefined, host: string) => {
      const invitation = await invitationOf(db, "ada");
      const serving = await serve(db, 0, undefined, [], { ...TEAM, trustedProxy });
      try {
        return await raw(`http://127.0.0.1:${serving.port}`, [
          `POST /join/${invitation} HTTP/1.1`,
          `Host: ${host}`,
          `X-Forwarded-Proto: https`,
          `Origin: https://${host}`,
        ]);
      } finally {
        await serving.stop();
      }
    };
    const trusted = await ask("127.0.0.1", "label.example.org");
    assert.match(trusted, /^HTTP\/1.1 303/);
    assert.match(trusted, /set-cookie: __Host-codepref_web=[^\r]*; Secure/i);
    assert.match(await ask("127.0.0.1", "evil.example"), /^HTTP\/1.1 403/);
    // What is no proxy's word is nothing: the request is one of plain HTTP, from another origin.
    assert.match(await ask(undefined, "label.example.org"), /^HTTP\/1.1 403/);
    assert.match(await ask("192.0.2.1", "label.example.org"), /^HTTP\/1.1 403/);
  },
});

/** A certificate for 127.0.0.1; undefined without openssl. */
async function certificate(folder: string): Promise<{ cert: string; key: string } | undefined> {
  const files = { cert: join(folder, "cert.pem"), key: join(folder, "key.pem") };
  const args =
    `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE -keyout ${files.key} -out ${files.cert}`
      .split(" ");
  try {
    const { success } = await new Deno.Command("openssl", { args, stderr: "null" }).output();
    return success ? files : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

Deno.test({
  name: "with a certificate the app speaks TLS, and cookies are for TLS alone",
  ...SERVING,
  async fn(t) {
    await using database = await makeDatabase();
    const files = await certificate(join(database.path, ".."));
    await t.step({
      name: "by openssl's certificate",
      ignore: files === undefined,
      ...SERVING,
      async fn() {
        const { cert, key } = files!;
        const invitation = await invitationOf(database.path, "ada");
        const serving = await serve(database.path, 0, undefined, [], { ...TEAM, cert, key });
        try {
          assert.match(serving.origin, /^https:\/\/label\.example\.org:\d+$/);
          const origin = `https://127.0.0.1:${serving.port}`;
          const client = Deno.createHttpClient({ caCerts: [await Deno.readTextFile(cert)] });
          const response = await fetch(`${origin}/join/${invitation}`, {
            method: "POST",
            redirect: "manual",
            client,
          });
          await response.body?.cancel();
          client.close();
          assert.match(response.headers.get("Set-Cookie")!, /^__Host-codepref_\d+=.*; Secure/);
        } finally {
          await serving.stop();
        }
      },
    });
  },
});
