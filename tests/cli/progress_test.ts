import assert from "node:assert/strict";
import { clock, createProgress } from "@/lib/cli/core/progress.ts";

Deno.test("progress: a plain line at once, then at most one every five seconds, and the last", () => {
  const lines: string[] = [];
  let now = 0;
  const progress = createProgress({
    isTerminal: false,
    write: (stream, text) => lines.push(`${stream} ${text.trimEnd()}`),
    now: () => now,
  });
  const show = progress.start("judging");
  for (let i = 20; i <= 100; i++, now += 200) show(i, 100);
  progress.line("kept", "stdout");
  assert.deepEqual(lines, [
    "stderr judging: 20/100 (20 %)",
    "stderr judging: 45/100 (45 %), left 0:11",
    "stderr judging: 70/100 (70 %), left 0:06",
    "stderr judging: 95/100 (95 %), left 0:01",
    "stderr judging: 100/100 (100 %), done in 0:16",
    "stdout kept",
  ]);
});

Deno.test("progress: work of unknown size is counted", () => {
  const lines: string[] = [];
  const progress = createProgress({
    isTerminal: false,
    write: (_, text) => lines.push(text),
    now: () => 0,
  });
  progress.start("reading")(7, 0, "bytes");
  assert.deepEqual(lines, ["reading: 7, bytes\n"]);
});

Deno.test("progress: durations", () => {
  assert.deepEqual([7, 59.6, 750, 3723].map(clock), ["0:07", "1:00", "12:30", "1:02:03"]);
});
