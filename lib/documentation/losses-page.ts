/**
 * docs/reference/losses.md: every loss with its equation, from the docstring of the function that computes it.
 *
 * @module
 */
import { join } from "node:path";
import { GENERATED } from "@/lib/documentation/markdown.ts";
import { LOSS_NAMES, type LossName, PAIR_LOSSES, sftLoss } from "@/lib/losses/mod.ts";
import { PROJECT_ROOT } from "@/lib/setup/paths.ts";

const FOLDER = "lib/losses";

const NOTATION =
  "Of a pair with the prompt $x$, $y_w$ is the chosen response and $y_l$ the rejected one. $\\pi$ is the policy, " +
  "$\\pi_\\text{ref}$ the reference, $a = \\log\\pi(y \\mid x) - \\log\\pi_\\text{ref}(y \\mid x)$ a response's " +
  "log-ratio, summed over its tokens, $r = \\beta a$ its implicit reward, and $h = a_w - a_l$ how much more the policy " +
  "prefers chosen to rejected than the reference does. $n$ is a response's number of tokens and " +
  "$\\bar p = \\frac1n \\log\\pi(y \\mid x)$ the policy's mean log-probability of one. " +
  "$\\sigma(z) = 1 / (1 + e^{-z})$. An equation is the loss of one pair; what is minimised is the batch's mean.";

/** The page. @throws Error for a loss whose docstring has no equation or no source */
export async function lossesPage(): Promise<string> {
  const files = await Promise.all(
    [...Deno.readDirSync(join(PROJECT_ROOT, FOLDER))].map(({ name }) => name).sort().map(
      async (name) => ({
        name,
        text: await Deno.readTextFile(join(PROJECT_ROOT, FOLDER, name)),
      }),
    ),
  );
  return [
    "# Losses",
    GENERATED,
    NOTATION,
    "Which settings each one reads, and what can be put beside it, is in [losses](../losses.md).",
    ...LOSS_NAMES.flatMap((name) => section(name, files)),
  ].join("\n\n") + "\n";
}

function section(name: LossName, files: { name: string; text: string }[]): string[] {
  const loss = name === "sft" ? undefined : PAIR_LOSSES[name];
  const functionName = (loss?.losses ?? sftLoss).name;
  const declared = new RegExp(
    `/\\*\\*((?:(?!\\*/).)*)\\*/\\nexport (?:const|function) ${functionName}\\b`,
    "s",
  );
  const file = files.find(({ text }) => declared.test(text));
  if (!file) throw new Error(`${FOLDER} has no docstring of ${functionName}.`);
  const { prose, equation } = parts(file.text.match(declared)![1]);
  if (!equation) {
    throw new Error(`${FOLDER}/${file.name}: ${functionName} has no equation in $$…$$.`);
  }
  // The source may be said once, at the top of a file with several losses.
  const module = file.text.match(/^\/\*\*((?:(?!\*\/).)*@module(?:(?!\*\/).)*)\*\//s)?.[1];
  const all = module ? [...prose, ...parts(module).prose] : prose;
  if (!all.some((text) => text.includes("arXiv "))) {
    throw new Error(`${FOLDER}/${file.name}: ${functionName} names no source.`);
  }
  const facts = [
    loss?.reference ? "Compares with a reference." : "Has no reference.",
    loss?.divergence && "Takes `loss.divergence=`.",
    loss && "wholeBatch" in loss && "Compares within a batch.",
  ].filter(Boolean).join(" ");
  return [
    `## ${name}`,
    prose[0],
    `\`\`\`math\n${equation}\n\`\`\``,
    ...all.slice(1),
    `${facts} [\`${FOLDER}/${file.name}\`](../../${FOLDER}/${file.name})`,
  ];
}

/** Paragraphs and equation of a docstring, without its tags. */
function parts(docstring: string): { prose: string[]; equation?: string } {
  const text = docstring.replaceAll(/^ ?\* ?/gm, "").split(/^@/m)[0].trim();
  const equation = text.match(/\$\$(.*?)\$\$/s)?.[1].trim();
  const prose = text.replace(/\$\$.*?\$\$/s, "").split(/\n{2,}/)
    .map((paragraph) =>
      paragraph.replaceAll("\n", " ").trim()
        .replaceAll(/\{@link (\w+)\}/g, "`$1`")
        .replaceAll(/\(arXiv (\d{4}\.\d{5})\)/g, "([arXiv $1](https://arxiv.org/abs/$1))")
    ).filter(Boolean);
  return { prose, equation };
}
