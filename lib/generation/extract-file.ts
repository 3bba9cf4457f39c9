/**
 * Reads the code out of a file of answers.
 *
 * @module
 */
import { InputError } from "@/lib/errors.ts";
import { extractCode, type ReadStatus } from "@/lib/generation/code-blocks.ts";
import { writeFileWhole } from "@/lib/write-file.ts";

/** What {@link extractFile} read. */
export interface ExtractReport {
  answers: number;
  statuses: Partial<Record<ReadStatus, number>>;
}

/** A line of the file; it may have more fields. */
interface AnswerLine {
  text: string;
  /** `length` where the answer was cut. */
  done_reason?: string;
  /** What the code has to define, and the code that the question begins with. */
  entry_point?: string;
  starter_code?: string;
}

/**
 * Copies JSON lines and adds `codes` and `status` to each, read from its `text`, and `mended` where names were put
 * right. The file is written whole or not at all.
 * @throws InputError when a line is no JSON object with a text
 */
export async function extractFile(from: string, to: string): Promise<ExtractReport> {
  let content: string;
  try {
    content = await Deno.readTextFile(from);
  } catch (error) {
    throw new InputError(`The file ${from} cannot be read: ${(error as Error).message}.`);
  }
  const report: ExtractReport = { answers: 0, statuses: {} };
  const lines = content.split("\n").flatMap((line, i) => {
    if (line.trim() === "") return [];
    const answer = parse(line, `${from} line ${i + 1}`);
    const read = extractCode(answer.text, {
      doneReason: answer.done_reason === "length" ? "length" : "stop",
      wanted: answer.entry_point
        ? { entryPoint: answer.entry_point, starterCode: answer.starter_code }
        : undefined,
    });
    report.answers++;
    report.statuses[read.status] = (report.statuses[read.status] ?? 0) + 1;
    return [JSON.stringify({ ...answer, ...read })];
  });
  await writeFileWhole(to, lines.map((line) => `${line}\n`).join(""));
  return report;
}

function parse(line: string, place: string): AnswerLine {
  let answer: { text?: unknown } | null;
  try {
    answer = JSON.parse(line);
  } catch {
    throw new InputError(`${place} is no JSON; write one object per line, {"text": "…"}.`);
  }
  if (typeof answer?.text !== "string") {
    throw new InputError(`${place} has no field "text" with the answer.`);
  }
  return answer as AnswerLine;
}
