/**
 * Repositories of the Hugging Face hub: what is in them on this machine, and folders as what is in them. Knows nothing
 * of models and data.
 *
 * @module
 */
export { answerOf } from "@/lib/hub/answer.ts";
export { hubEnvironment } from "@/lib/hub/environment.ts";
export { checkPush, type Pushed, pushFolder, type PushOptions } from "@/lib/hub/push.ts";
export {
  DEFAULT_REVISION,
  type HubFile,
  type HubRepo,
  isCommit,
  isRepoName,
  isRevision,
} from "@/lib/hub/repository.ts";
export {
  downloadSnapshot,
  isCached,
  type Snapshot,
  type SnapshotOptions,
} from "@/lib/hub/snapshot.ts";
