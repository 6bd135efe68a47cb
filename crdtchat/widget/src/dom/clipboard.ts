import { focused } from "./focused";

/** Copies a text; also on pages that are not served securely, or in frames that may not use the clipboard. */
export async function copy(text: string): Promise<void> {
  try {
    if (navigator.clipboard) return await navigator.clipboard.writeText(text);
  } catch {
    // The page may be in a frame that is not allowed to; the old way is.
  }
  const box = document.createElement("textarea");
  box.value = text;
  box.style.cssText = "position: fixed; opacity: 0";
  const before = focused();
  document.body.append(box);
  box.select();
  const done = document.execCommand("copy");
  box.remove();
  before?.focus({ preventScroll: true });
  if (!done) throw new Error("the browser does not let us copy");
}
