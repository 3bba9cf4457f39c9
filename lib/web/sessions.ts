/**
 * Who is labeling: sessions in the database, named by a signed cookie.
 *
 * @module
 */
import { parseSigned, serializeSigned } from "hono/utils/cookie";
import { InputError } from "@/lib/errors.ts";
import { TESTS_LABELER } from "@/lib/labels/automatic.ts";
import { REFERENCE_LABELER } from "@/lib/labels/synthetic.ts";
import type { Lease } from "@/lib/web/lease.ts";

/** Value of the cookie of someone who came with the start token but has given no name yet. */
const ADMITTED = "admitted";
const YEAR_SECONDS = 365 * 24 * 3600;

/** Names that a program labels under, whether it has done so already or not. */
const AUTOMATIC = new Set([TESTS_LABELER, REFERENCE_LABELER]);
const NAME = /^[\p{L}\p{N}][\p{L}\p{N} ._@-]{0,63}$/u;

/** What a cookie says. */
export interface Visitor {
  admitted: boolean;
  labeler?: string;
}

/** Sessions of one database. */
export interface Sessions {
  /** Reads the request's cookie; a forged or unknown one counts as none. */
  visitor(req: Request): Promise<Visitor>;
  /** The `Set-Cookie` value of someone who came with the start token. */
  admit(req: Request): Promise<string>;
  /**
   * Starts a session for a labeler, known or new.
   * @returns the `Set-Cookie` value
   * @throws InputError for a name that cannot be used
   */
  start(req: Request, name: string): Promise<{ labeler: string; cookie: string }>;
}

/** Sessions kept in the tables `labelers` and `sessions`, signed with the database's secret. */
export function sessionsOf(lease: Lease, secret: string): Sessions {
  const known = new Map<string, string>();

  const labelerOf = async (id: string): Promise<string | undefined> => {
    if (!known.has(id)) {
      const row = await lease((store) =>
        store.row<{ labeler: string }>("SELECT labeler FROM sessions WHERE id = $1", [id])
      );
      if (row) known.set(id, row.labeler);
    }
    return known.get(id);
  };
  const cookie = (req: Request, value: string) =>
    serializeSigned(cookieName(req), value, secret, {
      httpOnly: true,
      sameSite: "Lax",
      path: "/",
      maxAge: YEAR_SECONDS,
      secure: new URL(req.url).protocol === "https:",
    });

  return {
    async visitor(req) {
      const header = req.headers.get("Cookie") ?? "";
      const name = cookieName(req);
      const value = (await parseSigned(header, secret, name))[name];
      if (!value) return { admitted: false };
      if (value === ADMITTED) return { admitted: true };
      const labeler = await labelerOf(value);
      return { admitted: labeler !== undefined, labeler };
    },
    admit: (req) => cookie(req, ADMITTED),
    async start(req, name) {
      const labeler = name.normalize("NFC").trim();
      if (!NAME.test(labeler)) {
        throw new InputError(
          "A labeler's name is 1 to 64 letters, digits, spaces or . _ @ - and begins with a letter or digit.",
        );
      }
      const id = crypto.randomUUID();
      await lease((store) =>
        store.transaction(async () => {
          const taken = await store.row<{ kind: string }>(
            `SELECT kind FROM labelers WHERE name = $1
             UNION ALL SELECT labeler_kind FROM labels WHERE labeler = $1 LIMIT 1`,
            [labeler],
          );
          if (AUTOMATIC.has(labeler.toLowerCase()) || (taken && taken.kind !== "human")) {
            throw new InputError(`${labeler} labels automatically; choose another name.`);
          }
          await store.insert("labelers", [{ name: labeler, kind: "human" }], "DO NOTHING");
          await store.insert("sessions", [{ id, labeler }]);
        })
      );
      known.set(id, labeler);
      return { labeler, cookie: await cookie(req, id) };
    },
  };
}

/** Cookies ignore ports, so that two apps on one machine would sign each other's visitors out. */
function cookieName(req: Request): string {
  return `codepref_${new URL(req.url).port || "web"}`;
}
