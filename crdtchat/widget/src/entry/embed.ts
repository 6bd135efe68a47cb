/** `<script src=".../crdtchat.js">`, classic or module: sets `CrdtChat` and its drop-in other name. */
import { creator } from "./create";

function scriptOrigin(): string {
  const current = document.currentScript as HTMLScriptElement | null;
  const tag = document.querySelector<HTMLScriptElement>('script[src*="crdtchat"]');
  const found = current?.src ?? importedFrom() ?? tag?.src;
  return found ? new URL(".", found).href : location.origin;
}

/** Where a module came from, which may have been imported without a tag. A stack trace says so: `import.meta` would be a
 * mistake of syntax in a classic script. */
function importedFrom(): string | undefined {
  return /https?:[^\s)]*crdtchat[^\s)]*(?=:\d+:\d+)/.exec(new Error().stack ?? "")?.[0];
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
