/**
 * A database and a training run as a small team might have them, made up from a seed: what the pictures of the web app
 * show is the same wherever and whenever they are taken.
 *
 * @module
 */
import { join } from "node:path";
import { xoroshiro128plus } from "pure-rand";
import { addGold } from "@/lib/labels/gold.ts";
import {
  type SideOrder,
  sideOrder,
  type SideVerdict,
  toSides,
  toVersions,
} from "@/lib/labels/showing.ts";
import { addOwnQuestions, slugOf } from "@/lib/questions/own.ts";
import { type Row, type Store, withStore } from "@/lib/store/store.ts";
import { SAMPLE_QUESTIONS, type SampleAnswer } from "@/lib/screenshots/sample-questions.ts";

/** The pair of the pictures' labeling page, which nobody has labeled yet. */
export const SAMPLE_PAIR = "pair-merge-bookings";
/** Who looks at the pages. */
export const SAMPLE_LABELER = "ada";
/** The time on the wall: labels are of the days before, and of this morning. */
export const SAMPLE_TIME = new Date("2026-03-06T11:30:00Z");

const SECRET = "0".repeat(64);
const HOUR = 3_600_000;

/** What a labeler says of a pair whose better side is known. */
type Habit = (better: "a" | "b", random: () => number) => SideVerdict;

const careful: Habit = (better, random) =>
  random() < 0.92 ? better : random() < 0.6 ? "same" : better === "a" ? "b" : "a";

/** One who is as good as most, one who likes the left side, one who hardly looks. */
const TEAM: { name: string; habit: Habit; share: number; hour: number }[] = [
  { name: SAMPLE_LABELER, habit: careful, share: 0.6, hour: 8 },
  { name: "grace", habit: careful, share: 0.95, hour: 9 },
  {
    name: "linus",
    habit: (better, random) => random() < 0.6 ? "a" : careful(better, random),
    share: 0.9,
    hour: 13,
  },
  {
    name: "niels",
    habit: (_, random) =>
      (["a", "b", "a", "b", "same", "both_bad"] as const)[Math.floor(6 * random())],
    share: 0.75,
    hour: 15,
  },
];

const MODELS = ["qwen2.5-coder:1.5b", "codellama:7b", "smollm2"];

/** Numbers in [0, 1), the same for the same seed. */
function randomFrom(seed: number): () => number {
  const generator = xoroshiro128plus(seed);
  return () => (generator.unsafeNext() >>> 0) / 2 ** 32;
}

/** Makes the database. */
export async function makeSampleDatabase(path: string): Promise<void> {
  await withStore(path, async (store) => {
    await store.insert("settings", [{ key: "label_secret", value: JSON.stringify(SECRET) }]);
    await addOwnQuestions(store, SAMPLE_QUESTIONS.map(({ question }) => question));
    await addLabels(store, await addAnswers(store));
  });
}

interface SamplePair {
  id: string;
  better: "version1" | "version2";
}

/** Two answers to each question, one of which is better; which one is drawn, and a strong model wrote it more often. */
async function addAnswers(store: Store): Promise<SamplePair[]> {
  const random = randomFrom(1);
  const generations: Row[] = [], judgements: Row[] = [], rows: Row[] = [], pairs: SamplePair[] = [];
  SAMPLE_QUESTIONS.forEach(({ question, better, worse }, i) => {
    const slug = slugOf(question.title), id = `pair-${slug}`;
    const swapped = random() < 0.5;
    const first = Math.floor(3 * random()), second = (first + 1 + Math.floor(2 * random())) % 3;
    // In MODELS the stronger ones come first.
    const models = random() < 0.8
      ? [Math.min(first, second), Math.max(first, second)]
      : [first, second];
    [better, worse].forEach((answer, which) => {
      const variant = which === Number(swapped) ? 1 : 2;
      generations.push(generationRow(slug, variant, answer, MODELS[models[which]]));
      judgements.push(judgementRow(slug, variant, answer, 2 + i % 3));
    });
    rows.push({ id, slug, version1: `${slug}-1`, version2: `${slug}-2`, kind: "generated" });
    pairs.push({ id, better: swapped ? "version2" : "version1" });
  });
  await store.insert("generations", generations);
  await store.insert("judgements", judgements);
  await store.insert("pairs", rows);
  return pairs;
}

function generationRow(slug: string, variant: number, { code }: SampleAnswer, model: string): Row {
  return {
    id: `${slug}-${variant}`,
    request_key: slug,
    variant,
    slug,
    prompt: "",
    options: {},
    model,
    model_digest: model,
    provider: "ollama",
    raw_text: code,
    code,
    status: "ok",
    done_reason: "stop",
    prompt_tokens: 1,
    completion_tokens: 1,
    milliseconds: 1,
  };
}

function judgementRow(slug: string, variant: number, { passes }: SampleAnswer, cases: number): Row {
  return {
    id: `judgement-${slug}-${variant}`,
    generation: `${slug}-${variant}`,
    tests_digest: slug,
    verdict: passes ? "pass" : "wrong",
    cases_total: cases,
    cases_passed: passes ? cases : cases - 1,
    milliseconds: 40,
    peak_memory_bytes: 2 ** 24,
    isolation: "none",
  };
}

/** The team's labels of the days before {@link SAMPLE_TIME}, some pairs twice, and two gold pairs in ten. */
async function addLabels(store: Store, pairs: readonly SamplePair[]): Promise<void> {
  const offered = pairs.filter(({ id }) => id !== SAMPLE_PAIR);
  const labels: Row[] = [];
  TEAM.forEach(({ name, habit, share, hour }, nth) => {
    const random = randomFrom(10 + nth);
    const mine = offered.filter((_, i) => (i * 7 + nth * 3) % 20 < 20 * share);
    const showings = mine.flatMap((pair, i) => [
      { ...pair, showing: 1 },
      ...i < 12 ? [] : i < 24 ? [{ ...mine[i - 12], showing: 2 }] : [],
    ]);
    const perDay = Math.ceil(showings.length / 4);
    showings.forEach(({ id, better, showing }, i) => {
      const order = sideOrder(SECRET, name, id, showing);
      const side = toSides(better, order) as "a" | "b";
      const active = 12_000 + 40_000 * random();
      // Four mornings or afternoons in a row; the last one is today's.
      const day = SAMPLE_TIME.getTime() - (3 - Math.floor(i / perDay)) * 24 * HOUR;
      const time = startOfDay(day) + hour * HOUR + (i % perDay) * 75_000;
      labels.push(labelRow({ name, id, showing, order, time, active }, () => habit(side, random)));
    });
  });
  const before = labels.filter(({ created_at }) =>
    Date.parse(`${created_at}Z`) < SAMPLE_TIME.getTime()
  );
  await store.insert("labelers", TEAM.map(({ name }) => ({ name, kind: "human" })));
  await store.insert("labels", before);
  for (const { id, better } of offered.filter((_, i) => i % 10 === 4)) {
    await addGold(store, { pair: id, preference: better, note: "settled by two of us" });
  }
}

function labelRow(
  { name, id, showing, order, time, active }: {
    name: string;
    id: string;
    showing: number;
    order: SideOrder;
    time: number;
    active: number;
  },
  say: () => SideVerdict,
): Row {
  const preference = toVersions(say(), order);
  const criterion = () => {
    const said = say();
    return said === "both_bad" ? null : toVersions(said, order);
  };
  return {
    id: `${name}-${id}-${showing}`,
    client_id: `${name}-${id}-${showing}`,
    pair: id,
    showing,
    action: "label",
    labeler: name,
    labeler_kind: "human",
    preference,
    correctness: criterion(),
    performance: criterion(),
    readability: criterion(),
    side_order: order,
    active_ms: active,
    wall_ms: 1.6 * active,
    revealed: [],
    created_at: new Date(time).toISOString().slice(0, -1),
  };
}

const startOfDay = (time: number): number => time - time % (24 * HOUR);

/** Examples of a run in all, and at each line of its metrics. */
const EXAMPLES = 4096, STEP = 32;

/**
 * Writes two runs below `localDir`: SFT, which is finished, and DPO, which goes on until what is returned is disposed.
 */
export async function makeSampleRuns(localDir: string): Promise<Disposable> {
  const now = Date.now();
  await writeRun(localDir, "sft_2026-03-06_08-10", now - 3 * HOUR, EXAMPLES, (at, random) => ({
    "loss/train": 38 + 42 * Math.exp(-at * 5) + 5 * random(),
    ...evaluation(at, { "loss/eval": 41 + 40 * Math.exp(-at * 5) }),
  }));
  await Deno.mkdir(join(localDir, "sft_2026-03-06_08-10", `step-${EXAMPLES}`));
  await Deno.writeTextFile(
    join(localDir, "sft_2026-03-06_08-10", `step-${EXAMPLES}`, "trainer.json"),
    JSON.stringify({ examples: EXAMPLES, finished: true }),
  );
  const folder = join(localDir, "dpo_2026-03-06_10-45");
  const reached = 0.62 * EXAMPLES;
  // The newest line is a minute and a half old.
  const started = now - 1000 * reached - 90_000;
  await writeRun(localDir, "dpo_2026-03-06_10-45", started, reached, (at, random) => {
    const learned = 1 - Math.exp(-at * 3.5);
    const rewards = (split: "train" | "eval", noise: number) => ({
      [`loss/${split}`]: Math.LN2 - 0.32 * learned + noise * (random() - 0.5),
      [`rewards_${split}/accuracies`]: 0.5 + 0.32 * learned + noise * (random() - 0.5),
      [`rewards_${split}/chosen`]: -0.4 * learned + noise * (random() - 0.5),
      [`rewards_${split}/rejected`]: -1.9 * learned + noise * (random() - 0.5),
      [`rewards_${split}/margins`]: 1.5 * learned + noise * (random() - 0.5),
    });
    return { ...rewards("train", 0.16), ...evaluation(at, rewards("eval", 0.03)) };
  });
  const lock = await Deno.open(join(folder, "run.lock"), { create: true, write: true });
  await lock.lock(true);
  return lock;
}

/** Held-out data is measured eight times in a run. */
const evaluation = (at: number, values: Record<string, number>) =>
  Math.round(at * EXAMPLES) % (EXAMPLES / 8) === 0 ? values : {};

async function writeRun(
  localDir: string,
  name: string,
  started: number,
  reached: number,
  measure: (at: number, random: () => number) => Record<string, number>,
): Promise<void> {
  const folder = join(localDir, name), random = randomFrom(100);
  await Deno.mkdir(folder, { recursive: true });
  const loss = name.slice(0, 3);
  const config = {
    exp_name: loss,
    settings: {
      loss,
      ...loss === "dpo" ? { "loss.beta": 0.1, "model.archive": "runs/sft_2026-03-06_08-10" } : {},
      model: "smollm2",
      datasets: ["data/bookings"],
      lr: 5e-7,
      batch_size: STEP,
      n_examples: EXAMPLES,
    },
    total_examples: EXAMPLES,
  };
  await Deno.writeTextFile(join(folder, "config.json"), JSON.stringify(config));
  await Deno.utime(join(folder, "config.json"), new Date(started), new Date(started));
  const lines = [];
  for (let examples = STEP; examples <= reached; examples += STEP) {
    lines.push(JSON.stringify({
      examples,
      updates: examples / STEP,
      time: new Date(started + examples * 1000).toISOString(),
      ...measure(examples / EXAMPLES, random),
      grad_norm: 8 + 4 * random(),
      tokens_per_second: 420 + 20 * random(),
    }));
  }
  await Deno.writeTextFile(join(folder, "metrics.jsonl"), lines.join("\n") + "\n");
}
