/**
 * Accounts of people who label from other machines.
 *
 * An account begins with an invitation: a link that works once and for a while. What is kept of it is a digest, so that
 * whoever reads the database, or a backup of it, cannot use it.
 *
 * @module
 */
import { createHash, randomBytes } from "node:crypto";
import { InputError } from "@/lib/errors.ts";
import type { Mirror } from "@/lib/store/shared-file.ts";
import type { Store } from "@/lib/store/store.ts";
import { labelerName } from "@/lib/web/labeler-name.ts";

/** What somebody may do: admins also look after the work of the others. */
export type Role = "labeler" | "admin";
export const ROLES = ["labeler", "admin"] as const;

/** An account as an admin sees it. */
export interface Account {
  name: string;
  role: Role;
  /** `invited`: a link is open; `expired`: none is, and nobody came; `joined`: somebody came by a link. */
  state: "invited" | "expired" | "joined" | "removed";
  labels: number;
}

/** A session that an account began. */
export interface AccountSession {
  id: string;
  account: string;
  role: Role;
  /** Milliseconds since 1970. */
  expires: number;
}

const SESSION_DAYS = 90;

/**
 * Makes an account, or gives one that is there another link and this role; one that was removed comes back.
 * @returns the name as it is stored and the secret of the link
 * @throws InputError for a name that cannot be used
 */
export function invite(
  store: Store,
  name: string,
  role: Role,
  hours: number,
): Promise<{ name: string; invitation: string }> {
  return store.transaction(async () => {
    const account = await labelerName(store, name);
    const invitation = randomBytes(32).toString("base64url");
    await store.insert(
      "accounts",
      [{ name: account, role, removed_at: null }],
      "(name) DO UPDATE SET role = excluded.role, removed_at = NULL",
    );
    // The link before, which may have gone to the wrong person, is worth nothing any more.
    await store.run("DELETE FROM invitations WHERE account = $1 AND used_at IS NULL", [account]);
    await store.insert("invitations", [
      { digest: digestOf(invitation), account, expires_at: timestamp(hours * 3_600_000) },
    ]);
    return { name: account, invitation };
  });
}

/** All accounts, by name. */
export function listAccounts(store: Store): Promise<Account[]> {
  return store.rows<Account>(
    `SELECT a.name, a.role,
       CASE WHEN a.removed_at IS NOT NULL THEN 'removed'
            WHEN EXISTS (SELECT 1 FROM account_sessions s WHERE s.account = a.name) THEN 'joined'
            WHEN EXISTS (SELECT 1 FROM invitations i WHERE i.account = a.name AND i.used_at IS NULL
                         AND i.expires_at > $1::TIMESTAMP) THEN 'invited'
            ELSE 'expired' END AS state,
       (SELECT count(*) FROM labels l WHERE l.labeler = a.name AND l.action = 'label') AS labels
     FROM accounts a ORDER BY a.name`,
    [timestamp(0)],
  );
}

/**
 * Takes an account away: its sessions end and its links stop working; its labels stay.
 * @throws InputError when there is no such account
 */
export function removeAccount(store: Store, name: string): Promise<void> {
  return store.transaction(async () => {
    const [row] = await store.rows<{ name: string }>(
      "UPDATE accounts SET removed_at = $2::TIMESTAMP WHERE name = $1 AND removed_at IS NULL RETURNING name",
      [name.normalize("NFC").trim(), timestamp(0)],
    );
    if (!row) {
      throw new InputError(
        `There is no account ${name}; deno task label users list shows all of them.`,
      );
    }
    await store.run("DELETE FROM invitations WHERE account = $1 AND used_at IS NULL", [
      row.name,
    ]);
    await store.run(
      "UPDATE account_sessions SET ended_at = $2::TIMESTAMP WHERE account = $1 AND ended_at IS NULL",
      [row.name, timestamp(0)],
    );
  });
}

/** Whether somebody could come in by an account. */
export async function hasAccounts(store: Store): Promise<boolean> {
  return await store.row("SELECT 1 FROM accounts WHERE removed_at IS NULL LIMIT 1") !== undefined;
}

/** Whom an open invitation is for; undefined when it has been used, is too old or never was. */
export async function invited(store: Store, invitation: string): Promise<string | undefined> {
  const row = await store.row<{ account: string }>(
    `SELECT i.account FROM invitations i JOIN accounts a ON a.name = i.account
     WHERE i.digest = $1 AND i.used_at IS NULL AND i.expires_at > $2::TIMESTAMP AND a.removed_at IS NULL`,
    [digestOf(invitation), timestamp(0)],
  );
  return row?.account;
}

/** Uses up an invitation and begins a session. @returns undefined when the invitation is not open */
export function acceptInvitation(
  store: Store,
  invitation: string,
): Promise<AccountSession | undefined> {
  return store.transaction(async () => {
    const account = await invited(store, invitation);
    if (account === undefined) return;
    await store.run("UPDATE invitations SET used_at = $2::TIMESTAMP WHERE digest = $1", [
      digestOf(invitation),
      timestamp(0),
    ]);
    const milliseconds = SESSION_DAYS * 86_400_000;
    const id = crypto.randomUUID();
    await store.insert("account_sessions", [
      { id, account, expires_at: timestamp(milliseconds), ended_at: null },
    ]);
    await store.insert("labelers", [{ name: account, kind: "human" }], "DO NOTHING");
    const { role } =
      (await store.row<{ role: Role }>("SELECT role FROM accounts WHERE name = $1", [account]))!;
    return { id, account, role, expires: Date.now() + milliseconds };
  });
}

/** Ends a session. */
export async function endSession(store: Store, id: string): Promise<void> {
  await store.run(
    "UPDATE account_sessions SET ended_at = $2::TIMESTAMP WHERE id = $1 AND ended_at IS NULL",
    [id, timestamp(0)],
  );
}

/** The sessions that are open, in memory. */
export class OpenSessions implements Mirror {
  #byId = new Map<string, AccountSession>();

  get(id: string): AccountSession | undefined {
    const session = this.#byId.get(id);
    return session && session.expires > Date.now() ? session : undefined;
  }

  set(session: AccountSession): void {
    this.#byId.set(session.id, session);
  }

  delete(id: string): void {
    this.#byId.delete(id);
  }

  async refresh(store: Store): Promise<void> {
    const rows = await store.rows<Omit<AccountSession, "expires"> & { expires_at: string }>(
      `SELECT s.id, s.account, a.role, s.expires_at
       FROM account_sessions s JOIN accounts a ON a.name = s.account
       WHERE s.ended_at IS NULL AND a.removed_at IS NULL`,
    );
    this.#byId = new Map(
      rows.map(({ expires_at, ...row }) => [row.id, { ...row, expires: Date.parse(expires_at) }]),
    );
  }
}

const digestOf = (invitation: string) => createHash("sha256").update(invitation).digest("hex");

/** The time in so many milliseconds, in UTC, as a column takes it. */
function timestamp(inMilliseconds: number): string {
  return new Date(Date.now() + inMilliseconds).toISOString().slice(0, -1);
}
