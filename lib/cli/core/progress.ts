/**
 * Progress for people, on stderr: a bar with the time left on a terminal, otherwise a plain line now and then.
 *
 * @module
 */
// @ts-types="./cli-progress.d.ts"
import { SingleBar } from "cli-progress";
import process from "node:process";
import type { OnProgress } from "@/lib/progress.ts";

const PLAIN_INTERVAL_MS = 5_000;

/** Shows one kind of work after another, and lines between them. */
export interface Progress {
  /** A callback that shows work under a label; it ends by itself when `done` reaches `total`. */
  start(label: string): OnProgress;
  /** Writes a line without breaking the bar. `stream` is where it goes. */
  line(text: string, stream: "stdout" | "stderr"): void;
  /** Ends a bar that is still open. */
  stop(): void;
}

/** Where progress is written; for tests. */
export interface Terminal {
  isTerminal: boolean;
  write(stream: "stdout" | "stderr", text: string): void;
  /** Milliseconds of a clock that only goes forward. */
  now(): number;
}

const standard: Terminal = {
  isTerminal: Deno.stderr.isTerminal(),
  write: (stream, text) => {
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length;) at += Deno[stream].writeSync(bytes.subarray(at));
  },
  now: () => performance.now(),
};

/** Progress on the real terminal, or on another one in a test. */
export function createProgress(terminal: Terminal = standard): Progress {
  return terminal.isTerminal ? barProgress(terminal) : plainProgress(terminal);
}

/** `0:07`, `12:30`, `1:02:03`. */
export function clock(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  const two = (n: number) => String(n).padStart(2, "0");
  const [hours, minutes] = [Math.floor(s / 3600), Math.floor(s / 60) % 60];
  return hours ? `${hours}:${two(minutes)}:${two(s % 60)}` : `${minutes}:${two(s % 60)}`;
}

function barProgress(terminal: Terminal): Progress {
  let bar: SingleBar | undefined;
  const stop = () => {
    bar?.stop();
    bar = undefined;
  };
  return {
    start(label) {
      stop();
      let mine: SingleBar | undefined;
      const timeLeft = estimate(terminal);
      return (done, size, note = "") => {
        const total = Number.isFinite(size) ? size : 0;
        const left = timeLeft(done, total).left;
        const payload = { left: left === undefined ? "" : `, left ${clock(left)}`, note };
        if (!mine || mine !== bar) {
          stop();
          mine = bar = new SingleBar({
            stream: process.stderr,
            format:
              `${label} {bar} {value}/{total} ({percentage} %) {duration_formatted}{left} {note}`,
            barsize: 24,
            barCompleteChar: "█",
            barIncompleteChar: "░",
            hideCursor: true,
            forceRedraw: true,
          });
          mine.start(total, done, payload);
        } else {
          mine.setTotal(total);
          mine.update(done, payload);
        }
        if (total > 0 && done >= total) stop();
      };
    },
    line(text, stream) {
      if (bar) terminal.write("stderr", "\r\x1b[K");
      terminal.write(stream, text + "\n");
    },
    stop,
  };
}

function plainProgress(terminal: Terminal): Progress {
  return {
    start(label) {
      const timeLeft = estimate(terminal);
      let last = -Infinity;
      return (done, size, note) => {
        const total = Number.isFinite(size) ? size : 0;
        const { elapsed, left } = timeLeft(done, total);
        const now = terminal.now();
        const finished = total > 0 && done >= total;
        if (!finished && now - last < PLAIN_INTERVAL_MS) return;
        last = now;
        const parts = [
          total > 0 ? `${done}/${total} (${Math.floor(100 * done / total)} %)` : `${done}`,
        ];
        if (finished) parts.push(`done in ${clock(elapsed)}`);
        else if (left !== undefined) parts.push(`left ${clock(left)}`);
        if (note) parts.push(note);
        terminal.write("stderr", `${label}: ${parts.join(", ")}\n`);
      };
    },
    line: (text, stream) => terminal.write(stream, text + "\n"),
    stop: () => {},
  };
}

/** Seconds since the first call, and those left at the mean speed since then; what was done before it is no merit. */
function estimate(terminal: Terminal) {
  let first: { at: number; done: number } | undefined;
  return (done: number, total: number): { elapsed: number; left?: number } => {
    first ??= { at: terminal.now(), done };
    const elapsed = (terminal.now() - first.at) / 1000;
    if (done <= first.done || done >= total) return { elapsed };
    return { elapsed, left: elapsed / (done - first.done) * (total - done) };
  };
}
