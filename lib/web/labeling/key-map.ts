/**
 * Which key does what on the labeling page.
 *
 * The verdicts stand on the keyboard as on the page: a row of keys for each question, a column for each answer.
 *
 * @module
 */

/** What can be done by key: its name, its key unless it was changed, and the words for it. */
export const ACTIONS = {
  "preference.a": { key: "1", group: "Overall", text: "Left is better" },
  "preference.b": { key: "2", group: "Overall", text: "Right is better" },
  "preference.same": { key: "3", group: "Overall", text: "Tie" },
  "preference.both_bad": { key: "4", group: "Overall", text: "Both bad" },
  "correctness.a": { key: "q", group: "Correctness", text: "Left" },
  "correctness.b": { key: "w", group: "Correctness", text: "Right" },
  "correctness.same": { key: "e", group: "Correctness", text: "Same" },
  "correctness.cannot_judge": { key: "r", group: "Correctness", text: "Cannot judge" },
  "performance.a": { key: "a", group: "Performance", text: "Left" },
  "performance.b": { key: "s", group: "Performance", text: "Right" },
  "performance.same": { key: "d", group: "Performance", text: "Same" },
  "performance.cannot_judge": { key: "f", group: "Performance", text: "Cannot judge" },
  "readability.a": { key: "z", group: "Readability", text: "Left" },
  "readability.b": { key: "x", group: "Readability", text: "Right" },
  "readability.same": { key: "c", group: "Readability", text: "Same" },
  "readability.cannot_judge": { key: "v", group: "Readability", text: "Cannot judge" },
  next: { key: "n", group: "Going on", text: "Next pair" },
  undo: { key: "u", group: "Going on", text: "Undo the last decision" },
  skip: { key: "k", group: "Going on", text: "Skip, with a reason" },
  jump: { key: "j", group: "Going on", text: "Jump to a question" },
  history: { key: "h", group: "Going on", text: "Your last decisions" },
  today: { key: "y", group: "Going on", text: "Done for today" },
  note: { key: "m", group: "Tools", text: "Write a note" },
  tests: { key: "t", group: "Tools", text: "Run the tests on both" },
  diff: { key: "i", group: "Tools", text: "Show what differs" },
  generate: { key: "g", group: "Code pair", text: "Generate a pair" },
  "regenerate.a": { key: "[", group: "Code pair", text: "Write the left solution anew" },
  "regenerate.b": { key: "]", group: "Code pair", text: "Write the right solution anew" },
  save: { key: "p", group: "Code pair", text: "Save the pair" },
  settings: { key: ",", group: "Tools", text: "Settings" },
  help: { key: "?", group: "Tools", text: "All keys" },
} as const;

/** The name of something that can be done by key. */
export type Action = keyof typeof ACTIONS;
/** The key of each action. */
export type KeyMap = Record<Action, string>;

const NAMES = Object.keys(ACTIONS) as Action[];

/** The keys as they are unless changed. */
export const DEFAULT_KEYS: KeyMap = Object.fromEntries(
  NAMES.map((name) => [name, ACTIONS[name].key]),
) as KeyMap;

/** The parts of a key press that say which key it was. */
export type KeyPress = Pick<KeyboardEvent, "key" | "code">;

/** What a key writes on a US keyboard, by its place. */
const BY_PLACE: Record<string, string> = {
  Comma: ",",
  Period: ".",
  Slash: "/",
  Semicolon: ";",
  Quote: "'",
  BracketLeft: "[",
  BracketRight: "]",
  Minus: "-",
  Equal: "=",
};

/**
 * The names that a key press goes by, the likelier first: what the key writes, then what the key at this place
 * writes on a US keyboard. So a Latin keyboard of any layout obeys what is printed on it, a Cyrillic or Greek one
 * and the digits of a French one obey their places.
 */
export function keyNames({ key, code }: KeyPress): string[] {
  const names = key.length === 1 ? [key.toLowerCase()] : [];
  if (!/^[a-z0-9]$/.test(names[0] ?? "")) {
    const place = code.match(/^(?:Key|Digit|Numpad)([A-Z0-9])$/)?.[1].toLowerCase() ??
      BY_PLACE[code];
    if (place !== undefined) names.push(place);
  }
  return names.filter((name) => name !== " ");
}

/** What a key press asks for. */
export function actionOf(map: KeyMap, press: KeyPress): Action | undefined {
  for (const name of keyNames(press)) {
    const action = NAMES.find((action) => map[action] === name);
    if (action) return action;
  }
}

/**
 * The map with `action` on the pressed key; what was on that key gets the old one of `action`.
 * @returns null for a key that writes nothing and so cannot be used
 */
export function withKey(map: KeyMap, action: Action, press: KeyPress): KeyMap | null {
  const [name] = keyNames(press).toSorted((a, b) => Number(isLatin(b)) - Number(isLatin(a)));
  if (name === undefined) return null;
  const other = NAMES.find((candidate) => map[candidate] === name);
  return { ...map, ...other && { [other]: map[action] }, [action]: name };
}

function isLatin(name: string): boolean {
  return /^[a-z0-9]$/.test(name);
}

/** A stored map with everything in it that can be used; what is missing or doubled is as by default. */
export function readKeyMap(stored: unknown): KeyMap {
  const given = (typeof stored === "object" && stored !== null ? stored : {}) as Partial<KeyMap>;
  const map = { ...DEFAULT_KEYS };
  for (const name of NAMES) {
    const key = given[name];
    if (typeof key === "string" && key.length === 1 && key !== " ") map[name] = key.toLowerCase();
  }
  return new Set(Object.values(map)).size === NAMES.length ? map : { ...DEFAULT_KEYS };
}

/** How a key is written on a button. */
export function keyLabel(key: string): string {
  return key.toUpperCase();
}
