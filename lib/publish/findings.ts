/**
 * What must not be published with texts: names of the people who labeled, addresses, and secrets such as keys.
 *
 * @module
 */
import { lintSource } from "@secretlint/core";
import { creator as recommended } from "@secretlint/secretlint-rule-preset-recommend";
import { literal } from "@/lib/datasets/duckdb-rows.ts";
import { InputError } from "@/lib/errors.ts";
import { PUBLISHED } from "@/lib/publish/tables.ts";
import type { Store } from "@/lib/store/store.ts";

/** Something that was found, and where. */
export interface Finding {
  what: "account name" | "address" | "secret";
  /** What was found; of a secret only its kind. */
  found: string;
  /** What the text is: a question's prompt, an answer's code, or a model's name. */
  kind: "question" | "answer" | "model";
  /** The question's name, the generation's id, the model's name. */
  id: string;
  /** Line of the text, from 1. */
  line: number;
}

interface Text {
  kind: Finding["kind"];
  id: string;
  text: string;
  /** Whether an account's name may be in it. */
  named: boolean;
}

/** Texts in memory at a time. */
const CHUNK = 10_000;
const ADDRESS =
  /[\p{L}\p{N}][\p{L}\p{N}._%+-]*@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,24}\b/gu;
/** Domains that nobody has an address in. @see RFC 2606 */
const RESERVED = /(?:@|\.)(?:example\.(?:com|net|org)|example|test|invalid|localhost)$/i;
const WORD = "\\p{L}\\p{N}_";

/** Looks through all texts of pairs that are published. */
export async function findPrivate(
  store: Store,
  allowWords: readonly string[],
  signal?: AbortSignal,
): Promise<Finding[]> {
  const allowed = new Set(allowWords.map((word) => word.toLowerCase()));
  const names = (await accountNames(store)).filter((name) => !allowed.has(name.toLowerCase()));
  // One letter names nobody.
  const pattern = names.filter((name) => name.length > 1).map(escaped).join("|");
  await store.run(`
CREATE OR REPLACE TEMP TABLE text_ids AS
WITH ids AS (
  SELECT 'question' AS kind, question AS id FROM preferences WHERE ${PUBLISHED}
  UNION SELECT 'answer', unnest([id1, id2]) FROM preferences WHERE ${PUBLISHED}
)
SELECT kind, id, row_number() OVER (ORDER BY kind, id) - 1 AS n,
  CASE kind WHEN 'question' THEN id END AS question, CASE kind WHEN 'answer' THEN id END AS answer
FROM (
  FROM ids UNION SELECT 'model', model FROM generations WHERE id IN (SELECT id FROM ids WHERE kind = 'answer')
)`);
  // In the statement itself, so that DuckDB compiles it once.
  const named = pattern === ""
    ? "false"
    : `regexp_matches(text, ${literal(`(?i)(^|[^${WORD}])(${pattern})($|[^${WORD}])`)})`;
  const exact = new RegExp(`(?<![${WORD}])(?:${pattern})(?![${WORD}])`, "giu");
  const findings: Finding[] = [];
  for (let from = 0;; from += CHUNK) {
    signal?.throwIfAborted();
    const texts = await store.rows<Text>(
      `SELECT kind, id, text, ${named} AS named FROM (
         SELECT t.kind, t.id, t.n, coalesce(s.prompt, g.code, t.id) AS text
         FROM text_ids t
         LEFT JOIN sides s ON s.question = t.question
         LEFT JOIN generations g ON g.id = t.answer
         WHERE t.n >= $1::BIGINT AND t.n < $2::BIGINT)
       ORDER BY n`,
      [from, from + CHUNK],
    );
    if (texts.length === 0) return findings;
    for (const text of texts) {
      if (text.named) findings.push(...matches(text, exact, "account name"));
      if (!text.text.includes("@")) continue;
      findings.push(
        ...matches(text, ADDRESS, "address").filter(({ found }) =>
          !RESERVED.test(found) && !allowed.has(found.toLowerCase())
        ),
      );
    }
    findings.push(...await secrets(texts));
  }
}

/**
 * The first of what was found as an error, with places and ways out. Secrets are not repeated.
 * @returns undefined where nothing was found
 */
export function refusalOf(findings: readonly Finding[]): InputError | undefined {
  if (findings.length === 0) return undefined;
  const shown = findings.slice(0, 5).map(({ what, found, kind, id, line }) =>
    `${what} ${found} in ${kind === "model" ? "the name of the model" : `the ${kind}`} ${id}` +
    (kind === "model" ? "" : `, line ${line}`)
  );
  const more = findings.length - shown.length;
  const words = [...new Set(findings.filter(({ what }) => what !== "secret").map((f) => f.found))];
  return new InputError(
    `Texts hold what should not be published: ${shown.join("; ")}${
      more > 0 ? `; and ${more} more` : ""
    }. Leave their pairs out with findings=drop` +
      (words.length > 0
        ? `, or, where it is only a word or a made-up address, say so with allow_words=[${
          words.slice(0, 5).join(",")
        }]`
        : "") +
      ".",
  );
}

async function accountNames(store: Store): Promise<string[]> {
  const rows = await store.rows<{ name: string }>(
    `SELECT name FROM labelers WHERE kind = 'human'
     UNION SELECT name FROM accounts
     UNION SELECT labeler FROM labels WHERE labeler_kind = 'human' ORDER BY 1`,
  );
  return rows.map(({ name }) => name);
}

function matches({ kind, id, text }: Text, pattern: RegExp, what: Finding["what"]): Finding[] {
  return [...text.matchAll(pattern)].map((match) => ({
    what,
    found: match[0],
    kind,
    id,
    line: lineAt(text, match.index),
  }));
}

/** All texts of a chunk as one, which is much quicker than one by one. */
async function secrets(texts: readonly Text[]): Promise<Finding[]> {
  const starts: number[] = [];
  let joined = "";
  for (const { text } of texts) {
    starts.push(joined.length);
    joined += `${text}\n\n`;
  }
  const { messages } = await lintSource({
    source: { content: joined, filePath: "texts.txt", ext: ".txt", contentType: "text" },
    options: { config: { rules: [{ id: "recommended", rule: recommended }] }, maskSecrets: true },
  });
  return messages.map(({ ruleId, range }) => {
    const t = starts.findLastIndex((start) => start <= range[0]);
    const { kind, id, text } = texts[t];
    const found = `(${ruleId.replace(/^.*secretlint-rule-/, "")})`;
    return { what: "secret", found, kind, id, line: lineAt(text, range[0] - starts[t]) };
  });
}

const lineAt = (text: string, index: number): number => text.slice(0, index).split("\n").length;

/** For RE2 and for JavaScript with the flag `u`. */
const escaped = (name: string): string => name.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
