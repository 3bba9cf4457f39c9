/** Guides lead to what they promise. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { follow } from "./guide.ts";

const GOLDENS = "tests/fixtures/oracles";

Deno.test("docs/add-a-dataset.md, followed to the letter", () => follow("add-a-dataset"));

Deno.test("docs/add-a-loss.md, followed to the letter", () => follow("add-a-loss"));

Deno.test("docs/add-a-model-family.md, followed to the letter", () =>
  follow("add-a-model-family", (command, copy) => {
    assert.equal(command, ".venv-oracles/bin/python tests/oracles/make.py families peft");
    // What PyTorch would add to the goldens; `oracle_guide_family.py` computes it.
    const path = (name: string) => join(copy, GOLDENS, `${name}.json`);
    const [families, peft, added] = ["families", "peft", "guide_family"].map((name) =>
      JSON.parse(Deno.readTextFileSync(path(name)))
    );
    Object.assign(families.models, added.models);
    Object.assign(peft.models, added.adapted);
    Deno.writeTextFileSync(path("families"), JSON.stringify(families));
    Deno.writeTextFileSync(path("peft"), JSON.stringify(peft));
  }));
