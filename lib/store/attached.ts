/**
 * A second database beside the one that is open: a file, or one of MotherDuck's.
 *
 * @see {@link https://motherduck.com/docs/sql-reference/motherduck-sql-reference/attach-database/}
 * @module
 */
import { InputError, OperationError } from "@/lib/errors.ts";
import type { Store } from "@/lib/store/store.ts";

/** What the second database is called in statements. */
const NAME = "attached_database";

/** Whether a database is one of MotherDuck's: `md:NAME`, or `md:_share/NAME/ID`, the address of a share. */
export const isMotherDuck = (target: string): boolean => target.startsWith("md:");

/**
 * The statement that attaches a database.
 * @throws InputError for what cannot be a name of MotherDuck's
 */
export function attachStatement(target: string, readOnly: boolean): string {
  if (isMotherDuck(target) && !/^md:(?:\w[\w-]*|_share\/[\w-]+\/[\w-]+)$/.test(target)) {
    throw new InputError(
      `${target} is no database of MotherDuck's; it is md:NAME, or md:_share/NAME/ID for a share.`,
    );
  }
  const isShare = target.startsWith("md:_share/");
  return `ATTACH '${target.replaceAll("'", "''")}' AS ${NAME}${
    readOnly || isShare ? " (READ_ONLY)" : ""
  }`;
}

/**
 * Attaches a database for the time of `work`, which gets its name in statements.
 *
 * @throws InputError without MotherDuck's token, or for what is no database
 * @throws OperationError when MotherDuck's extension cannot be loaded, or the database not be attached
 */
export async function attached<T>(
  store: Pick<Store, "run">,
  target: string,
  work: (name: string) => Promise<T>,
  { readOnly = false }: { readOnly?: boolean } = {},
): Promise<T> {
  const statement = attachStatement(target, readOnly);
  if (isMotherDuck(target)) await loadMotherDuck(store);
  try {
    await store.run(statement);
  } catch (error) {
    const message = withoutToken((error as Error).message.split("\n")[0]);
    const kind = /not a valid DuckDB database file/.test(message) ? InputError : OperationError;
    throw new kind(`${target} cannot be attached: ${message}`);
  }
  try {
    return await work(NAME);
  } finally {
    await store.run(`DETACH ${NAME}`);
  }
}

const TOKEN_VARIABLES = ["motherduck_token", "MOTHERDUCK_TOKEN"];

/** The extension reads the token from the environment itself, so that it is in no statement. */
async function loadMotherDuck(store: Pick<Store, "run">): Promise<void> {
  const token = TOKEN_VARIABLES.map((name) => Deno.env.get(name)).find(Boolean);
  if (!token) {
    throw new InputError(
      "md: needs a token of MotherDuck: make one at https://app.motherduck.com and set motherduck_token.",
    );
  }
  if (/\s/.test(token)) {
    throw new InputError("motherduck_token holds spaces or line breaks, which no token has.");
  }
  try {
    await store.run("INSTALL motherduck");
    await store.run("LOAD motherduck");
  } catch (error) {
    const message = withoutToken((error as Error).message.split("\n")[0]);
    throw new OperationError(
      `DuckDB's extension for MotherDuck cannot be had (${message}); check the network, or publish to a file.`,
    );
  }
}

function withoutToken(text: string): string {
  return TOKEN_VARIABLES.map((name) => Deno.env.get(name)).filter((token) => token !== undefined)
    .reduce((cleaned, token) => token ? cleaned.replaceAll(token, "…") : cleaned, text);
}
