import { focused } from "../dom/focused";
import { PHONE_WIDTH } from "../dom/placement";

/** Whoever writes in the page, and pressed marked words to go on there, goes on there: what opens beside takes no keys. */
export const isWritingInPage = (): boolean =>
  innerWidth >= PHONE_WIDTH && focused()?.isContentEditable === true;

/** To what stays when the control that had the focus goes: there Escape and the arrows are heard. */
export function toScroll(within: Element | null): void {
  within?.closest<HTMLElement>(".scroll")?.focus({ preventScroll: true });
}
