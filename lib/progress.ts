/**
 * How long work tells what it has done. `lib` reports through this callback and the command line, a notebook
 * or the web page shows it.
 */
export type OnProgress = (done: number, total: number, note?: string) => void;
