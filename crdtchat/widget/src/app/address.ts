/** The address of the page as it changes: another page of a single-page application, a link to an annotation. */
import { linkedAnnotation } from "./page-id";
import type { Stage } from "./stage";

export class Address {
  /** The annotation that the address points at and that was not shown yet. */
  linked: string | undefined = linkedAnnotation(location.hash);
  #missed: string | undefined;
  readonly #closed = new AbortController();

  constructor(onLink: () => void, onPage: (() => void) | null) {
    const { signal } = this.#closed;
    const link = () => {
      this.linked = linkedAnnotation(location.hash);
      onLink();
    };
    addEventListener("hashchange", link, { signal });
    if (!onPage) return;
    let hash = location.hash;
    const follow = () => {
      // Navigation within a single-page application tells of no change of the fragment.
      if (location.hash !== hash) this.linked = linkedAnnotation(location.hash);
      hash = location.hash;
      onPage();
    };
    const { navigation } = globalThis as { navigation?: unknown };
    // Or a variable of the page, which may have that name.
    if (navigation instanceof EventTarget)
      navigation.addEventListener("currententrychange", follow, { signal });
    addEventListener("popstate", follow, { signal });
  }

  /** Opens the discussion that is pointed at as soon as it is here and its words were looked for, or says that it
   * is not: another node's may still be on its way. */
  follow(stage: Stage): void {
    const aid = this.linked;
    if (!aid) return;
    if (!stage.threads.get(aid)) {
      if (stage.session.status.link !== "live" || this.#missed === aid) return;
      this.#missed = aid;
      stage.tell(stage.speech.text("linkGone"));
    } else if (stage.place(aid)) {
      this.linked = undefined;
      stage.open(aid, true);
    }
  }

  close(): void {
    this.#closed.abort();
  }
}
