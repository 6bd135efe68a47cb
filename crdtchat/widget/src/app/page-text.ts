/** The texts that the page showed since it was opened, by the names of their versions. */
import { versionOf } from "../sync/versions";

const MOST = 4;

export class PageText {
  readonly #versions = new Map<string, string>();

  constructor(private readonly now: () => string) {}

  /** Takes note of the text that is on the screen, and names it. */
  async name(): Promise<void> {
    const text = this.now();
    if (this.#versions.has(text)) return;
    this.#versions.set(text, await versionOf(text));
    for (const old of [...this.#versions.keys()].slice(0, -MOST)) this.#versions.delete(old);
  }

  /** The name of the text that is on the screen, or empty if it was not named. */
  get version(): string {
    return this.#versions.get(this.now()) ?? "";
  }

  of(version: string): string | undefined {
    for (const [text, name] of this.#versions) if (name === version) return text;
    return undefined;
  }
}
