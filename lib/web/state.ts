/**
 * What every request to the web app carries.
 *
 * @module
 */
import { createDefine } from "fresh";
import type { TwoSolutionsHooks } from "@/lib/generation/two-solutions.ts";
import type { Labeling } from "@/lib/labels/labeling.ts";
import type { Lease } from "@/lib/store/leases.ts";
import type { FileStatus } from "@/lib/store/shared-file.ts";
import type { testRunner } from "@/lib/web/run-tests.ts";
import type { Datasets } from "@/lib/web/datasets.ts";
import type { Role } from "@/lib/web/accounts.ts";
import type { Runs } from "@/lib/web/runs.ts";
import type { Sessions } from "@/lib/web/sessions.ts";

/**
 * Has two solutions to one question written.
 * @returns their generations: the first one first, or the kept one
 */
export type PairMaker = (
  request: { slug: string; instruction: string; kept?: string },
  options: Required<TwoSolutionsHooks> & { onNote: (note: string) => void },
) => Promise<[string, string]>;

/** Who may have pairs made. */
export const GENERATORS = ["everybody", "admins", "nobody"] as const;

/** What the app works with; made once, when the server starts. */
export interface Services {
  /** Work on the database. */
  lease: Lease;
  labeling: Labeling;
  /** Whether the file of the database can be had. */
  status: () => FileStatus;
  /** The start token of the printed link. */
  token: string;
  /** Names under which the app may be addressed, without ports. */
  hosts: ReadonlySet<string>;
  sessions: Sessions;
  makePair: PairMaker;
  /** Who may have pairs made. */
  generate: typeof GENERATORS[number];
  /** How many practice pairs a newcomer gets. */
  practice: number;
  runTests: ReturnType<typeof testRunner>;
  runs: Runs;
  datasets: Datasets;
}

/** The state of one request. */
export interface State {
  services: Services;
  /** Whether the request came with the start token, now or earlier. */
  admitted: boolean;
  /** The labeler, once there is a session. */
  labeler?: string;
  /** What the visitor may do, once known. */
  role?: Role;
  /** The page's title, where it is not the app's name alone. */
  title?: string;
  /** The style sheet inside an answer that is a document of its own, as text. */
  ownStyle?: string;
}

export const define = createDefine<State>();
