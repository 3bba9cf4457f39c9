import assert from "node:assert/strict";
import { join } from "node:path";
import { downloadSnapshot, type HubRepo } from "@/lib/hub/mod.ts";
import { pythonPath } from "@/lib/setup/paths.ts";
import { sha256, TOKEN } from "@/tests/hub/hub-server.ts";
import { withEnvironment, withHub } from "@/tests/hub/with-hub.ts";

const REPO: HubRepo = { type: "dataset", name: "team/pairs" };
const LARGE = Uint8Array.from({ length: 50_000 }, (_, i) => (i * i) >> 3);
const FILES = { "README.md": "# Pairs\n", "data/train-00000-of-00001.parquet": LARGE };

const SNAPSHOT = `
import huggingface_hub as h, json, sys
path = h.snapshot_download("team/pairs", repo_type="dataset", local_files_only=sys.argv[1] == "cached")
cache = h.scan_cache_dir()
print(json.dumps({
  "path": path,
  "tree": sorted(f.path for f in h.get_cached_repo_tree("team/pairs", repo_type="dataset")),
  "file": h.try_to_load_from_cache("team/pairs", "README.md", repo_type="dataset"),
  "warnings": [str(w) for w in cache.warnings],
  "repos": [[r.repo_id, r.repo_type, r.nb_files, [list(v.refs) for v in r.revisions]] for r in cache.repos],
}))`;

Deno.test(
  "Python's huggingface_hub reads our cache, and we read what it downloaded",
  withHub(async ({ server, cache }) => {
    const commit = server.put("datasets/team/pairs", FILES, { private: true });
    const ours = await downloadSnapshot(REPO);
    const seen = server.seen.length;
    const found = await python("cached");
    assert.equal(server.seen.length, seen, "it asked nobody");
    assert.deepEqual(found, {
      path: ours.folder,
      tree: [".gitattributes", ...Object.keys(FILES)],
      file: join(ours.folder, "README.md"),
      warnings: [],
      repos: [["team/pairs", "dataset", 3, [["main"]]]],
    });

    Deno.removeSync(cache, { recursive: true });
    const { path } = await python("download");
    const { HF_HOME = "" } = Deno.env.toObject();
    await withEnvironment({ HF_HOME, HF_HUB_OFFLINE: "1" }, async () => {
      const theirs = await downloadSnapshot(REPO, {
        select: (files) => files.map(({ path }) => path),
      });
      assert.deepEqual([theirs.folder, theirs.commit], [path, commit]);
      assert.deepEqual(theirs.files.toSorted(), [".gitattributes", ...Object.keys(FILES)]);
      const file = join(theirs.folder, "data/train-00000-of-00001.parquet");
      assert.equal(sha256(Deno.readFileSync(file)), sha256(LARGE));
      // As of older versions, which kept no listing.
      Deno.removeSync(join(cache, "datasets--team--pairs", "trees"), { recursive: true });
      assert.deepEqual((await downloadSnapshot(REPO)).files.toSorted(), theirs.files.toSorted());
    });
  }, { HF_TOKEN: TOKEN }),
);

/** What Python finds with this process's environment. */
async function python(how: "cached" | "download") {
  const { success, stdout, stderr } = await new Deno.Command(pythonPath(), {
    args: ["-c", SNAPSHOT, how],
    env: { HF_HUB_DISABLE_PROGRESS_BARS: "1", HF_HUB_DISABLE_TELEMETRY: "1" },
    stdout: "piped",
    stderr: "piped",
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}
