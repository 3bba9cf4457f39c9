/**
 * A notebook beside the app: writes to the database now and then until it is ended.
 *
 * Arguments: the database and the seconds between two writes. Prints how long each write took, the waiting included.
 *
 * @module
 */
import { withStore } from "@/lib/store/store.ts";

const [path, seconds] = Deno.args;
for (let i = 0;; i++) {
  await new Promise((resolve) => setTimeout(resolve, 1000 * Number(seconds)));
  const asked = performance.now();
  await withStore(path, (store) =>
    store.transaction(() =>
      store.insert("metrics", [
        { run: "bench", examples: i, name: "loss/train", value: Math.random() },
      ])
    ));
  console.log(JSON.stringify({ milliseconds: performance.now() - asked }));
}
