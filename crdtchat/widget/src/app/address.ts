/** The address of the page as it changes: another page of a single-page application, a link to an annotation. */
import { linkedAnnotation } from "./page-id";
import type { Stage } from "./stage";
import { type Known, known } from "./together";

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
    const mine = stage.knows(aid);
    if (mine === "unknown" || mine === "pending") return;
    // Another widget of the page may be the one that it points at.
    const all = known(aid);
    const better: Known[] = mine === "gone" ? ["here", "pending", "lost"] : ["here", "pending"];
    const isElsewhere = mine !== "here" && all.some((one) => better.includes(one));
    if (mine === "gone" && !isElsewhere) {
      if (all.includes("unknown") || this.#missed === aid) return;
      this.#missed = aid;
      stage.tell(stage.speech.text("linkGone"));
      return;
    }
    this.linked = undefined;
    if (!isElsewhere) stage.open(aid, true);
  }

  close(): void {
    this.#closed.abort();
  }
}
