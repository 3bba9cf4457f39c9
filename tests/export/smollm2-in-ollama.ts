/** SmolLM2 in a real Ollama. */
import assert from "node:assert/strict";
import { exportModel } from "@/lib/export/export-model.ts";

/** Exports SmolLM2 as F16 under a name, with nothing to be said of it. */
export async function exportSmollm2(
  host: string,
  name: string,
  promptFormat: "plain" | "chat" = "plain",
): Promise<void> {
  await exportModel({
    model: "smollm2",
    format: "ollama",
    out: name,
    type: "f16",
    lora: "merged",
    promptFormat,
    host,
    private: true,
    log: (line) => assert.fail(line),
  });
}
