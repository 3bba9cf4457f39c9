/**
 * How somebody likes the labeling page; kept in this browser alone.
 *
 * @module
 */
import { signal } from "@preact/signals";
import { DEFAULT_KEYS, type KeyMap, readKeyMap } from "@/lib/web/labeling/key-map.ts";

/** The settings. */
export interface Settings {
  keys: KeyMap;
  /** Of code, in pixels. */
  fontSize: number;
  /** Whether long lines of code are wrapped. */
  wrap: boolean;
  /** Whether what differs between the sides is marked. */
  diff: boolean;
  /** Whether the next pair comes right after a decision, without a look at the models. */
  advance: boolean;
  theme: "system" | "light" | "dark";
  /** Pairs a day. */
  goal: number;
}

/** The settings before anybody changed them. */
export const DEFAULT_SETTINGS: Settings = {
  keys: DEFAULT_KEYS,
  fontSize: 13,
  wrap: false,
  diff: false,
  advance: false,
  theme: "system",
  goal: 50,
};

export const FONT_SIZES = { least: 10, most: 24 };
export const MOST_GOAL = 1000;
const STORAGE = "codepref.settings";

/** The settings of this page, shared by its islands; on the server always the default ones. */
export const settings = signal<Settings>(DEFAULT_SETTINGS);

/** Reads what this browser has kept; what cannot be used is as by default. */
export function loadSettings(storage: Storage = localStorage): void {
  let stored: Partial<Settings>;
  try {
    stored = JSON.parse(storage.getItem(STORAGE) ?? "{}");
  } catch {
    stored = {};
  }
  settings.value = readSettings(stored);
}

/** Changes settings and keeps them. */
export function changeSettings(change: Partial<Settings>, storage: Storage = localStorage): void {
  settings.value = readSettings({ ...settings.value, ...change });
  storage.setItem(STORAGE, JSON.stringify(settings.value));
}

function readSettings(given: Partial<Settings>): Settings {
  const standard = DEFAULT_SETTINGS;
  const flag = (value: unknown, otherwise: boolean) =>
    typeof value === "boolean" ? value : otherwise;
  const whole = (value: unknown, least: number, most: number, otherwise: number) =>
    Number.isInteger(value) ? Math.min(most, Math.max(least, value as number)) : otherwise;
  return {
    keys: readKeyMap(given.keys),
    fontSize: whole(given.fontSize, FONT_SIZES.least, FONT_SIZES.most, standard.fontSize),
    wrap: flag(given.wrap, standard.wrap),
    diff: flag(given.diff, standard.diff),
    advance: flag(given.advance, standard.advance),
    theme: given.theme === "light" || given.theme === "dark" ? given.theme : "system",
    goal: whole(given.goal, 1, MOST_GOAL, standard.goal),
  };
}
