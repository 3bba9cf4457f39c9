/** Layers on several devices of one process make the update that they make on one. */
import assert from "node:assert/strict";
import { fromFileUrl } from "@/lib/tensorflow/paths.ts";

Deno.test("layers on two devices: losses, norm, every tensor's gradient and update; weights stay where their layer is", async () => {
  const script = fromFileUrl(new URL("./processes/devices.ts", import.meta.url));
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "--quiet", script],
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  const { losses, norms, gradients, changes, devices } = JSON.parse(
    new TextDecoder().decode(stdout),
  );
  losses[0].forEach((loss: number, i: number) => assert.ok(Math.abs(loss - losses[1][i]) < 1e-4));
  assert.ok(Math.abs(norms[0] / norms[1] - 1) < 1e-4);
  assert.ok(gradients.relative < 1e-4, JSON.stringify(gradients));
  assert.ok(changes.relative < 1e-2, JSON.stringify(changes));
  for (const [name, device] of Object.entries(devices)) {
    assert.equal(device, name.startsWith("model.layers.1.") ? "CPU:1" : "CPU:0", name);
  }
});
