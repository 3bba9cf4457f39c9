/** Links and pictures within the documentation lead to what is there. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { PROJECT_ROOT } from "@/lib/setup/paths.ts";
import { documentation } from "./fences.ts";

/** As GitHub makes them. */
const anchorOf = (heading: string) =>
  heading.toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, "").trim().replaceAll(/\s/g, "-");

Deno.test("links between pages lead to files and headings that are there", async () => {
  const pages = new Map((await documentation()).map(({ file, text }) => [file, text]));
  const broken: string[] = [];
  for (const [file, text] of pages) {
    const prose = text.replaceAll(/^```.*?^```/gms, "").replaceAll(/`[^`\n]*`/g, "`");
    const links = prose.matchAll(/\]\(([^)\s]+)\)|(?:src|srcset)="([^"]+)"/g);
    for (const [, link, source] of links) {
      const [path, anchor] = (link ?? source).split("#");
      if (/^[a-z]+:/.test(path)) continue;
      const target = path ? join(dirname(file), path) : file;
      const headings = pages.get(target)?.match(/^#+ .*$/gm)?.map((line) =>
        anchorOf(line.replace(/^#+ /, ""))
      );
      const isThere = existsSync(join(PROJECT_ROOT, target)) &&
        (!anchor || headings?.includes(anchor));
      if (!isThere) broken.push(`${file}: ${link ?? source}`);
    }
  }
  assert.deepEqual(broken, []);
});
