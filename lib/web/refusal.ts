/** An answer of the server that is not what was asked for, with its sentence for people. */
export class Refusal extends Error {
  override name = "Refusal";
  constructor(readonly status: number, message: string) {
    super(message);
  }

  /**
   * Whether the same request would be answered in the same way. It would not after signing in again (401), with a
   * server that is busy (408, 425, 429), or after a fault of the server (500 and more).
   */
  get final(): boolean {
    return this.status < 500 && ![401, 408, 425, 429].includes(this.status);
  }
}
