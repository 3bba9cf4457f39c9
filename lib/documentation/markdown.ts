/**
 * Pieces of Markdown that reference pages are made of.
 *
 * @module
 */

import { markdownTable } from "@/lib/markdown.ts";

/** Text for a cell of a table. */
export const cell = (text: string): string =>
  text.replaceAll("|", "\\|").replaceAll("<", "&lt;").replaceAll(/\s*\n\s*/g, " ").trim();

/** A value for a cell, as code; nothing where there is none. */
export const codeCell = (text: string): string =>
  text ? `\`${text.replaceAll("|", "\\|").replaceAll("\n", " ")}\`` : "";

/** A table. Cells are Markdown. */
export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  markdownTable({ head, rows, textColumns: head.length });

/** What stands at the top of every page that a command writes. */
export const GENERATED = "Written from the code by `deno task docs`; `deno task check` compares.";
