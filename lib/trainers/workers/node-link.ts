/**
 * A connection between the supervisor and a node: lines of JSON both ways, and a sign of life now and then, so that a
 * machine that has lost its power or its network is noticed.
 *
 * @module
 */
import { TextLineStream } from "@/lib/setup/lines.ts";

const BEAT_MS = 5000;
/** Without a sign of life for so long the other side counts as lost. */
const LOST_MS = 30_000;

export class NodeLink<In extends { type: string }, Out extends { type: string }> {
  /** When the connection is closed, from either side, and all that came has been taken. */
  readonly closed: Promise<void>;
  private readonly beat: ReturnType<typeof setInterval>;
  private silence: ReturnType<typeof setTimeout> | undefined;
  private sent: Promise<void> = Promise.resolve();
  private isOpen = true;

  /** @param take is given one message after the other */
  constructor(
    private readonly connection: Deno.TcpConn,
    take: (message: In, link: NodeLink<In, Out>) => Promise<void> | void,
  ) {
    this.beat = setInterval(() => this.write({ type: "beat" }), BEAT_MS);
    this.heard();
    this.closed = this.follow(take).finally(() => this.close());
  }

  send(message: Out): void {
    this.write(message);
  }

  /** Whether the other side can still be reached, as far as is known. */
  get open(): boolean {
    return this.isOpen;
  }

  /** Sends no more, and waits until the other side has read all and closed. */
  async finish(): Promise<void> {
    clearInterval(this.beat);
    await this.sent;
    // Closing both directions at once could drop what the other side has not read yet.
    if (this.isOpen) await this.connection.closeWrite().catch(() => this.close());
    await this.closed;
  }

  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    clearInterval(this.beat);
    clearTimeout(this.silence);
    try {
      this.connection.close();
    } catch (error) {
      // Reading to the end has closed it.
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }

  private write(message: { type: string }): void {
    const bytes = new TextEncoder().encode(JSON.stringify(message) + "\n");
    this.sent = this.sent.then(async () => {
      for (let at = 0; at < bytes.length && this.isOpen;) {
        at += await this.connection.write(bytes.subarray(at));
      }
    }).catch(() => this.close());
  }

  private async follow(take: (message: In, link: this) => Promise<void> | void): Promise<void> {
    const lines = this.connection.readable
      .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
      .pipeThrough(new TextLineStream());
    try {
      for await (const line of lines) {
        this.heard();
        const message = JSON.parse(line);
        if (message.type !== "beat") await take(message, this);
      }
    } catch (error) {
      // A connection that broke, or was closed here, ends like one that was closed there.
      if (this.isOpen && !isOfConnection(error)) throw error;
    }
  }

  private heard(): void {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => this.close(), LOST_MS);
  }
}

const isOfConnection = (error: unknown): boolean =>
  error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe ||
  error instanceof Deno.errors.ConnectionAborted || error instanceof Deno.errors.TimedOut ||
  error instanceof Deno.errors.UnexpectedEof || error instanceof Deno.errors.BadResource ||
  error instanceof Deno.errors.Interrupted || error instanceof SyntaxError;
