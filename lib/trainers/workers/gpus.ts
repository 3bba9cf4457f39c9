/**
 * The GPUs that workers are divided among. Not tested on a GPU.
 *
 * @module
 */

import { InputError } from "@/lib/errors.ts";
import type { TrainSettings } from "@/lib/trainers/settings.ts";

/** Names of the GPUs, as CUDA_VISIBLE_DEVICES takes them; none where there is no NVIDIA driver. */
export function visibleGpus(): string[] {
  const named = Deno.env.get("CUDA_VISIBLE_DEVICES");
  if (named !== undefined) return named.split(",").map((name) => name.trim()).filter(Boolean);
  try {
    const { stdout, success } = new Deno.Command("nvidia-smi", {
      args: ["--query-gpu=index", "--format=csv,noheader"],
      stderr: "null",
    }).outputSync();
    return success ? new TextDecoder().decode(stdout).split("\n").filter(Boolean) : [];
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** `devices` as a number: as many as there are GPUs here, else one, where nobody said. */
export function withDevices(settings: TrainSettings): TrainSettings {
  const gpus = visibleGpus().length, devices = settings.devices ?? Math.max(1, gpus);
  if (gpus > 0 && devices > gpus) {
    throw new InputError(`devices=${devices} is more than the ${gpus} GPUs that there are.`);
  }
  return { ...settings, devices };
}

/**
 * What a worker is told of its machine: which of the GPUs it has, and to ask no hub. It may have no network, and the
 * model that was downloaded before is the same for all.
 */
export const workerEnvironment = (
  gpus: readonly string[],
  rank: number,
  { devices }: TrainSettings,
): Record<string, string> => ({
  HF_HUB_OFFLINE: "1",
  ...(gpus.length > 0 ? { CUDA_VISIBLE_DEVICES: gpus[rank % devices!] } : {}),
});
