/** The document of a page (PROTOCOL section 3): root maps, keys and positional values. */

/** Of what is described here: `crdtchat/document/schema.py` says when it grows. */
export const SCHEMA_VERSION = 1;

export const ROOTS = ["a", "c", "s", "r", "d", "u", "t", "m"] as const;
export type Root = (typeof ROOTS)[number];

export type Plain = string | number;
export type Value = string | Plain[];

export interface Target {
  exact: string;
  prefix: string;
  suffix: string;
  startCp: number;
  endCp: number;
  kind: string;
  part: string;
  version: string;
}

export interface AnnotationRecord {
  author: string;
  created: number;
  target: Target;
}

/** What an annotation is about now, in place of what it was made on. */
export interface AnchorRecord {
  by: string;
  at: number;
  target: Target;
  /** `by`'s program followed an edit of the page on its own; nobody chose words. */
  followed: boolean;
}

export interface CommentRecord {
  author: string;
  created: number;
  text: string;
  edited: number;
  parent: string;
}

export interface StateRecord {
  resolved: boolean;
  by: string;
  at: number;
}

export interface TombstoneRecord {
  by: string;
  at: number;
}

const text = (value: Plain | undefined): string => (typeof value === "string" ? value : "");
const number = (value: Plain | undefined): number => (typeof value === "number" ? value : 0);

/** Optional positions at the end are left out, which keeps records short on the wire. */
function trimmed(value: Plain[], required: number): Plain[] {
  let length = value.length;
  while (length > required && (value[length - 1] === "" || value[length - 1] === 0)) length--;
  return value.slice(0, length);
}

/** Whether a user id is that of somebody whose words were imported: nobody signs in with one. */
export function isImported(user: string): boolean {
  return user.startsWith("import:");
}

/** Whether a user id is that of somebody who signed in with a name alone. */
export function isGuest(user: string): boolean {
  return user.startsWith("~");
}

export function annotationValue(author: string, created: number, target: Target): Value {
  return trimmed([author, created, ...targetParts(target)], 7);
}

export function readAnnotation(value: unknown): AnnotationRecord | undefined {
  if (!Array.isArray(value)) return undefined;
  const [author, created, ...target] = value as Plain[];
  return { author: text(author), created: number(created), target: readTarget(target) };
}

export function anchorValue({ by, at, target, followed }: AnchorRecord): Value {
  return trimmed([by, at, ...targetParts(target), followed ? 1 : 0], 7);
}

export function readAnchor(value: unknown): AnchorRecord | undefined {
  if (!Array.isArray(value)) return undefined;
  const [by, at, ...target] = value as Plain[];
  return { by: text(by), at: number(at), target: readTarget(target), followed: target[8] === 1 };
}

function targetParts({ exact, prefix, suffix, startCp, endCp, kind, part, version }: Target): Plain[] {
  return [exact, prefix, suffix, startCp, endCp, kind === "text" ? "" : kind, part, version];
}

function readTarget(v: Plain[]): Target {
  return {
    exact: text(v[0]),
    prefix: text(v[1]),
    suffix: text(v[2]),
    startCp: number(v[3]),
    endCp: number(v[4]),
    kind: text(v[5]) || "text",
    part: text(v[6]),
    version: text(v[7]),
  };
}

export function commentValue(record: CommentRecord): Value {
  return trimmed([record.author, record.created, record.text, record.edited, record.parent], 3);
}

export function readComment(value: unknown): CommentRecord | undefined {
  if (!Array.isArray(value)) return undefined;
  const v = value as Plain[];
  return {
    author: text(v[0]),
    created: number(v[1]),
    text: text(v[2]),
    edited: number(v[3]),
    parent: text(v[4]),
  };
}

export const stateValue = (resolved: boolean, by: string, at: number): Value => [resolved ? 1 : 0, by, at];

export function readState(value: unknown): StateRecord | undefined {
  if (!Array.isArray(value)) return undefined;
  const v = value as Plain[];
  return { resolved: v[0] === 1, by: text(v[1]), at: number(v[2]) };
}

export const tombstoneValue = (by: string, at: number): Value => [by, at];

export function readTombstone(value: unknown): TombstoneRecord | undefined {
  if (!Array.isArray(value)) return undefined;
  const v = value as Plain[];
  return { by: text(v[0]), at: number(v[1]) };
}

export function readName(value: unknown): string {
  return Array.isArray(value) ? text((value as Plain[])[0]) : "";
}

/** What a moderator decided about an annotation or a comment; flags add up. */
export const HIDDEN = 1;
export const LOCKED = 2;

export const moderationValue = (flags: number, by: string, at: number): Value => [flags, by, at];

export function readModeration(value: unknown): { flags: number; at: number } {
  const v = Array.isArray(value) ? (value as Plain[]) : [];
  return { flags: number(v[0]), at: number(v[2]) };
}

export const readReactions = (value: unknown): string[] =>
  typeof value === "string" ? [...new Set(value.split(" ").filter(Boolean))] : [];

export const commentKey = (aid: string, cid: string): string => `${aid}/${cid}`;
export const reactionKey = (aid: string, cid: string, user: string): string => `${aid}/${cid}/${user}`;
export const annotationOfKey = (key: string): string => key.split("/", 1)[0] as string;
