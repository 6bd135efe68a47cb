/**
 * While the page has a modal dialog, or an element of it takes the whole screen, all that is not in that is inert and
 * lies below it. A layer that is for words in it, or for what it is drawn around, is in it meanwhile, and above it.
 * Dialogs of libraries do the same by attributes of all that is beside them.
 * Above all, where nothing frames it, it is also while the body is what would frame it.
 */
import { above } from "../dom/flat-tree";
import { isSkipped } from "../dom/section";
import { frames, undoZoom } from "./framing";

const MODAL = "dialog:modal";
/** What dialogs take for a click beside them, and close. */
const PRESSES = ["pointerdown", "pointerup", "mousedown", "mouseup", "touchstart", "touchend", "click"];
/** What libraries hold up beside their dialogs, so that the page does not scroll. */
const SCROLLS = ["wheel", "touchmove"];
const HIDING = ["inert", "aria-hidden"];
const HIDDEN = "[inert], [aria-hidden=true]";

/** Answers what ends it. */
export function followTopLayer(layer: HTMLElement, root: Element): () => void {
  const around = new Set<Node>();
  for (let at: Node | null = root; at; at = above(at)) around.add(at);
  const page = [document.documentElement, document.body];
  const trees = new Set([...around].map((node) => node.getRootNode() as Document | ShadowRoot));
  /** In the order in which they were opened. */
  let opened: Element[] = [];
  const observer = new MutationObserver(look);
  const watch = (isAway: boolean) => {
    // What is taken out of the page, or made anew, takes along what is in it.
    const options = { subtree: true, attributeFilter: ["open"], childList: isAway };
    for (const tree of trees) observer.observe(tree, options);
  };

  function look(): void {
    const modal = new Set([...trees].flatMap((tree) => [...tree.querySelectorAll(MODAL)]));
    opened = [...opened.filter((dialog) => modal.delete(dialog)), ...modal];
    const dialog = opened.findLast((dialog) => around.has(dialog) || root.contains(dialog));
    const full = filling();
    const frame = full && (!dialog || dialog.contains(full)) ? full : dialog;
    const home = frame ?? document.body;
    const isRaised = frame !== undefined || page.some(frames);
    if (layer.parentNode !== home || isRaised !== layer.hasAttribute("popover")) {
      layer.removeAttribute("popover");
      if (layer.parentNode !== home) home.append(layer);
      watch(frame !== undefined);
      // Else it would frame and cut what is placed in the window, if it is moved or faded in.
      if (isRaised) {
        layer.setAttribute("popover", "manual");
        layer.showPopover?.();
      }
    }
    undoZoom(layer);
  }

  /** What takes the whole screen, if it shows words that are discussed; a film among them shows none. */
  function filling(): Element | undefined {
    return [...trees]
      .flatMap(({ fullscreenElement: full }) => full ?? [])
      .find((full) => {
        // A tree shows the host of the one that it is in.
        if (full.contains(document.body) || full.shadowRoot?.fullscreenElement) return false;
        return around.has(full) || (root.contains(full) && !isSkipped(full as HTMLElement));
      });
  }

  let isFreed = false;
  const isHidden = (node: Node) => node instanceof Element && node.matches(HIDDEN);
  /** What is said of words that the page lets its reader use is as usable. */
  const free = () => {
    if (!isHidden(layer) || [...around].some(isHidden)) return;
    for (const name of HIDING) layer.removeAttribute(name);
    isFreed = true;
  };
  const hiding = new MutationObserver(free);
  for (const node of [layer, ...around]) hiding.observe(node, { attributeFilter: HIDING });
  /** Whether what happens in the layer is none of the page's business. */
  const isApart = () => {
    isFreed &&= document.querySelector(`body > :is(${HIDDEN})`) !== null;
    return isFreed || layer.parentNode !== document.body;
  };

  const closed = new AbortController();
  // Dialogs that keep the focus in them hear of it at the document; what is written in hears of it before.
  document.documentElement.addEventListener(
    "focusout",
    (event) => {
      if (event.relatedTarget === layer && isApart()) event.stopPropagation();
    },
    { signal: closed.signal },
  );
  document.addEventListener("fullscreenchange", look, { signal: closed.signal });
  for (const type of [...PRESSES, ...SCROLLS])
    layer.addEventListener(
      type,
      (event) => {
        if (isApart()) event.stopPropagation();
      },
      { signal: closed.signal, passive: true },
    );
  watch(false);
  const drawing = new MutationObserver(look);
  for (const element of page) drawing.observe(element, { attributes: true });
  look();
  return () => {
    closed.abort();
    observer.disconnect();
    drawing.disconnect();
    hiding.disconnect();
  };
}
