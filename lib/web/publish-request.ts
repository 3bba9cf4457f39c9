/**
 * What the web app is asked to publish, with nothing taken on trust.
 *
 * @module
 */
import { HttpError } from "fresh";
import { OPTION_KEYS, type OptionValues } from "@/lib/publish/option-keys.ts";

/** A preview or a publication. */
export interface PublishRequest {
  action: "preview" | "publish";
  /** The folder's name among the datasets of this machine. */
  name: string;
  /** NAMESPACE/NAME on the hub; null: only the folder. */
  repo: string | null;
  /** Of a repository that is made. */
  private: boolean;
  /** Sources and models whose texts may be shown to all. */
  accept: string[];
  options: Partial<OptionValues>;
}

const MOST_ITEMS = 1000;

/**
 * Reads a request: `action`, `name`, `repo`, `private`, `accept`, and settings of `deno task publish` by their names.
 * @throws HttpError 400 for what is missing, unknown or of the wrong type
 */
export function readPublishRequest(body: Record<string, unknown>): PublishRequest {
  const { action, name = "lc", repo = null, accept = [], private: isPrivate = true, ...settings } =
    body;
  if (action !== "preview" && action !== "publish") {
    throw new HttpError(400, "action has to be preview or publish.");
  }
  if (typeof name !== "string" || !/^\w[\w.-]{0,63}$/.test(name)) {
    throw new HttpError(
      400,
      "name has to be letters, digits, -, _ and dots, and names a folder of datasets.",
    );
  }
  if (repo !== null && typeof repo !== "string") {
    throw new HttpError(400, "repo has to be a text as in NAMESPACE/NAME.");
  }
  if (typeof isPrivate !== "boolean") throw new HttpError(400, "private has to be true or false.");
  if (!isList(accept)) throw new HttpError(400, "accept has to be a list of texts.");
  return { action, name, repo, private: isPrivate, accept, options: readOptions(settings) };
}

function readOptions(settings: Record<string, unknown>): Partial<OptionValues> {
  for (const [name, value] of Object.entries(settings)) {
    if (!Object.hasOwn(OPTION_KEYS, name)) {
      throw new HttpError(400, `There is no setting ${JSON.stringify(name.slice(0, 60))}.`);
    }
    const key: { type: string; choices?: readonly string[]; optional?: boolean } =
      OPTION_KEYS[name as keyof OptionValues];
    const { type, choices, optional = false } = key;
    if (value === null && optional) continue;
    const kind: string = typeof value;
    const fits = type === "list"
      ? isList(value)
      : type === "integer"
      ? Number.isSafeInteger(value)
      : kind === type;
    if (!fits || (choices && !choices.includes(value as string))) {
      const wanted = choices ? `one of ${choices.join(", ")}` : `a ${type}`;
      throw new HttpError(400, `${name} has to be ${wanted.replace("a integer", "an integer")}.`);
    }
  }
  return settings;
}

const isList = (value: unknown): value is string[] =>
  Array.isArray(value) && value.length <= MOST_ITEMS &&
  value.every((item) => typeof item === "string" && item.length <= 500);
