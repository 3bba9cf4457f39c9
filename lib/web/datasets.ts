/**
 * Datasets as the web app shows and publishes them.
 *
 * @module
 */
import { join } from "node:path";
import { readRevisions } from "@/lib/datasets/revisions.ts";
import { hubEnvironment } from "@/lib/hub/mod.ts";
import { optionsOf } from "@/lib/publish/option-keys.ts";
import { DEFAULT_OPTIONS } from "@/lib/publish/options.ts";
import type { Preview } from "@/lib/publish/preview.ts";
import { previewDataset, publishFolder } from "@/lib/publish/publish-folder.ts";
import { publishHub } from "@/lib/publish/publish-hub.ts";
import { publishedLines } from "@/lib/publish/published-lines.ts";
import { remedyOf } from "@/lib/publish/remedies.ts";
import type { Lease } from "@/lib/web/lease.ts";
import { renderMarkdown } from "@/lib/web/markdown.ts";
import { oneAtATime } from "@/lib/web/one-at-a-time.ts";
import type { PublishRequest } from "@/lib/web/publish-request.ts";

/** A revision that was published. */
export interface ShownRevision {
  digest: string;
  /** The folder's path. */
  path: string;
  /** On the hub; null where it was not pushed. */
  hub: { repo: string; commit: string; url: string } | null;
  train: number;
  test: number;
  /** Settings that were not the defaults, as text. */
  settings: string[];
  /** ISO time. */
  created: string;
}

/** What would be published. */
export interface ShownPreview
  extends Pick<Preview, "digest" | "sizes" | "labelerKinds" | "limited" | "rows" | "files"> {
  /** Labeled pairs that are left out, each with how they could be taken; null where they cannot. */
  leftOut: { reason: string; pairs: number; remedy: string | null }[];
  /** The card as safe HTML. */
  card: string;
  figures: { alt: string; svg: string }[];
}

/** What arrives while a dataset is looked at or published, one JSON object a line. */
export type DatasetEvent =
  | { done: number; total: number; note: string }
  | { log: string }
  | { preview: ShownPreview }
  | { published: string[] }
  | { error: string };

/** The datasets of one database. */
export interface Datasets {
  /** The newest first. */
  revisions(): Promise<ShownRevision[]>;
  /**
   * Looks at what would be published, or publishes it. Requests queue up.
   * @throws InputError and OperationError as `publishHub`
   */
  publish(
    request: PublishRequest,
    send: (event: DatasetEvent) => void,
    signal: AbortSignal,
  ): Promise<void>;
}

/** Datasets of a database, with their folders in `folder`. */
export function datasetsOf(dbPath: string, lease: Lease, folder: string): Datasets {
  const publish: Datasets["publish"] = async (request, send, signal) => {
    signal.throwIfAborted();
    const { action, name, repo, private: isPrivate, accept } = request;
    const told = (done: number, total: number, note = "") => send({ done, total, note });
    const options = { ...optionsOf(request.options), onStep: told, signal };
    if (action === "preview") {
      return send({ preview: shownPreview(await previewDataset(dbPath, options)) });
    }
    const out = join(folder, name);
    if (repo === null) {
      return send({ published: publishedLines(await publishFolder(dbPath, out, options)) });
    }
    const published = await publishHub(dbPath, out, repo, {
      ...options,
      private: isPrivate,
      accept,
      onProgress: (done, total) => told(done, total, "sending (MB)"),
      log: (line) => send({ log: line }),
    });
    const { changed, url, commit } = published.hub;
    send({
      published: [
        ...publishedLines(published),
        `${changed ? "Pushed to" : "Nothing new for"} ${url} (commit ${commit.slice(0, 12)}, ${
          published.hub.private ? "private" : "for everybody"
        })`,
      ],
    });
  };
  return {
    revisions: () => lease(async (store) => (await readRevisions(store)).map(shownRevision)),
    publish: oneAtATime(publish),
  };
}

function shownPreview({ card, dropped, figures, ...preview }: Preview): ShownPreview {
  const { digest, sizes, labelerKinds, limited, rows, files } = preview;
  return {
    ...{ digest, sizes, labelerKinds, limited, rows, files },
    leftOut: Object.entries(dropped).map(([reason, pairs]) => (
      { reason, pairs, remedy: remedyOf(reason) ?? null }
    )),
    // Its YAML is for programs, and the pictures stand beside it.
    card: renderMarkdown(card.replace(/^---\n[^]*?\n---\n/, "").replace(/^!\[.*\n/gm, "")),
    figures: figures.map(({ alt, svg }) => ({ alt, svg })),
  };
}

function shownRevision(
  { digest, path, repo, hub_commit, card, created_at }: Awaited<
    ReturnType<typeof readRevisions>
  >[number],
): ShownRevision {
  const told = JSON.parse(card) as Record<string, unknown> & { train: number; test: number };
  const settings = Object.entries(DEFAULT_OPTIONS).flatMap(([name, value]) =>
    name in told && JSON.stringify(told[name]) !== JSON.stringify(value)
      ? [`${snakeCase(name)}=${JSON.stringify(told[name]).replaceAll('"', "")}`]
      : []
  );
  return {
    ...{ digest, path, settings, train: told.train, test: told.test },
    hub: repo !== null && hub_commit !== null
      ? {
        repo,
        commit: hub_commit,
        url: `${hubEnvironment().endpoint}/datasets/${repo}/tree/${hub_commit}`,
      }
      : null,
    created: new Date(created_at).toISOString(),
  };
}

const snakeCase = (name: string) => name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);
