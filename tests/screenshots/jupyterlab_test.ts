/** Pictures of JupyterLab: real Jupyter, real Chromium. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { lossCurve } from "@/lib/charts/training.ts";
import { notebookScreenshots } from "@/lib/screenshots/jupyterlab.ts";
import { withFolder } from "@/tests/notebooks/fixture.ts";

Deno.test("a picture of a notebook in each theme, from the cell that is named", async () => {
  await withFolder(async (folder) => {
    const notebook = join(folder, "shown.ipynb");
    const figure = lossCurve([{ examples: 1, "loss/train": 1 }, { examples: 2, "loss/train": 2 }]);
    const cell = (source: string, outputs: object[] = []) => ({
      cell_type: "code",
      id: source,
      metadata: {},
      execution_count: 1,
      source,
      outputs,
    });
    const shown = { output_type: "display_data", metadata: {}, data: { "image/svg+xml": figure } };
    await Deno.writeTextFile(
      notebook,
      JSON.stringify({
        nbformat: 4,
        nbformat_minor: 5,
        metadata: {},
        cells: [cell("first"), cell("second", [shown])],
      }),
    );
    const out = join(folder, "out");
    const files = await notebookScreenshots([{ notebook, from: "second" }], out, () => {});
    assert.deepEqual(files, ["light", "dark"].map((theme) => join(out, `shown-${theme}.png`)));
    const [light, dark] = await Promise.all(files.map((file) => Deno.readFile(file)));
    for (const png of [light, dark]) {
      assert.equal(new TextDecoder("latin1").decode(png.subarray(1, 4)), "PNG");
      const size = new DataView(png.buffer).getUint32(16);
      assert.equal(size, 1100);
    }
    assert.notDeepEqual(light, dark);
    const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
    assert.deepEqual(names, ["out", "shown.ipynb"]);
  });
});
