/**
 * An intent is what somebody wants a record to be, told apart from the CRDT items that say it.
 *
 * Items belong to one client id at one clock and die with it: after a reject, under another lease or in a new
 * epoch they are worthless. An intent can be written again at any time, so it is what the outbox keeps.
 */
import {
  annotationOfKey,
  type Plain,
  ROOTS,
  type Root,
  readAnchor,
  readComment,
  readModeration,
  readState,
  type Value,
} from "./schema";

export interface Intent {
  root: Root;
  key: string;
  /** null removes the key. */
  value: Value | null;
}

export interface Operation {
  /** UUID text. */
  broadcastId: string;
  user: string;
  at: number;
  intents: Intent[];
  /** It bears another time than when it was made: what is there cannot be compared by time. */
  redated?: boolean;
}

/** Whether that came back from a disk as it went there, as far as can be seen. */
export function isOperation(value: unknown): value is Operation {
  const { broadcastId, user, at, intents } = (value ?? {}) as Partial<Operation>;
  return (
    /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/.test(`${broadcastId}`) &&
    typeof user === "string" &&
    typeof at === "number" &&
    Array.isArray(intents) &&
    intents.every(isIntent)
  );
}

function isIntent(value: unknown): value is Intent {
  const { root, key, value: wanted } = (value ?? {}) as Partial<Intent>;
  const plain = (part: unknown) => typeof part === "string" || typeof part === "number";
  return (
    ROOTS.includes(root as Root) &&
    typeof key === "string" &&
    (wanted === null || typeof wanted === "string" || (Array.isArray(wanted) && wanted.every(plain)))
  );
}

export interface Records {
  get(root: Root, key: string): unknown;
}

export function same(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, i) => item === (b as Plain[])[i]);
  return a === b;
}

/**
 * Does the document already hold this intent, or something that overtook it? Such an intent is not written
 * again: a lost ack must not bring an old wording back. What was dated anew came after what is there.
 */
export function holds(records: Records, intent: Intent, redated = false): boolean {
  const present = records.get(intent.root, intent.key);
  if (intent.value === null) return present === undefined;
  if (present === undefined) return false;
  if (same(present, intent.value)) return true;
  switch (intent.root) {
    case "a":
    case "d":
    case "u":
      return true;
    case "c": {
      const edited = readComment(intent.value)?.edited ?? 0;
      return !(redated && edited > 0) && (readComment(present)?.edited ?? 0) >= edited;
    }
    case "s":
      return !redated && (readState(present)?.at ?? 0) > (readState(intent.value)?.at ?? 0);
    case "t": {
      const [there, ours] = [readAnchor(present), readAnchor(intent.value)];
      // Words that a person chose stand above those that a program followed, whichever came later.
      if (!there || !ours || (there.followed && !ours.followed)) return false;
      return !redated && there.at > ours.at;
    }
    case "m":
      return !redated && readModeration(present).at > readModeration(intent.value).at;
    case "r":
      return false;
  }
}

/** Why an operation can no longer be written, in the words of the server's reject codes; or undefined. */
export function obstacle(records: Records, operation: Operation): string | undefined {
  const own = new Set(operation.intents.filter((i) => i.root === "a").map((i) => i.key));
  for (const { root, key } of operation.intents) {
    if (root === "u") continue;
    const aid = annotationOfKey(key);
    if (root === "d" && !key.includes("/")) continue;
    if (records.get("d", aid) !== undefined) return "deleted";
    if (root !== "a" && !own.has(aid) && records.get("a", aid) === undefined) return "unknown-annotation";
    if (root === "c" || root === "r") {
      const comment = key.split("/").slice(0, 2).join("/");
      if (records.get("d", comment) !== undefined) return "deleted";
    }
  }
  return undefined;
}

/**
 * Does a refusal say that the operation's aim is reached already? A deletion of what was deleted; or an id that is
 * taken, because an earlier sending of the same operation was accepted (ids are random).
 */
export function attained(operation: Operation, code: string): boolean {
  return code === "exists" || (code === "deleted" && operation.intents.every(({ root }) => root === "d"));
}
