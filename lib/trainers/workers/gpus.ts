/**
 * The GPUs that workers are divided among. Not tested on a GPU.
 *
 * @module
 */

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
