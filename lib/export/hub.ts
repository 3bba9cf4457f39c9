/**
 * An exported folder as a repository of the Hugging Face hub.
 *
 * @module
 */
import type { Exported, ExportOptions } from "@/lib/export/export-model.ts";
import { checkPush, type HubRepo, pushFolder } from "@/lib/hub/mod.ts";

/** Files of a model, which a new one takes the place of; pictures, licences and the like stay. */
const MODEL_FILES =
  /^(.*\.safetensors(\.index\.json)?|pytorch_model.*|(generation_|adapter_)?config\.json|tokenizer.*|special_tokens_map\.json|added_tokens\.json|vocab\.json|merges\.txt|chat_template\..*)$/;

const repoOf = ({ out }: ExportOptions): HubRepo => ({ type: "model", name: out });

/** Private where nothing is said. */
const isPrivate = (options: ExportOptions): boolean => options.private ?? true;

/** Refuses before anything is computed. @throws InputError as {@link checkPush} */
export const checkHub = (options: ExportOptions): Promise<void> =>
  checkPush(repoOf(options), { ...options, private: isPrivate(options) });

/**
 * Fills a folder and pushes it as `out`.
 *
 * @throws InputError, OperationError as {@link pushFolder}
 */
export async function toHub(
  fill: (folder: string) => Promise<void>,
  options: ExportOptions,
): Promise<Exported> {
  const folder = await Deno.makeTempDir({ prefix: "codepref-export-" });
  try {
    await fill(folder);
    const { url, commit, changed, private: isItsOwners } = await pushFolder(
      repoOf(options),
      folder,
      {
        private: isPrivate(options),
        title: "Export from codepref",
        replaces: (path) => MODEL_FILES.test(path),
        onProgress: options.onPush,
        log: options.log,
        signal: options.signal,
      },
    );
    if (isItsOwners && !isPrivate(options)) {
      options.log(`${url} was private already and stays so; change that in its settings`);
    }
    return { out: url, commit, unchanged: !changed };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
