/** Placing operations on devices: two logical CPUs in a process of its own. */
import assert from "node:assert/strict";
import { checkOptions } from "@/lib/tensorflow/context.ts";
import { runProcess } from "./processes/run.ts";

Deno.test("operations, traced or not, run where they are placed", async () => {
  const { devices, where, values, messages } = await runProcess("devices.ts", []);
  const prefix = "/job:localhost/replica:0/task:0/device:";
  assert.deepEqual(devices, [`${prefix}CPU:0`, `${prefix}CPU:1`]);
  assert.deepEqual(where, {
    "plain": "CPU:0",
    "placed": "CPU:1",
    "nested": "CPU:0",
    "mixed": "CPU:0",
    "copied": "CPU:1",
    "traced 0": "CPU:0",
    "traced 1": "CPU:1",
    "traced 2": "CPU:1",
    "traced 3": "CPU:1",
    "gradient": "CPU:1",
    "traced gradient": "CPU:1",
  });
  assert.deepEqual(values, {
    "plain": [1, 4, 9],
    "placed": [1, 4, 9],
    "nested": [1, 16, 81],
    "mixed": [2, 6, 12],
    "copied": [1, 2, 3],
    "traced 0": [1, 4, 9],
    "traced 1": [4, 25, 100],
    "traced 2": [1, 4, 9],
    "traced 3": [1, 4, 9],
    "gradient": [8, 16, 24],
    "traced gradient": [8, 16, 24],
  });
  assert.match(messages[0], /no device CPU:7; there are .*CPU:0, .*CPU:1/);
  assert.match(messages[1], /has started; configure it before/);
});

Deno.test("settings out of range are refused by name", () => {
  checkOptions({ intraOpThreads: 0, interOpThreads: 4, cpuDevices: 2 });
  for (const [key, value] of [["cpuDevices", 0], ["intraOpThreads", 1.5], ["interOpThreads", -1]]) {
    assert.throws(
      () => checkOptions({ [key]: value }),
      new RegExp(`${key} is a whole number .*${value}`),
    );
  }
});
