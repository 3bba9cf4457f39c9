/**
 * A worker's side of what it and its supervisor tell each other.
 *
 * @module
 */
import type { Command, Report } from "@/lib/trainers/workers/messages.ts";

type Awaited = Extract<Command, { type: "job" | "folder" }>;

/** Opened once, at the start: from then on the process ends when its supervisor does. */
export class Channel {
  /** Aborted when the supervisor asks to stop. */
  readonly signal: AbortSignal;
  private readonly arrived: Awaited[] = [];
  private waiting: (() => void) | null = null;

  constructor() {
    const controller = new AbortController();
    this.signal = controller.signal;
    const lifeline = new Worker(new URL("./lifeline.ts", import.meta.url), { type: "module" });
    lifeline.onmessage = ({ data }) => {
      const command: Command = JSON.parse(data);
      if (command.type === "ping") this.send({ type: "pong" });
      else if (command.type === "stop") {
        controller.abort(new DOMException("Interrupted.", "AbortError"));
      } else {
        this.arrived.push(command);
        this.waiting?.();
      }
    };
  }

  /** Tells the supervisor; it is with the system before the call returns. */
  send(report: Report): void {
    const bytes = new TextEncoder().encode(JSON.stringify(report) + "\n");
    for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
  }

  /** The next command of this type. */
  async next<T extends Awaited["type"]>(type: T): Promise<Extract<Awaited, { type: T }>> {
    while (this.arrived.length === 0) {
      await new Promise<void>((resolve) => this.waiting = resolve);
    }
    const command = this.arrived.shift()!;
    if (command.type !== type) throw new Error(`${command.type} came where ${type} was due`);
    return command as Extract<Awaited, { type: T }>;
  }
}
