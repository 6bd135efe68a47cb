/** The host page's token: asked for when it is needed, and again when the server does not take it any more. */

export class SignIn {
  #token: string | null = null;
  #asking: Promise<void> | null = null;
  #failing = false;

  constructor(
    private readonly host: () => string | Promise<string>,
    /** It has none; told once until it has one again. */
    private readonly failed: (error: unknown) => void,
  ) {}

  /** Empty for a guest, null as long as the host page has not said. */
  get token(): string | null {
    return this.#token;
  }

  /** Asks the host page, unless it is asked already. Rejects if it has no answer now: its own line may be down. */
  ask(): Promise<void> {
    const asking = this.#asking ?? this.#ask();
    this.#asking = asking;
    return asking;
  }

  /** The token is of no use, or the answer too long in coming. */
  renew(): void {
    this.#token = null;
    this.giveUp();
  }

  /** Nobody waits for the answer any more; if it comes it is welcome. */
  giveUp(): void {
    this.#asking = null;
  }

  /** Sets the token at once if the host page has it ready. */
  async #ask(): Promise<void> {
    try {
      const answer = this.host();
      this.#token = (typeof answer === "string" ? answer : await answer) || "";
      this.#failing = false;
    } catch (error) {
      if (!this.#failing) this.failed(error);
      this.#failing = true;
      throw error;
    } finally {
      this.giveUp();
    }
  }
}
