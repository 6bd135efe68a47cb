/**
 * A notebook that nbconvert published as HTML, by its templates `lab` and `classic`: its cells are known by the
 * ids that they have in JupyterLab, so that the same discussions are found in the same parts.
 */
import { cellOf, mayBeIn, outputOf, partName } from "../model/notebook-part";
import type { Target } from "../model/schema";
import type { Host } from "./host";

const ID = "cell-id=";
const CELL = `[id^="${ID}"]`;
const SOURCE = ".jp-InputArea-editor,.input_area";
const OUTPUT = ".jp-OutputArea-child,.output_area";
/** What JupyterLab's text of a notebook does not have either. */
const DECORATION = ".jp-InputPrompt,.jp-OutputPrompt,.jp-Collapser,.prompt,.anchor-link";

/** Undefined for any other page. */
export function publishedNotebook(root: Element): Host | undefined {
  if (!root.querySelector(CELL)) return undefined;
  return {
    reading: { instead: (element) => (element.matches(DECORATION) ? null : undefined) },
    describe: (target, { startContainer }) => ({ ...target, ...partOf(startContainer) }),
    element: (target) => element(root, target),
    suits: (target, { startContainer }) => mayBeIn(target, around(startContainer, OUTPUT) !== null),
  };
}

const around = (node: Node, selector: string): Element | null =>
  (node instanceof Element ? node : node.parentElement)?.closest(selector) ?? null;

function partOf(node: Node): { kind: string; part: string } {
  const cell = around(node, CELL);
  if (!cell) return { kind: "text", part: "" };
  const id = cell.id.slice(ID.length);
  const output = around(node, OUTPUT);
  if (output)
    return { kind: "output", part: partName(id, [...cell.querySelectorAll(OUTPUT)].indexOf(output)) };
  return { kind: around(node, SOURCE) ? "source" : "rendered", part: partName(id) };
}

function element(root: Element, { kind, part }: Target): Element | undefined {
  const cell = root.querySelector(`[id="${CSS.escape(ID + cellOf(part))}"]`);
  const output = outputOf(part);
  if (!cell) return undefined;
  if (output === undefined) return (kind === "source" && cell.querySelector(SOURCE)) || cell;
  // A discussion of an output as a whole ends with it; its words may stand in another one.
  return cell.querySelectorAll(OUTPUT)[output] ?? (kind === "cell" ? undefined : cell);
}
