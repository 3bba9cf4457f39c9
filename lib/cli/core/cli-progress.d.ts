/** The part of cli-progress that we call; its published types bring Node's along, which differ from Deno's. */
export class SingleBar {
  constructor(options: {
    stream: unknown;
    format: string;
    barsize: number;
    barCompleteChar: string;
    barIncompleteChar: string;
    hideCursor: boolean;
    forceRedraw: boolean;
  });
  start(total: number, startValue: number, payload: Record<string, unknown>): void;
  update(current: number, payload: Record<string, unknown>): void;
  setTotal(total: number): void;
  stop(): void;
}
