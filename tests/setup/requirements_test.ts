import assert from "node:assert/strict";
import { InputError } from "@/lib/errors.ts";
import { parseSection, readSection } from "@/lib/setup/requirements.ts";

const TEXT = `# All of it.

# [files] data
a==1; sys_platform == "linux"
# a comment
b==2

# [jupyter] the rest
c==3
`;

Deno.test("requirements: a section goes from its heading to the next", () => {
  assert.deepEqual(parseSection("files", TEXT, "x.txt").requirements, [
    'a==1; sys_platform == "linux"',
    "b==2",
  ]);
  assert.deepEqual(parseSection("jupyter", TEXT, "x.txt").requirements, ["c==3"]);
  assert.deepEqual(parseSection("tests", "# no headings\nd==4\n", "x.txt").requirements, ["d==4"]);
  assert.throws(() => parseSection("tests", TEXT, "x.txt"), InputError);
});

Deno.test("requirements: the digest changes with the requirements, not with comments", () => {
  const digest = (text: string) => parseSection("files", text, "x.txt").digest;
  assert.equal(digest(TEXT), digest(TEXT.replace("# a comment\n", "")));
  assert.notEqual(digest(TEXT), digest(TEXT.replace("b==2", "b==3")));
});

Deno.test("requirements: every line of ours is pinned, and files come without dependencies", async () => {
  for (const name of ["files", "jupyter", "tests", "oracles", "bench"] as const) {
    const section = await readSection(name);
    assert.ok(section.requirements.length > 0);
    for (const line of section.requirements) assert.match(line, /^[\w.-]+==[\w.]+($|;)/);
    assert.equal(section.withDependencies, name !== "files");
  }
});
