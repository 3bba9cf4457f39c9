/** Many labelers on a server that is killed, over connections that break. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fillDatabase } from "@/lib/bench/label/database.ts";
import { randomFrom } from "@/tests/labels/simulated.ts";
import { type Labeler, rows, signIn } from "@/tests/web/client.ts";
import { type Server, startServer } from "@/tests/web/server-process.ts";

const LABELERS = 30, LABELS = 3000, KILLS = 5;

/** A server that can be killed, and is started again on the same port. */
class Mortal {
  kills = 0;
  #up: Promise<Server>;

  constructor(private readonly db: string) {
    this.#up = startServer([`db=${db}`, "port=0"]);
  }

  async origin(): Promise<string> {
    return (await this.#up).origin;
  }

  kill(): void {
    this.kills++;
    const before = this.#up;
    this.#up = (async () => {
      const server = await before;
      await server.kill("SIGKILL");
      return await startServer([`db=${this.db}`, `port=${new URL(server.origin).port}`]);
    })();
  }

  async stop(): Promise<void> {
    await (await this.#up).kill("SIGINT");
  }
}

/** Asks until there is an answer. */
async function insist<T>(server: Mortal, ask: () => Promise<Response>): Promise<T> {
  for (;;) {
    await server.origin();
    const response = await ask().catch(() => undefined);
    if (response?.ok) {
      const body = await response.json().catch(() => undefined);
      if (body) return body;
    } else if (response) {
      assert.equal(response.status, 503, await response.text());
    }
  }
}

Deno.test("labels of 30 people are stored once each, whatever is killed, dropped and sent again", async () => {
  const folder = await Deno.makeTempDir({ prefix: "codepref-crash-" });
  const db = join(folder, "labels.duckdb");
  await fillDatabase(db, { pairs: 400, labels: 0 });
  const server = new Mortal(db);
  const acknowledged = new Map<string, string>();
  let started = 0;

  const work = async (labeler: Labeler, random: () => number) => {
    while (started < LABELS) {
      started++;
      const item = await insist<{ pair: string; showing: number }>(
        server,
        () => labeler.get("/api/next"),
      );
      const label = { client_id: crypto.randomUUID(), preference: "a", pair: item.pair };
      const body = { ...label, showing: item.showing };
      if (random() < 0.1) {
        // The answer is not waited for; whether the label arrived is not known.
        const dropped = AbortSignal.timeout(Math.floor(20 * random()));
        await labeler.post("/api/labels", body, {}, dropped).then((r) => r.body?.cancel())
          .catch(() => {});
      }
      const send = () => insist<{ id: string }>(server, () => labeler.post("/api/labels", body));
      const { id } = await send();
      acknowledged.set(label.client_id, id);
      if (random() < 0.1) assert.equal((await send()).id, id);
      if (acknowledged.size >= (server.kills + 1) * LABELS / (KILLS + 1)) {
        if (server.kills < KILLS) server.kill();
      }
    }
  };
  try {
    const origin = await server.origin();
    const labelers: Labeler[] = [];
    for (let i = 0; i < LABELERS; i++) labelers.push(await signIn(origin, `labeler ${i}`));
    await Promise.all(labelers.map((labeler, i) => work(labeler, randomFrom(i))));
    await server.stop();

    assert.equal(server.kills, KILLS);
    const stored = await rows<{ client_id: string; id: string; place: string; supersedes: null }>(
      db,
      `SELECT client_id, id, labeler || '/' || pair || '/' || showing AS place, supersedes FROM labels`,
    );
    assert.equal(stored.length, LABELS);
    assert.deepEqual(new Map(stored.map((row) => [row.client_id, row.id])), acknowledged);
    assert.equal(new Set(stored.map(({ place }) => place)).size, LABELS, "nobody is asked twice");
    assert.ok(stored.every(({ supersedes }) => supersedes === null));
  } finally {
    await server.stop();
    await Deno.remove(folder, { recursive: true });
  }
});
