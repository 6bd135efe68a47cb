/**
 * Code and formulas in comments, drawn as JupyterLab draws them in notebooks. A comment is other people's text: of
 * Lab's renderers it meets only those that make no element or attribute it could choose. The rest of its Markdown
 * is drawn by the widget, as on any other page.
 */
import { type IEditorLanguageRegistry, jupyterHighlightStyle } from "@jupyterlab/codemirror";
import type { ILatexTypesetter } from "@jupyterlab/rendermime";
import type { Drawing } from "../../../crdtchat/widget/src/entry/lab";
import { isPlain } from "./formulas";

const FORMULA = "crdtchat-formula";
const WIDE = "crdtchat-wide";
const MATHML = "http://www.w3.org/1998/Math/MathML";
/**
 * What MathJax gives its elements for such formulas. None of it leads anywhere, runs anything or names anything; what
 * it could not read has a title, and stays as it was typed.
 */
const ATTRIBUTES = new RegExp(
  `^(?:${[
    "class style jax display size width align justify limits side texclass space type atop delims script-align",
    "bevelled variant noic extra unselectable aria-hidden xmlns accent accentunder columnalign columnlines",
    "columnspacing columnspan columnwidth depth displaystyle fence form height largeop linebreak linethickness",
    "lspace rspace mathvariant maxsize minsize movablelimits notation numalign denomalign rowalign rowlines",
    "rowspacing scriptlevel separator stretchy symmetric voffset data-mjx-(?!error$)[a-z-]+",
  ]
    .join(" ")
    .replaceAll(" ", "|")})$`,
  "i",
);

export class LabDrawing implements Drawing {
  constructor(
    private readonly languages: IEditorLanguageRegistry | null,
    private readonly typesetter: ILatexTypesetter | null,
  ) {
    // Lab itself brings this style with the first editor, and there may be none.
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(jupyterHighlightStyle.module?.getRules() ?? "");
    document.adoptedStyleSheets.push(sheet);
  }

  code(element: HTMLElement, text: string, language: string): void {
    const found = this.languages?.findBest(language);
    if (!this.languages || !found) return;
    const made = document.createElement("span");
    this.languages
      .highlight(text, found, made)
      .then(() => element.replaceChildren(...made.childNodes))
      .catch(reportError);
  }

  math(element: HTMLElement, tex: string, display: boolean): void {
    if (this.typesetter && isPlain(tex)) this.#typeset(this.typesetter, element, tex, display).catch(reportError);
  }

  async #typeset(typesetter: ILatexTypesetter, element: HTMLElement, tex: string, display: boolean) {
    const typed = element.textContent;
    element.textContent = display ? `\\[${tex}\\]` : `\\(${tex}\\)`;
    let isDrawn = false;
    try {
      await typesetter.typeset(element);
      isDrawn = isHarmless(element);
    } finally {
      if (!isDrawn) element.textContent = typed;
    }
    if (!isDrawn) return;
    element.classList.add(FORMULA);
    const width = element.querySelector("mjx-container")?.getBoundingClientRect().width ?? 0;
    if (display || width > element.clientWidth + 1) element.classList.add(WIDE);
  }
}

/** Whether a formula became nothing but MathJax's own elements; one that it cannot tell apart stays as text. */
function isHarmless(element: HTMLElement): boolean {
  const [formula, ...more] = [...element.childNodes].filter((made) => made.textContent !== "");
  if (formula?.nodeName !== "MJX-CONTAINER" || more.length > 0) return false;
  return [...element.querySelectorAll("*")].every((made) => {
    if (made.namespaceURI !== MATHML && !made.localName.startsWith("mjx-")) return false;
    return made.getAttributeNames().every((name) => ATTRIBUTES.test(name));
  });
}
