/**
 * A stream of text, cut at the ends of lines.
 *
 * @module
 */

/** Chunks of text in, whole lines out, without their line ends; an unfinished last line comes at the end. */
export class TextLineStream extends TransformStream<string, string> {
  constructor() {
    let rest = "";
    super({
      transform(chunk, controller) {
        const lines = (rest + chunk).split(/\r?\n/);
        rest = lines.pop()!;
        for (const line of lines) controller.enqueue(line);
      },
      flush(controller) {
        if (rest) controller.enqueue(rest);
      },
    });
  }
}
