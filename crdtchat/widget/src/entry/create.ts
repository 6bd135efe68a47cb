/** `CrdtChat(element, options)`: what every entry point offers. */
import type { HostEvents } from "../app/host-events";
import { checked, OptionError, type Options } from "../app/options";
import { publishedNotebook } from "../app/published-notebook";
import type { Thread } from "../model/threads";
import { mount } from "../ui/mount";

export interface AnnotationView {
  id: string;
  author: string;
  created: number;
  quote: string;
  /** The words it was made on: others, if it was attached again or the page was edited since. */
  original: string;
  /** How the words were found: exact, moved, changed, unsure, orphaned, or pending while they are looked for. */
  anchor: string;
  resolved: boolean;
  comments: { id: string; author: string; created: number; edited: number; text: string; deleted: boolean }[];
}

export interface CrdtChatInstance {
  destroy(): void;
  on<K extends keyof HostEvents>(event: K, listener: (event: HostEvents[K]) => void): () => void;
  readonly annotations: AnnotationView[];
}

export type Create = (element: Element, options: Options) => CrdtChatInstance;

export function creator(defaultServer: () => string): Create {
  return (element, options) => {
    if (!(element instanceof Element))
      throw new OptionError("crdtchat: the first argument is not an element");
    const { serverUrl, ...rest } = checked(options);
    const server = (serverUrl ?? defaultServer()).replace(/\/+$/, "");
    const { widget, destroy } = mount(element, { ...rest, serverUrl: server }, publishedNotebook(element));
    return {
      destroy,
      on: (event, listener) => widget.on(event, listener),
      get annotations() {
        return widget.threads.all().map((thread) => view(thread, widget.place(thread.aid)?.place.state));
      },
    };
  };
}

function view(thread: Thread, state: string | undefined): AnnotationView {
  return {
    id: thread.aid,
    author: thread.author,
    created: thread.created,
    quote: thread.target.exact,
    original: thread.madeOn.exact,
    anchor: state ?? "pending",
    resolved: thread.state.resolved,
    comments: thread.comments.map(({ cid, author, created, edited, text, deletedBy }) => ({
      id: cid,
      author,
      created,
      edited,
      text,
      deleted: deletedBy !== "",
    })),
  };
}
