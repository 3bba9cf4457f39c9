/**
 * What every request to the web app carries.
 *
 * @module
 */
import { createDefine } from "fresh";
import type { OnProgress } from "@/lib/progress.ts";
import type { Lease } from "@/lib/web/lease.ts";
import type { Runs } from "@/lib/web/runs.ts";
import type { Sessions } from "@/lib/web/sessions.ts";

/** Makes a pair of solutions to one question. */
export type PairMaker = (
  request: { slug: string; instruction: string },
  options: { onText: (delta: string) => void; onProgress: OnProgress; signal: AbortSignal },
) => Promise<{ pair: string; model: string }>;

/** What the app works with; made once, when the server starts. */
export interface Services {
  /** Work on the database. */
  lease: Lease;
  /** The secret of the database: side orders and signatures of sessions. */
  secret: string;
  /** The start token of the printed link. */
  token: string;
  /** Names under which the app may be addressed, without ports. */
  hosts: ReadonlySet<string>;
  sessions: Sessions;
  makePair: PairMaker;
  runs: Runs;
}

/** The state of one request. */
export interface State {
  services: Services;
  /** Whether the request came with the start token, now or earlier. */
  admitted: boolean;
  /** The labeler, once there is a session. */
  labeler?: string;
  /** The page's title, where it is not the app's name alone. */
  title?: string;
  /** The style sheet inside an answer that is a document of its own, as text. */
  ownStyle?: string;
}

export const define = createDefine<State>();
