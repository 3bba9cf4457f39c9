/**
 * Which layers see a window alone, as config.json tells it.
 *
 * @module
 */
import { InputError } from "@/lib/errors.ts";
import type { DecoderConfig, Differences } from "@/lib/models/config.ts";
import type { HfConfig } from "@/lib/models/families/family.ts";

const FULL = "full_attention", SLIDING = "sliding_attention";

/**
 * `sliding_window` with `layer_types`, or with Qwen's `use_sliding_window` and `max_window_layers`.
 * @throws InputError for other types of layers, or as many as the model does not have
 */
export function readWindows(hf: HfConfig): Pick<Differences, "slidingWindow" | "slidingLayers"> {
  if (!hf.flag("use_sliding_window", false)) return {};
  const slidingWindow = hf.optional("sliding_window", 4096);
  const first = hf.number("max_window_layers", 28), layers = hf.number("num_hidden_layers");
  return windowed(
    slidingWindow,
    layerTypes(hf) ?? Array.from({ length: layers }, (_, i) => i >= first),
  );
}

/** Which layers slide, by `layer_types`; undefined where it is missing. */
export function layerTypes(hf: HfConfig): boolean[] | undefined {
  const types = hf.json.layer_types;
  if (types === undefined || types === null) return undefined;
  if (!Array.isArray(types) || types.length !== hf.number("num_hidden_layers")) {
    throw new InputError(
      `${hf.where}: layer_types has to be a list with one entry for each of the ${
        hf.number("num_hidden_layers")
      } layers.`,
    );
  }
  types.forEach((type) => hf.supported("layer_types", type, [FULL, SLIDING]));
  return types.map((type) => type === SLIDING);
}

/** A window in some layers; nothing where none slides, no list where all do. */
export function windowed(
  slidingWindow: number | undefined,
  layers: readonly boolean[],
): Pick<Differences, "slidingWindow" | "slidingLayers"> {
  if (slidingWindow === undefined || !layers.includes(true)) return {};
  return layers.includes(false) ? { slidingWindow, slidingLayers: layers } : { slidingWindow };
}

/** `layer_types` as transformers writes it. */
export const writeLayerTypes = ({ num_hidden_layers, differences: d }: DecoderConfig): string[] =>
  Array.from(
    { length: num_hidden_layers },
    (_, i) => d?.slidingWindow !== undefined && (d.slidingLayers?.[i] ?? true) ? SLIDING : FULL,
  );

/** What {@link readWindows} reads. */
export function writeWindows(config: DecoderConfig): Record<string, unknown> {
  const window = config.differences?.slidingWindow;
  return {
    use_sliding_window: window !== undefined,
    sliding_window: window ?? null,
    layer_types: writeLayerTypes(config),
  };
}
