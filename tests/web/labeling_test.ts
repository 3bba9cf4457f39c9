import assert from "node:assert/strict";
import { compareLines, htmlLines } from "@/lib/web/labeling/code-lines.ts";
import {
  actionOf,
  DEFAULT_KEYS,
  keyNames,
  readKeyMap,
  withKey,
} from "@/lib/web/labeling/key-map.ts";
import { Outbox } from "@/lib/web/labeling/outbox.ts";
import { memoryShelf } from "@/lib/web/labeling/shelf.ts";
import type { Sent } from "@/lib/web/client.ts";
import { Refusal } from "@/lib/web/refusal.ts";

Deno.test("a key goes by what it writes, and by its place where that is no Latin letter or digit", () => {
  const of = (key: string, code: string) => actionOf(DEFAULT_KEYS, { key, code });
  assert.equal(of("q", "KeyA"), "correctness.a", "French: the key at A writes q");
  assert.equal(of("&", "Digit1"), "preference.a", "French: digits with Shift only");
  assert.equal(of("ф", "KeyA"), "performance.a", "Russian");
  assert.equal(of("?", "Minus"), "help", "German");
  assert.equal(of("1", "Numpad1"), "preference.a");
  assert.equal(of("N", "KeyN"), "next");
  assert.equal(of("Enter", "Enter"), undefined);
  assert.deepEqual(keyNames({ key: " ", code: "Space" }), []);
});

Deno.test("a changed key changes places with the one it takes", () => {
  const map = withKey(DEFAULT_KEYS, "next", { key: "u", code: "KeyU" })!;
  assert.deepEqual([map.next, map.undo], ["u", "n"]);
  assert.equal(withKey(DEFAULT_KEYS, "next", { key: "F5", code: "F5" }), null);
  assert.equal(withKey(DEFAULT_KEYS, "next", { key: "л", code: "KeyK" })!.next, "k");
  assert.deepEqual(readKeyMap(map), map);
  assert.deepEqual(readKeyMap({ next: "u" }), DEFAULT_KEYS, "one key for two actions");
  assert.deepEqual(readKeyMap("nonsense"), DEFAULT_KEYS);
});

Deno.test("lines of highlighted code are whole HTML each", () => {
  const html = 'x = <span class="s">"""a\n<span class="t">b</span>\nc"""</span>\ny';
  assert.deepEqual(htmlLines(html), [
    'x = <span class="s">"""a</span>',
    '<span class="s"><span class="t">b</span></span>',
    '<span class="s">c"""</span>',
    "y",
  ]);
});

Deno.test("compared codes are level, and lines that differ are marked", () => {
  const { a, b } = compareLines(["one", "two ", "three"], ["zero", "one", "two", "3", "four"])!;
  const told = (lines: typeof a) =>
    lines.map(({ line, changed }) => line === null ? "-" : `${line}${changed ? "!" : ""}`).join(
      " ",
    );
  assert.equal(told(a), "- 0 1 2! -");
  assert.equal(told(b), "0! 1 2 3! 4!");
});

/** An outbox whose server answers as told, and whose pauses end when the test says so. */
function outboxOn(answer: (label: Sent) => void) {
  const pauses: { work: () => void; milliseconds: number }[] = [];
  const sent: string[] = [], stored: string[] = [];
  const shelf = memoryShelf();
  const outbox = new Outbox(shelf, {
    send(label) {
      sent.push(label.client_id);
      return Promise.resolve().then(() => answer(label));
    },
    onStored: ({ client_id }) => stored.push(client_id),
    later: (work, milliseconds) => {
      pauses.push({ work, milliseconds });
      return () => {};
    },
  });
  const settled = () => new Promise((resolve) => setTimeout(resolve));
  return { outbox, shelf, sent, stored, pauses, settled };
}
const label = (client_id: string): Sent => ({ client_id, pair: "p", showing: 1, action: "label" });

Deno.test("the outbox sends in order, waits longer after each failure, and keeps what is refused", async () => {
  let fault: Error | null = new Error("No network");
  const { outbox, sent, stored, pauses, settled } = outboxOn((label) => {
    if (fault) throw fault;
    if (label.client_id === "two") throw new Refusal(400, "No such pair");
  });
  await outbox.add(label("one"), "One");
  await settled();
  await outbox.add(label("two"), "Two");
  await outbox.add(label("three"), "Three");
  await settled();
  assert.deepEqual(new Set(sent), new Set(["one"]), "nothing overtakes the first");
  assert.equal(outbox.state.value.trouble, "No network");
  assert.equal(outbox.state.value.waiting.length, 3);
  fault = new Refusal(503, "Busy");
  for (let i = 0; i < 10; i++) {
    pauses.at(-1)!.work();
    await settled();
  }
  const times = pauses.map(({ milliseconds }) => milliseconds);
  assert.deepEqual(times, times.toSorted((a, b) => a - b));
  assert.equal(times.at(-1), 30_000);
  fault = null;
  await outbox.flush();
  await settled();
  assert.deepEqual(stored, ["one", "three"]);
  const { waiting, refused, trouble } = outbox.state.value;
  assert.deepEqual([waiting.length, trouble], [0, null]);
  assert.deepEqual(refused.map(({ title, refused }) => [title, refused]), [[
    "Two",
    "No such pair",
  ]]);
  await outbox.discard("two");
  assert.equal(outbox.state.value.refused.length, 0);
});

Deno.test("a new outbox on the same shelf goes on where the last one ended", async () => {
  const { outbox, shelf, settled } = outboxOn(() => {
    throw new Error("No network");
  });
  await outbox.add(label("one"), "One");
  await settled();
  outbox.close();
  const sent: string[] = [];
  const next = new Outbox(shelf, {
    send: ({ client_id }) => {
      sent.push(client_id);
      return Promise.resolve();
    },
  });
  await next.flush();
  assert.deepEqual(sent, ["one"]);
  assert.deepEqual(await shelf.read(), []);
});
