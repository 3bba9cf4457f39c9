/** Ways to train that have to give the same do, over ten updates; each comparison finds the bugs that it is there for. */
import assert from "node:assert/strict";
import type { TokenizedPair } from "@/lib/datasets/types.ts";
import { type Layout, layOut, layoutTensors } from "@/lib/models/layout.ts";
import { Steps } from "@/lib/trainers/step.ts";
import { CONFIG } from "../models/random-model.ts";
import { assertEquivalent, DPO, LIMITS, type Way } from "./equivalence.ts";
import { COLUMNS, PAGE } from "./equivalence-page.ts";
import { bothRuns, DROPPED_OUT, LENGTHS, MATRIX, runHere, runSpread } from "./ways.ts";

const mean = (values: number[]) => values.reduce((a, b) => a + b) / values.length;

for (const line of MATRIX) {
  Deno.test(`${line.name}: gradient and change of every tensor, every loss of ten updates`, async () => {
    const [found, wanted] = await bothRuns(line);
    const moved = mean(wanted.losses[0]) - mean(wanted.losses.at(-1)!);
    assert.ok(moved >= 0.1, `the loss moves by ${moved} alone, too little to tell a wrong update`);
    assertEquivalent(found, wanted);
  });
}

const SHARED = { loss: DPO, layout: "shared-prompt" } as const;

/** Lets every place see every other one that its row has, also those behind it. */
function dropMask({ groups }: Layout): void {
  groups.forEach(({ mask }) => mask.fill(0));
}

/** Lets the block with the longest pair see all that is before each place: its rejected response the chosen one. */
function openBlock({ groups: [{ S, mask }] }: Layout): void {
  for (let i = 0; i < S; i++) mask.fill(0, i * S, i * S + i + 1);
}

/** Hides the prompt's last token from the whole rejected response of the same block. */
function hideToken({ groups: [{ S, mask }] }: Layout): void {
  const [prompt, chosen, rejected] = LENGTHS[2], hidden = mask[1];
  for (let i = prompt + chosen; i < prompt + chosen + rejected; i++) {
    mask[i * S + prompt - 1] = hidden;
  }
}

/** The shared prompt's layout as a test makes it, with a bug or without. */
const withLayout = (plant: (layout: Layout) => void) =>
  class extends Steps {
    override place(pairs: TokenizedPair[]) {
      const sequences = [...pairs.map((p) => p.chosen), ...pairs.map((p) => p.rejected)];
      const layout = layOut(sequences, "shared-prompt");
      plant(layout);
      return layoutTensors(layout, CONFIG);
    }
  };

/** Gradients of the parts are summed as they are. */
class Unscaled extends Steps {
  override gradients(...args: Parameters<Steps["gradients"]>) {
    args[3] = 1;
    return super.gradients(...args);
  }
}

Deno.test("without a bug what the bugs are planted in passes", async () => {
  const wanted = await runHere({ loss: DPO, layout: "padded" });
  assertEquivalent(await runHere({ ...SHARED, StepsClass: withLayout(() => {}) }), wanted);
});

/** What is planted, where, and what it would be without. */
const BUGS: [string, () => ReturnType<typeof runHere>, Way?][] = [
  ["the mask is dropped", () => runHere({ ...SHARED, StepsClass: withLayout(dropMask) })],
  ["rejected sees chosen", () => runHere({ ...SHARED, StepsClass: withLayout(openBlock) })],
  [
    "a token of the prompt is hidden from rejected",
    () => runHere({ ...SHARED, StepsClass: withLayout(hideToken) }),
  ],
  [
    "gradients of parts are not divided by their number",
    () => runHere({ ...SHARED, parts: 8, StepsClass: Unscaled }),
  ],
  [
    "the gradient of one process is left out",
    () => runSpread({ way: SHARED, devices: 1, processes: 2, leaveOut: 1 }),
  ],
  ...(["enter", "leave"] as const).map((unsummed): [string, () => ReturnType<typeof runHere>] => [
    unsummed === "enter"
      ? "gradients of what divided matrices are given are not summed"
      : "what divided matrices give is not summed",
    () => runSpread({ way: SHARED, devices: 1, processes: 2, tensorParallel: true, unsummed }),
  ]),
  [
    "matrices divided by inputs drop out the same ones in all processes",
    () =>
      runSpread({
        way: DROPPED_OUT,
        devices: 1,
        processes: 2,
        tensorParallel: true,
        ownMasks: true,
      }),
    DROPPED_OUT,
  ],
];
for (const [bug, run, without = { loss: DPO, layout: "padded" } as const] of BUGS) {
  Deno.test(`the matrix finds a planted bug: ${bug}`, async () => {
    const found = await run(), wanted = await runHere(without);
    assert.throws(() => assertEquivalent(found, wanted), { message: /^gradient of/ });
  });
}

Deno.test("the table in docs/equivalence.md has the lines of the matrix, with figures within the limits", () => {
  const rows = Deno.readTextFileSync(PAGE).split("\n").filter((line) => line.startsWith("| "))
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
  const table = rows.slice(rows.findIndex(([name]) => name === "**limit**") + 1);
  assert.deepEqual(table.map(([name]) => name), MATRIX.map(({ name }) => name));
  for (const [name, ...figures] of table) {
    COLUMNS.forEach((what, i) =>
      assert.ok(Number(figures[i]) <= LIMITS[what], `${name}, ${what}: ${figures[i]}`)
    );
  }
});
