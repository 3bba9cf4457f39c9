/**
 * The text after `=`, read as the type its key asks for.
 *
 * @module
 */
import { InputError } from "@/lib/errors.ts";
import { nearest } from "@/lib/cli/core/nearest.ts";
import type { Key } from "@/lib/cli/core/settings.ts";

export type SettingValue = string | number | boolean | string[] | null;

const NUMBER = /^[+-]?(\d+(_\d+)*(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;
const EXPECTED = {
  string: "text",
  integer: "a whole number, such as 8 or 20_000",
  number: "a number, such as 0.1 or 5e-7",
  boolean: "true or false",
  list: "a list, such as [a,b]",
} as const;

/**
 * Reads one value.
 *
 * @param written the name as the person wrote it (a key, an alias or a variable), for the message
 * @throws {InputError} naming the key, the value and what was expected
 */
export function readValue(written: string, key: Key, text: string): SettingValue {
  if (text.trim() === "null") {
    if (key.optional) return null;
    throw wrong(written, text, `${EXPECTED[key.type]} (it cannot be null)`);
  }
  const value = read(written, key, text);
  for (const item of Array.isArray(value) ? value : [value]) {
    if (key.choices && !key.choices.includes(String(item))) {
      const close = nearest(String(item), key.choices);
      throw wrong(
        written,
        String(item),
        `one of ${key.choices.join(", ")}${close ? `; nearest: ${close.word}` : ""}`,
      );
    }
    if (
      typeof item === "number" && (item < (key.min ?? -Infinity) || item > (key.max ?? Infinity))
    ) {
      throw wrong(written, text, `${EXPECTED[key.type]}, ${range(key)}`);
    }
  }
  return value;
}

/** The limits of a number in words: "at least 1", "from 0 to 1"; empty without limits. */
export function range(key: Key): string {
  if (key.min !== undefined && key.max !== undefined) return `from ${key.min} to ${key.max}`;
  if (key.min !== undefined) return `at least ${key.min}`;
  return key.max !== undefined ? `at most ${key.max}` : "";
}

function read(written: string, key: Key, text: string): SettingValue {
  switch (key.type) {
    case "string":
      return unquote(text);
    case "boolean": {
      const lower = text.trim().toLowerCase();
      if (lower !== "true" && lower !== "false") throw wrong(written, text, EXPECTED.boolean);
      return lower === "true";
    }
    case "integer":
    case "number": {
      const trimmed = text.trim();
      const value = NUMBER.test(trimmed) ? Number(trimmed.replaceAll("_", "")) : NaN;
      const right = key.type === "integer" ? Number.isSafeInteger(value) : Number.isFinite(value);
      if (!right) throw wrong(written, text, EXPECTED[key.type]);
      return value;
    }
    case "list":
      return readList(written, text);
  }
}

/** `[a, "b, c", 'd']` and, for a list of one, the bare item. */
function readList(written: string, text: string): string[] {
  const trimmed = text.trim();
  if (!trimmed.startsWith("[")) return trimmed === "" ? [] : [unquote(trimmed)];
  if (!trimmed.endsWith("]")) {
    throw wrong(written, text, `${EXPECTED.list} (the closing bracket is missing)`);
  }
  const inner = trimmed.slice(1, -1).trim();
  if (inner === "") return [];
  const items = inner.match(/\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^,"']*)\s*(,|$)/g) ?? [];
  // The pattern also matches the empty end after the last item.
  const whole = items.join("") === inner
    ? items.filter((item, i) => item !== "" || i < items.length - 1)
    : [];
  const list = whole.map((item) => unquote(item.replace(/,\s*$/, "").trim()));
  if (list.length === 0 || list.includes("")) {
    throw wrong(written, text, `${EXPECTED.list} (an item is empty or a quote is open)`);
  }
  return list;
}

function unquote(text: string): string {
  const quoted = text.match(/^(["'])(.*)\1$/s);
  return quoted ? quoted[2].replaceAll(/\\(["'\\])/g, "$1") : text;
}

function wrong(written: string, text: string, expected: string): InputError {
  return new InputError(`${written}=${text} is not right: ${written} takes ${expected}.`);
}
