import assert from "node:assert/strict";
import { csvOf } from "@/lib/labels/csv.ts";

Deno.test("CSV quotes what needs it, and no text becomes a formula", () => {
  const texts = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", 'say "hi", please', "two\nlines", "plain"];
  const lines = csvOf(texts.map((text, i) => ({ text, value: i ? -i : null }))).split("\r\n");
  assert.deepEqual(lines, [
    "text,value",
    "'=1+1,",
    "'+1,-1",
    "'-1,-2",
    "'@SUM(A1),-3",
    "'\t=1,-4",
    '"say ""hi"", please",-5',
    '"two\nlines",-6',
    "plain,-7",
    "",
  ]);
  assert.equal(csvOf([]), "");
});
