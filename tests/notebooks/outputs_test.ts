/** Outputs that people see are those of a run: what differs is told with its place. */
import assert from "node:assert/strict";
import { figure } from "@/lib/charts/figure.ts";
import { lossCurve } from "@/lib/charts/training.ts";
import { outputDifferences } from "@/lib/notebooks/outputs.ts";
import { withFolder } from "./fixture.ts";

interface Cell {
  volatile?: boolean;
  /** Printed text, or data by kind. */
  shows: (string | Record<string, string>)[];
}

async function write(path: string, cells: Cell[]): Promise<string> {
  await Deno.writeTextFile(
    path,
    JSON.stringify({
      nbformat: 4,
      nbformat_minor: 5,
      metadata: {},
      cells: cells.map(({ volatile, shows }, i) => ({
        cell_type: "code",
        id: `cell-${i}`,
        metadata: volatile ? { tags: ["volatile"] } : {},
        source: "1",
        outputs: shows.map((shown) =>
          typeof shown === "string"
            ? { output_type: "stream", name: "stdout", text: [shown] }
            : { output_type: "display_data", metadata: {}, data: shown }
        ),
      })),
    }),
  );
  return path;
}

const curve = (loss: number) => ({
  "image/svg+xml": lossCurve([{ examples: 1, "loss/train": loss }, {
    examples: 2,
    "loss/train": 1,
  }]),
});
const rows = (head: string, cell: string) => ({
  "text/markdown": `| ${head} |\n| --- |\n| ${cell} |`,
});

Deno.test("outputs are compared in every letter, those of volatile cells by their outline", async () => {
  await withFolder(async (folder) => {
    const differences = async (a: Cell[], b: Cell[]) => {
      const [one, other] = [
        await write(`${folder}/a.ipynb`, a),
        await write(`${folder}/b.ipynb`, b),
      ];
      return (await outputDifferences(one, other)).map((line) => line.replace(`${folder}/`, ""));
    };
    const cell = (...shows: Cell["shows"]): Cell[] => [{ shows: [] }, { shows }];
    const volatile = (...shows: Cell["shows"]): Cell[] => [{ shows, volatile: true }];

    assert.deepEqual(await differences(cell("one\ntwo\n"), cell("one\ntwo\n")), []);
    assert.deepEqual(await differences(cell("one\ntwo\n"), cell("one\n2\n")), [
      'a.ipynb, code cell 2: shows "two", in this run "2"',
    ]);
    assert.deepEqual((await differences(cell(curve(1)), cell(curve(2)))).length, 1);
    assert.deepEqual(await differences(cell("x"), cell()), [
      "a.ipynb, code cell 2: shows text, in this run nothing",
    ]);

    assert.deepEqual(await differences(volatile("0.5 s"), volatile("0.6 s")), []);
    assert.deepEqual(await differences(volatile(curve(1)), volatile(curve(2))), []);
    assert.deepEqual(await differences(volatile(rows("n", "1")), volatile(rows("n", "2"))), []);
    assert.deepEqual(await differences(volatile(rows("n", "1")), volatile(rows("m", "1"))), [
      'a.ipynb, code cell 1: shows " n ", in this run " m "',
    ]);
    const other = { "image/svg+xml": figure({ title: "Other", marks: [] }) };
    assert.equal((await differences(volatile(curve(1)), volatile(other))).length, 1);
    assert.equal((await differences(volatile("x"), volatile(curve(1)))).length, 1);
  });
});
