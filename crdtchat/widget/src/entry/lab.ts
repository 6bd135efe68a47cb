/** The library: what another host, such as the lab extension, builds on. */
export { Actions } from "../model/actions";
export type { Operation } from "../model/intents";
export type { Target } from "../model/schema";
export type { Comment, Thread, Threads } from "../model/threads";
export { Session, type SessionOptions } from "../sync/session";
export { type AnnotationView, type CrdtChatInstance, creator } from "./create";
