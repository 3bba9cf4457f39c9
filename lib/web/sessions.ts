/**
 * Who is labeling: sessions in the database, named by a signed cookie.
 *
 * @module
 */
import { HttpError } from "fresh";
import { parseSigned, serializeSigned } from "hono/utils/cookie";
import type { SharedFile } from "@/lib/store/shared-file.ts";
import { acceptInvitation, endSession, OpenSessions, type Role } from "@/lib/web/accounts.ts";
import { labelerName } from "@/lib/web/labeler-name.ts";

/** Value of the cookie of someone who came with the start token but has given no name yet. */
const ADMITTED = "admitted";
const YEAR_SECONDS = 365 * 24 * 3600;

/** What a cookie says. */
export interface Visitor {
  admitted: boolean;
  labeler?: string;
  /** Whoever has the start token is an admin. */
  role?: Role;
}

/** A session that has begun. */
export interface Started {
  labeler: string;
  /** The `Set-Cookie` value. */
  cookie: string;
}

/** Sessions of one database. */
export interface Sessions {
  /** Whether people come by accounts, and not by the start token. */
  readonly byAccount: boolean;
  /** Reads the request's cookie; a forged or unknown one counts as none. */
  visitor(req: Request): Promise<Visitor>;
  /** The `Set-Cookie` value of someone who came with the start token. */
  admit(req: Request): Promise<string>;
  /**
   * Starts a session for a labeler, known or new, who came with the start token.
   * @throws InputError for a name that cannot be used
   * @throws HttpError 403 where people come by accounts
   */
  start(req: Request, name: string): Promise<Started>;
  /**
   * Starts a session by an invitation, which is used up.
   * @throws HttpError 403 for one that is not open
   */
  accept(req: Request, invitation: string): Promise<Started>;
  /** Ends the session of the request. @returns the `Set-Cookie` value that takes the cookie away */
  end(req: Request): Promise<string>;
}

/** Who came with an invitation that is not open is told so. */
export const NOT_OPEN =
  "This invitation has been used, is too old, or never was; ask an admin for a new one.";

/** Sessions signed with the database's secret. */
export async function sessionsOf(
  file: SharedFile,
  secret: string,
  byAccount: boolean,
): Promise<Sessions> {
  const known = new Map<string, string>();
  const open = new OpenSessions();
  if (byAccount) await file.keep(open);

  const labelerOf = async (id: string): Promise<string | undefined> => {
    if (!known.has(id)) {
      const row = await file.lease((store) =>
        store.row<{ labeler: string }>("SELECT labeler FROM sessions WHERE id = $1", [id])
      );
      if (row) known.set(id, row.labeler);
    }
    return known.get(id);
  };
  const cookie = (req: Request, value: string, maxAge = YEAR_SECONDS) =>
    serializeSigned(cookieName(req), value, secret, {
      httpOnly: true,
      sameSite: "Lax",
      path: "/",
      maxAge,
      secure: isSecure(req),
    });
  const valueOf = async (req: Request) => {
    const name = cookieName(req);
    return (await parseSigned(req.headers.get("Cookie") ?? "", secret, name))[name] || undefined;
  };

  return {
    byAccount,
    async visitor(req) {
      const value = await valueOf(req);
      if (value === undefined) return { admitted: false };
      if (byAccount) {
        // An account that was taken away on the command line is so at once.
        await file.fresh();
        const session = open.get(value);
        return { admitted: session !== undefined, labeler: session?.account, role: session?.role };
      }
      if (value === ADMITTED) return { admitted: true, role: "admin" };
      const labeler = await labelerOf(value);
      return labeler === undefined
        ? { admitted: false }
        : { admitted: true, labeler, role: "admin" };
    },
    admit: (req) => cookie(req, ADMITTED),
    async start(req, name) {
      if (byAccount) throw new HttpError(403, "Here people come by invitations.");
      const id = crypto.randomUUID();
      const labeler = await file.write((store) =>
        store.transaction(async () => {
          const labeler = await labelerName(store, name);
          await store.insert("labelers", [{ name: labeler, kind: "human" }], "DO NOTHING");
          await store.insert("sessions", [{ id, labeler }]);
          return labeler;
        })
      );
      known.set(id, labeler);
      return { labeler, cookie: await cookie(req, id) };
    },
    async accept(req, invitation) {
      const session = byAccount
        ? await file.write((store) => acceptInvitation(store, invitation))
        : undefined;
      if (!session) throw new HttpError(403, NOT_OPEN);
      open.set(session);
      return { labeler: session.account, cookie: await cookie(req, session.id) };
    },
    async end(req) {
      const value = await valueOf(req);
      if (value !== undefined && open.get(value)) {
        open.delete(value);
        await file.write((store) => endSession(store, value));
      }
      return await cookie(req, "", 0);
    },
  };
}

const isSecure = (req: Request) => new URL(req.url).protocol === "https:";

/**
 * Cookies ignore ports, so that two apps on one machine would sign each other's visitors out. Browsers take the
 * prefix from this host alone, and only over TLS.
 */
function cookieName(req: Request): string {
  const name = `codepref_${new URL(req.url).port || "web"}`;
  return isSecure(req) ? `__Host-${name}` : name;
}
