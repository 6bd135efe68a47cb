/** `<script src=".../crdtchat.js">`, classic or module: sets `CrdtChat` and its drop-in other name. */
import { creator } from "./create";

function scriptOrigin(): string {
  const current = document.currentScript as HTMLScriptElement | null;
  const found = current ?? document.querySelector<HTMLScriptElement>('script[src*="crdtchat"]');
  return found?.src ? new URL(".", found.src).href : location.origin;
}

// A module has no current script by the time anybody calls; a classic script has it only now.
const origin = scriptOrigin();
const create = creator(() => origin);

declare global {
  var CrdtChat: typeof create;
  var FastCommentsCollabChat: typeof create;
}

globalThis.CrdtChat = create;
globalThis.FastCommentsCollabChat = create;
