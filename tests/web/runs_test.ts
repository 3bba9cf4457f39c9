/** The pages of training runs, over HTTP. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { API } from "@/lib/web/api-list.ts";
import type { RunList, RunView } from "@/lib/web/runs.ts";
import { SERVING, signIn, startApp } from "@/tests/web/client.ts";
import {
  appendLines,
  finishRun,
  lockRun,
  metricsLine,
  withRuns,
  writeRun,
} from "@/tests/web/run-folders.ts";

Deno.test({
  name: "runs are listed with where they stand: running, waiting, stopped, finished",
  ...SERVING,
  async fn() {
    await withRuns(async (localDirs) => {
      const [first, second] = localDirs;
      const running = await writeRun(first, "dpo über_2026-01-04", [
        metricsLine(8, 0.5),
        metricsLine(16, 0.4),
      ]);
      const waiting = await writeRun(first, "dpo_2026-01-03", []);
      const finished = await writeRun(second, "dpo_2026-01-03", [metricsLine(32, 0.2)]);
      await finishRun(finished, 32);
      await writeRun(first, "sft_2026-01-01", [metricsLine(8, 0.6)]);
      await Deno.mkdir(join(first, "no-run"));
      await Deno.writeTextFile(join(first, "broken.txt"), "");
      using _running = lockRun(running), _waiting = lockRun(waiting);
      await using app = await startApp({ localDirs: [...localDirs, `${first}/missing`] });
      const ada = await signIn(app.origin, "ada");

      const { runs }: RunList = await (await ada.get("/api/runs")).json();
      const seen = runs.map(({ dir, name, state, examples, total, loss, accuracy }) =>
        [dir, name, state, examples, total, loss, accuracy].join(" ")
      );
      assert.deepEqual(seen.sort(), [
        "0 dpo über_2026-01-04 running 16 32 0.4 0.75",
        "0 dpo_2026-01-03 waiting 0 32  ",
        "0 sft_2026-01-01 stopped 8 32 0.6 0.75",
        "1 dpo_2026-01-03 finished 32 32 0.2 0.75",
      ]);

      // Without JavaScript, the page says the same and leads to each run.
      const page = await (await ada.get("/runs")).text();
      assert.match(page, /<title>Training runs · codepref<\/title>/);
      const links = [...page.matchAll(/<th scope="row"><a href="([^"]+)"/g)].map(([, to]) => to);
      assert.equal(links.length, 4);
      for (const link of links) {
        const response = await ada.get(link);
        assert.equal(response.status, 200, link);
        await response.body?.cancel();
      }
      const live = await (await ada.get(links.find((to) => to.includes("%C3%BCber"))!)).text();
      assert.match(live, /16 of 32/);
      // 8 examples took 4 seconds, and 16 are left.
      assert.match(live, />Left<\/dt><dd>8 s</);
      assert.match(live, /<svg[^>]*aria-label="Loss"/);
      assert.match(live, /<svg[^>]*aria-label="Reward accuracy"/);
    });
  },
});

Deno.test({
  name: "a run that goes on is told anew, and 204 where nothing changed",
  ...SERVING,
  async fn() {
    await withRuns(async (localDirs) => {
      const folder = await writeRun(localDirs[0], "dpo_2026-01-04", [metricsLine(8, 0.5)]);
      const lock = lockRun(folder);
      await using app = await startApp({ localDirs });
      const ada = await signIn(app.origin, "ada");
      const address = "/api/runs/0/dpo_2026-01-04";
      const view = async (): Promise<RunView> => await (await ada.get(address)).json();
      const asked = async (version: string) =>
        (await ada.get(`${address}?${new URLSearchParams({ version })}`)).status;

      const first = await view();
      assert.deepEqual([first.state, first.examples, first.samples], ["running", 8, []]);
      assert.equal(await asked(first.version), 204);
      const half = JSON.stringify(metricsLine(16, 0.25));
      await appendLines(folder, "metrics.jsonl", half.slice(0, 20));
      assert.equal(await asked(first.version), 204, "half a line is none");
      await appendLines(folder, "metrics.jsonl", half.slice(20) + "\n");
      const second = await view();
      assert.deepEqual([second.examples, second.loss], [16, 0.25]);
      assert.notDeepEqual(second.figures, first.figures);

      const sample = { examples: 16, updates: 2, prompt: "Add\u202e", reference: null };
      const lines = [{ ...sample, examples: 8, policy: "old" }, { ...sample, policy: "<b>new" }];
      const text = lines.map((line) => JSON.stringify(line) + "\n").join("");
      await appendLines(folder, "samples.jsonl", text);
      assert.deepEqual((await view()).samples, [
        { examples: 16, prompt: "Add⟨U+202E⟩", policy: "<b>new", reference: null },
      ]);

      // Resuming writes the file anew, with fewer lines.
      const partial = join(folder, "metrics.jsonl.partial");
      await Deno.writeTextFile(partial, JSON.stringify(metricsLine(8, 0.5)) + "\n");
      await Deno.rename(partial, join(folder, "metrics.jsonl"));
      assert.deepEqual([(await view()).examples, (await view()).loss], [8, 0.5]);

      lock[Symbol.dispose]();
      assert.equal((await view()).state, "stopped");
      await finishRun(folder, 32);
      assert.equal((await view()).state, "finished");
    });
  },
});

Deno.test({
  name: "the report is shown with its own style and nothing else of the app",
  ...SERVING,
  async fn() {
    await withRuns(async (localDirs) => {
      const folder = await writeRun(localDirs[0], "dpo_2026-01-04", [metricsLine(8, 0.5)]);
      await using app = await startApp({ localDirs });
      const ada = await signIn(app.origin, "ada");
      const address = "/runs/0/dpo_2026-01-04";
      assert.equal((await ada.get(`${address}/report`)).status, 404);
      assert.doesNotMatch(await (await ada.get(address)).text(), /\/report"/);
      const html = "<!doctype html><html><head><style>p { color: red }</style></head></html>";
      await Deno.writeTextFile(join(folder, "report.html"), html);
      assert.match(await (await ada.get(address)).text(), /\/report"/);
      const response = await ada.get(`${address}/report`);
      assert.equal(await response.text(), html);
      const policy = response.headers.get("Content-Security-Policy")!;
      assert.match(policy, /style-src 'sha256-[\w+/]{43}='; sandbox/);
      assert.doesNotMatch(policy, /unsafe|nonce/);
    });
  },
});

Deno.test({
  name: "only who came with the token sees runs, and no address leads out of the folders",
  ...SERVING,
  async fn() {
    await withRuns(async (localDirs, parent) => {
      await writeRun(parent, "outside", [metricsLine(8, 0.5)]);
      await Deno.symlink(join(parent, "outside"), join(localDirs[0], "linked"));
      const folder = await writeRun(localDirs[0], "links", [metricsLine(8, 0.5)]);
      await Deno.writeTextFile(join(parent, "secret"), "secret of another folder");
      await Deno.symlink(join(parent, "secret"), join(folder, "report.html"));
      await using app = await startApp({ localDirs });
      for (const path of ["/runs", "/runs/0/links", "/runs/0/links/report", "/api/runs"]) {
        const response = await fetch(app.origin + path, { redirect: "manual" });
        assert.equal(response.status, 401, path);
        await response.body?.cancel();
      }
      const ada = await signIn(app.origin, "ada");
      assert.deepEqual((await (await ada.get("/api/runs")).json()).runs, []);
      for (
        const path of [
          "0/linked",
          "0/links",
          "0/links/report",
          "0/..%2foutside",
          "0/%2e%2e%5coutside",
          "0/../outside",
          "2/outside",
          "-1/outside",
          "0x0/links",
          "constructor/links",
          "0/none",
        ]
      ) {
        for (const prefix of ["/runs/", "/api/runs/"]) {
          const response = await ada.get(prefix + path);
          assert.equal(response.status, 404, prefix + path);
          assert.doesNotMatch(await response.text(), /secret of another|0\.5/, path);
        }
      }
      assert.ok(API.endpoints.some(({ path }) => path === "/api/runs/DIR/NAME"));
    });
  },
});
