/** Event files hold what metrics say, once, also after an interruption. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { EventFiles } from "@/lib/trainers/event-files.ts";

/** Fields of a message of protocol buffers: number → values. */
function fields(bytes: Uint8Array): Map<number, (bigint | Uint8Array)[]> {
  const found = new Map<number, (bigint | Uint8Array)[]>();
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; true; shift += 7n) {
      const byte = bytes[at++];
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  const take = (n: number) => bytes.subarray(at, at += n);
  while (at < bytes.length) {
    const key = Number(varint()), number = key >> 3;
    const value = [
      varint,
      () => take(8),
      () => take(Number(varint())),
      null,
      null,
      () => take(4),
    ][key & 7]!();
    found.set(number, [...found.get(number) ?? [], value]);
  }
  return found;
}

/** All scalars of a folder's event files, in their order: [step, tag, value]. */
function scalars(folder: string): [number, string, number][] {
  const found: [number, string, number][] = [];
  for (const { name } of Deno.readDirSync(folder)) {
    const bytes = Deno.readFileSync(join(folder, name)), view = new DataView(bytes.buffer);
    // A record: its length, a checksum, itself, a checksum.
    for (let at = 0; at < bytes.length;) {
      const length = Number(view.getBigUint64(at, true));
      const event = fields(bytes.subarray(at + 12, at + 12 + length));
      at += length + 16;
      for (const summary of event.get(5) ?? []) {
        for (const value of fields(summary as Uint8Array).get(1) ?? []) {
          const parts = fields(value as Uint8Array);
          const number = parts.get(2)![0] as Uint8Array;
          found.push([
            Number(event.get(2)?.[0] ?? 0n),
            new TextDecoder().decode(parts.get(1)![0] as Uint8Array),
            new DataView(number.buffer, number.byteOffset, 4).getFloat32(0, true),
          ]);
        }
      }
    }
  }
  return found;
}

Deno.test("every number of a line is a scalar over examples; a resumed run writes what was kept and goes on", () => {
  const folder = Deno.makeTempDirSync(), events = join(folder, "tensorboard");
  try {
    const line = (examples: number, loss: number) => ({
      examples,
      updates: examples / 4,
      time: "2026-01-01T00:00:00Z",
      "loss/train": loss,
      grad_norm: 1.5,
    });
    const first = new EventFiles(events, []);
    [line(4, 0.5), line(8, 0.25), line(12, 0.125)].forEach((l) => first.write(l));
    first.close();
    const of = (examples: number, loss: number) => [
      [examples, "loss/train", loss],
      [examples, "grad_norm", 1.5],
    ];
    assert.deepEqual(scalars(events), [...of(4, 0.5), ...of(8, 0.25), ...of(12, 0.125)]);

    const second = new EventFiles(events, [line(4, 0.5), line(8, 0.25)]);
    second.write(line(12, 0.0625));
    second.close();
    assert.deepEqual(scalars(events), [...of(4, 0.5), ...of(8, 0.25), ...of(12, 0.0625)]);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
