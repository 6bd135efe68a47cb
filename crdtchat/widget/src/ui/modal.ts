/**
 * While the page has a modal dialog, all that is not in it is inert and lies below it. A layer that is for words in the
 * dialog, or for what the dialog is drawn around, is in it meanwhile, and above it.
 */
import { above } from "../dom/flat-tree";

const MODAL = "dialog:modal";
/** What dialogs take for a click beside them, and close. */
const PRESSES = ["pointerdown", "pointerup", "mousedown", "mouseup", "touchstart", "touchend", "click"];

/** Answers what ends it. */
export function followModals(layer: HTMLElement, root: Element): () => void {
  const around = new Set<Node>();
  for (let at: Node | null = root; at; at = above(at)) around.add(at);
  const trees = new Set([...around].map((node) => node.getRootNode() as Document | ShadowRoot));
  /** In the order in which they were opened. */
  let opened: Element[] = [];
  const observer = new MutationObserver(look);
  const watch = (inDialog: boolean) => {
    // A dialog that is taken out of the page, or made anew, takes along what is in it.
    const options = { subtree: true, attributeFilter: ["open"], childList: inDialog };
    for (const tree of trees) observer.observe(tree, options);
  };

  function look(): void {
    const modal = new Set([...trees].flatMap((tree) => [...tree.querySelectorAll(MODAL)]));
    opened = [...opened.filter((dialog) => modal.delete(dialog)), ...modal];
    const dialog = opened.findLast((dialog) => around.has(dialog) || root.contains(dialog));
    const home = dialog ?? document.body;
    if (layer.parentNode === home) return;
    layer.removeAttribute("popover");
    home.append(layer);
    watch(dialog !== undefined);
    if (!dialog) return;
    // Else the dialog would frame and cut what is placed in the window, if it is moved or faded in.
    layer.setAttribute("popover", "manual");
    layer.showPopover?.();
  }

  const closed = new AbortController();
  for (const type of PRESSES)
    layer.addEventListener(
      type,
      (event) => {
        if (layer.parentNode !== document.body) event.stopPropagation();
      },
      { signal: closed.signal },
    );
  watch(false);
  look();
  return () => {
    closed.abort();
    observer.disconnect();
  };
}
