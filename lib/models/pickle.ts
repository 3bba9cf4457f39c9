/**
 * Model files that are pickles, which run whatever code their maker put in: never loaded here.
 *
 * @module
 */
import { dirname, join, parse } from "node:path";
import { InputError } from "@/lib/errors.ts";

/** Reads the numbers of a state dict alone (`weights_only` is torch.load's default) into the model they belong to. */
const FROM_STATE =
  "import sys, torch, transformers as t; n, f, o = sys.argv[1:]; m = t.AutoModelForCausalLM.from_pretrained(n); " +
  "s = torch.load(f, map_location='cpu', weights_only=True); m.load_state_dict(s.get('state', s)); " +
  "m.save_pretrained(o); t.AutoTokenizer.from_pretrained(n).save_pretrained(o)";
const FROM_FOLDER =
  "import sys, transformers as t; f = sys.argv[1]; t.AutoModelForCausalLM.from_pretrained(f).save_pretrained(f)";

/** Whether a file of this name is one. */
export const isPickle = (path: string): boolean => /\.(bin|pt|pth|pkl|pickle|ckpt)$/.test(path);

/**
 * The refusal of a pickled state dict, such as `policy.pt` of the reference implementation, with the command that
 * makes the folder beside it that can be named instead.
 */
export function pickleRefusal(path: string): InputError {
  const folder = join(dirname(path), parse(path).name);
  return new InputError(
    `${path} is a pickle, which runs code of its maker when loaded; convert it once where PyTorch and transformers ` +
      `are, with the model that it was trained from for MODEL, and name ${folder}: ` +
      `python3 -c "${FROM_STATE}" MODEL ${quoted(path)} ${quoted(folder)}`,
  );
}

/** The refusal of a Hugging Face folder whose weights are pickled, with the command that adds safetensors to it. */
export const pickledFolderRefusal = (folder: string, file: string): InputError =>
  new InputError(
    `${folder} holds ${file}, a pickle, which runs code of its maker when loaded; convert it once where PyTorch and ` +
      `transformers are: python3 -c "${FROM_FOLDER}" ${quoted(folder)}`,
  );

/** A word of a shell's command line. */
const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
