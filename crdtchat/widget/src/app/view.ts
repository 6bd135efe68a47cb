/** What the interface shows of a widget at a moment. */
import type { Selected } from "../dom/selection";
import type { Target } from "../model/schema";
import type { Filter } from "./filters";

/** The first look at a discussion, and where the pointer was. */
export interface Peek {
  aid: string;
  x: number;
  y: number;
}

export interface View {
  /** Counts changes of what is shown and not in this object. */
  revision: number;
  dark: boolean;
  selected: Selected | null;
  composing: { target: Target; range: Range | null; draft: string } | null;
  active: string | null;
  /** The discussion that waits for other words, and whether the panel was open before. */
  attaching: { aid: string; panel: boolean } | null;
  panel: boolean;
  filter: Filter;
  query: string;
  peek: Peek | null;
  /** For screen readers. */
  said: string;
  /** What became of something that was asked for, shown for a while. */
  notice: string;
}

export const FIRST_VIEW: View = {
  revision: 0,
  dark: false,
  selected: null,
  composing: null,
  active: null,
  attaching: null,
  panel: false,
  filter: "open",
  query: "",
  peek: null,
  said: "",
  notice: "",
};
