/**
 * The text of a dataset's card below its YAML.
 *
 * @module
 */
import { markdownTable, plain } from "@/lib/markdown.ts";
import type { Column } from "@/lib/publish/columns.ts";
import type { DatasetFacts } from "@/lib/publish/facts.ts";
import type { CardFigure } from "@/lib/publish/figures.ts";
import { isReference, limitedOrigins, modelLicence } from "@/lib/publish/licences.ts";
import type { PreferenceOptions } from "@/lib/publish/options.ts";
import { CONFIGS } from "@/lib/publish/tables.ts";

/** Markdown, one paragraph after the other. */
export function cardBody(
  facts: DatasetFacts,
  options: PreferenceOptions,
  figures: readonly CardFigure[],
): string {
  return [
    "# Code preferences",
    ...introduction(facts),
    ...contents(facts),
    ...figures.map(({ path, alt }) => `![${alt}](${path})`),
    ...people(facts),
    ...columns(),
    ...making(facts, options),
    ...limits(facts),
  ].filter((part) => part !== "").join("\n\n") + "\n";
}

function introduction({ train, test, rows }: DatasetFacts): string[] {
  const synthetic = rows.filter((row) => row.labeler_kind === "synthetic")
    .reduce((sum, row) => sum + row.pairs, 0);
  return [
    `${
      train + test
    } pairs of Python solutions to programming questions, each with the one that was preferred. ` +
    "Columns `prompt`, `chosen` and `rejected` are what preference optimisation reads, `prompt` and `completion` what " +
    "supervised fine-tuning does; the others say where a pair comes from.",
    synthetic > 0
      ? `**${synthetic} of the pairs are a demonstration, not evidence of anybody's preference**: nobody compared their two answers. ` +
        "A reference solution was set against an answer that failed its tests; `labeler_kind` is `synthetic` there."
      : "",
    '```python\nfrom datasets import load_dataset\n\npairs = load_dataset("…")  # this folder or repository\n' +
    'solutions = load_dataset("…", "original")\n```',
  ];
}

function contents({ rows, difficulties, models, sizes }: DatasetFacts): string[] {
  return [
    "## What is in it",
    table(
      ["config", "train", "test"],
      Object.entries(sizes).map(([config, { train, test }]) => [`\`${config}\``, train, test]),
      1,
    ),
    table(
      ["split", "questions from", "licence", "pair", "preferred by", "questions", "pairs"],
      rows.map((row) => [
        ...[row.side, plain(row.source), plain(row.licence), row.pair_kind, row.labeler_kind],
        ...[row.questions, row.pairs],
      ]),
      5,
    ),
    table(["difficulty", "pairs"], difficulties.map((d) => [plain(d.difficulty), d.pairs]), 1),
    table(
      ["answers by", "licence", "answers"],
      models.map(({ model, provider, answers }) => [
        plain(model),
        isReference({ provider }) ? "the question's" : licenceLink(model),
        answers,
      ]),
      2,
    ),
  ];
}

function licenceLink(model: string): string {
  const { name, source } = modelLicence(model);
  return source === undefined ? name : `[${name}](${source})`;
}

function people({ labelers, agreement }: DatasetFacts): string[] {
  const { pairs, compared, same } = agreement;
  return [
    "## Who labeled",
    table(
      ["labeler", "kind", "pairs", "preferred what is chosen"],
      labelers.map(({ name, kind, pairs, agreeing }) => [
        ...[plain(name), kind, pairs, `${agreeing} (${percent(agreeing, pairs)})`],
      ]),
      2,
    ),
    "People have pseudonyms, made from a secret that stays in the database.",
    compared > 0
      ? `${pairs} pairs were decided by more than one labeler. Of the ${compared} times that two of them decided on the ` +
        `same pair, they said the same ${same} times (${percent(same, compared)}).`
      : "No pair was decided by more than one labeler, so that nothing is known of how far they agree.",
  ];
}

function columns(): string[] {
  return [
    "## Columns",
    ...Object.entries(CONFIGS).flatMap(([config, columns]) => [
      `Config \`${config}\`${
        config === "default"
          ? ""
          : ", the solutions as they were compared, undecided pairs among them"
      }:`,
      table(
        ["column", "type", "meaning"],
        Object.entries<Column>(columns).map(([name, { type, meaning }]) => [
          ...[`\`${name}\``, type, meaning],
        ]),
      ),
    ]),
  ];
}

function making({ dropped, undated }: DatasetFacts, options: PreferenceOptions): string[] {
  const { seed, testFraction, testFrom, minLabels, minAgreement } = options;
  const left = Object.entries(dropped);
  const needs = [
    minLabels > 1 ? `At least ${minLabels} labelers decided on each pair.` : "",
    minAgreement > 0
      ? options.aggregate === "majority"
        ? `At least ${minAgreement} of them preferred what is chosen.`
        : `The model's probability of what is chosen is at least ${minAgreement}.`
      : "",
  ];
  return [
    "## How it was made",
    [
      "Two different solutions of one question were compared. Where a human decided on a pair, only humans count, " +
      "otherwise unit tests, then a model as judge, then synthetic labels. Each labeler has one vote, the newest. " +
      "What an admin settled is decided so, whatever the votes.",
      options.aggregate === "majority"
        ? "The choice with the most votes wins."
        : "The choice that is most probable by the model of Dawid and Skene (1979) wins: it estimates how reliable each " +
          "labeler is, and weighs votes by it.",
      ...needs,
      byTests(options),
    ].filter((part) => part !== "").join(" "),
    testFrom === null
      ? `A question is in the test split when a hash of its name and the seed (${seed}) falls below ${testFraction}; ` +
        "more labels never move a question. Questions that are kept for evaluation are in neither split."
      : `Questions released on ${testFrom} or later are in the test split, all others in the training split` +
        `${undated > 0 ? `, ${undated} questions of unknown release among them` : ""}. ` +
        "Questions that are kept for evaluation are in neither split.",
    left.length > 0 ? "Labeled pairs that were left out:" : "No labeled pair was left out.",
    left.length > 0 ? table(["reason", "pairs"], left, 1) : "",
  ];
}

function byTests({ ties, bothBad }: PreferenceOptions): string {
  const open = [
    ...(ties === "tests" ? ["found equally good or were divided on"] : []),
    ...(bothBad === "tests" ? ["found both bad"] : []),
  ].join(" or ");
  return open === ""
    ? ""
    : `What labelers ${open} is decided by unit tests where one answer passes them and the other does not.`;
}

function limits(facts: DatasetFacts): string[] {
  const limited = limitedOrigins(facts);
  return [
    "## Licence and limits",
    limited.size > 0
      ? `Not everything in it may be passed on or used at will. ${
        [...limited].map(([name, why]) => `${plain(name)}: ${plain(why)}.`).join(" ")
      }`
      : "The licences of the questions are in the column `licence`; what a model's licence says about its answers holds too.",
    "Unit tests tell which solution is right, not which is better; reading and speed are judged by humans alone. " +
    "Solutions were written by the models above, for their questions: what is preferred among them says little of other " +
    "models, languages and larger programs.",
  ];
}

/** Whole percent, so that rounding cannot differ. */
const percent = (part: number, whole: number): string =>
  whole === 0 ? "–" : `${Math.round((100 * part) / whole)} %`;

/** Columns after the first `textColumns` hold numbers; by default all are text. */
const table = (
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
  textColumns = head.length,
): string => markdownTable({ head, rows: rows.map((cells) => cells.map(String)), textColumns });
