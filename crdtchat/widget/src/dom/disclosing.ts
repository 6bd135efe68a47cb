/** Opens what hides a place in the page and is there to be opened, as browsers do that find words in a page. */
import { above } from "./flat-tree";

/** `hidden="until-found"`: out of sight, and of the text all the same. */
export function isUntilFound(element: Element): boolean {
  return element.getAttribute("hidden")?.toLowerCase() === "until-found";
}

/** From the outside in. */
export function disclose(node: Node): void {
  const opening: (() => void)[] = [];
  for (let at: Node | null = node, inside: Node | null = null; at; inside = at, at = above(at)) {
    if (at instanceof HTMLDetailsElement && !at.open && !isSummary(at, inside)) {
      const details = at;
      opening.unshift(() => details.setAttribute("open", ""));
    }
    if (at instanceof Element && isUntilFound(at)) {
      const element = at;
      opening.unshift(() => {
        element.dispatchEvent(new Event("beforematch", { bubbles: true }));
        // The host page may have shown it in its own way.
        if (isUntilFound(element)) element.removeAttribute("hidden");
      });
    }
  }
  for (const open of opening) open();
}

/** Whether it is what of a closed one is seen. */
function isSummary(details: HTMLDetailsElement, child: Node | null): boolean {
  return child !== null && child === details.querySelector(":scope > summary");
}
