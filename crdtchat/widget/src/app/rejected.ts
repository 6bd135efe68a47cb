/** The words of an operation that the server gave back. */
import type { Operation } from "../model/intents";
import { readAnnotation, readComment } from "../model/schema";
import type { Draft } from "./drafts";
import { decodeMentions } from "./mentions";

export function draftOf(operation: Operation, code: string): Draft | undefined {
  const written = operation.intents.find((intent) => intent.root === "c" && intent.value !== null);
  const comment = readComment(written?.value);
  if (!written || !comment) return undefined;
  const [aid = ""] = written.key.split("/");
  const made = operation.intents.find((intent) => intent.root === "a");
  const target = readAnnotation(made?.value)?.target;
  const { text, people } = decodeMentions(comment.text);
  return {
    id: `rejected:${operation.broadcastId}`,
    text,
    people,
    at: operation.at,
    user: operation.user,
    code,
    ...(target ? { target } : { aid }),
  };
}
