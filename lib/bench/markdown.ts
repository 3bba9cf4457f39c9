/**
 * Markdown as the project's formatter lays it out.
 *
 * @module
 */
import { join } from "node:path";
import { PROJECT_ROOT } from "@/lib/setup/paths.ts";

/** The text as `deno fmt` writes it, so that a page that a command wrote passes the project's check. */
export async function formattedMarkdown(text: string): Promise<string> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--ext=md", `--config=${join(PROJECT_ROOT, "deno.json")}`, "-"],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const output = child.output();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
  const { success, stdout, stderr } = await output;
  if (!success) throw new Error(`deno fmt: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}
