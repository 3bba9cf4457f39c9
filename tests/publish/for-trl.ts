/** The dataset that TRL trains on in `tests/oracles`. */
import { type Published, publishFolder } from "@/lib/publish/publish-folder.ts";
import { labeledDatabase } from "@/tests/datasets/database.ts";

/** Publishes forty labels of a new database; the same bytes each time. */
export async function publishForTrl(db: string, out: string): Promise<Published> {
  await labeledDatabase(db, 40);
  return await publishFolder(db, out, { testFraction: 0.25 });
}
