/**
 * Entry of a worker process, started by the supervisor alone.
 *
 * @module
 */
import { Channel } from "@/lib/trainers/workers/channel.ts";
import { work } from "@/lib/trainers/workers/work.ts";

const channel = new Channel();
const fail = (error: unknown): never => {
  if (error instanceof DOMException && error.name === "AbortError") {
    channel.send({ type: "interrupted" });
    Deno.exit(0);
  }
  const { name, message, stack = message } = error instanceof Error
    ? error
    : new Error(String(error));
  channel.send({ type: "failed", name, message, stack });
  Deno.exit(1);
};
globalThis.addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  fail(event.reason);
});
try {
  const { job } = await channel.next("job");
  const state = await work(job, channel);
  channel.send({ type: "finished", state });
} catch (error) {
  fail(error);
}
// TensorFlow's servers go on listening otherwise.
Deno.exit(0);
