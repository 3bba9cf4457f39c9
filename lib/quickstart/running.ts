/**
 * Processes that may still be there.
 *
 * @module
 */

/**
 * Whether a process runs under this id whose command line contains `word`; ids are used again, so the id alone
 * says little.
 */
export async function isRunning(pid: number, word: string): Promise<boolean> {
  return (await commandLine(pid)).includes(word);
}

async function commandLine(pid: number): Promise<string> {
  try {
    if (Deno.build.os === "linux") {
      return (await Deno.readTextFile(`/proc/${pid}/cmdline`)).replaceAll("\0", " ");
    }
    const { stdout } = await new Deno.Command("ps", { args: ["-p", String(pid), "-o", "command="] })
      .output();
    return new TextDecoder().decode(stdout);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}
