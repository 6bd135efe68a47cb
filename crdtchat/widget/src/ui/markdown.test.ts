import { isValidElement } from "preact";
import { describe, expect, it } from "vitest";
import { plain, render } from "./markdown";

/** What was made, written as HTML that is escaped as a browser would show it. */
function shown(made: unknown): string {
  if (Array.isArray(made)) return made.map(shown).join("");
  if (!isValidElement(made))
    return typeof made === "string" ? made.replace(/&/g, "&amp;").replace(/</g, "&lt;") : "";
  const { children, ...attributes } = made.props as Record<string, unknown>;
  const named = Object.entries(attributes).filter(([, value]) => value !== undefined);
  const written = named.map(([name, value]) => ` ${name}="${value}"`).join("");
  return `<${made.type}${written}>${shown(children)}</${made.type}>`;
}

const html = (text: string, me = "") => shown(render(text, me));
const LINK = 'target="_blank" rel="noopener noreferrer nofollow ugc"';

describe("Markdown", () => {
  for (const [written, made] of [
    [
      "*a* **b** ~~c~~ `d & <e>`",
      "<p><em>a</em> <strong>b</strong> <del>c</del> <code>d &amp; &lt;e></code></p>",
    ],
    ["one\ntwo\n\nthree", "<p>one<br></br>two</p><p>three</p>"],
    ["# Title", '<p class="heading">Title</p>'],
    ["> said\n> > before", "<blockquote><p>said</p><blockquote><p>before</p></blockquote></blockquote>"],
    ["- a\n- b\n  - c", "<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul>"],
    ["3. a\n4. b", '<ol start="3"><li>a</li><li>b</li></ol>'],
    ["- [x] done\n- [ ] not yet", "<ul><li>☑ done</li><li>☐ not yet</li></ul>"],
    ["```js\na < b\n```", "<pre><code>a &lt; b</code></pre>"],
    ["---", "<hr></hr>"],
    [
      "|a|b|\n|:-:|-|\n|1|*2*|",
      '<table><thead><tr><th align="center">a</th><th>b</th></tr></thead>' +
        '<tbody><tr><td align="center">1</td><td><em>2</em></td></tr></tbody></table>',
    ],
    ["[a](https://b.c 'd')", `<p><a href="https://b.c" title="d" ${LINK}>a</a></p>`],
    ["https://b.c/?d&e", `<p><a href="https://b.c/?d&e" ${LINK}>https://b.c/?d&amp;e</a></p>`],
    ["![a](https://b.c/d.png)", `<p><a href="https://b.c/d.png" ${LINK}>a</a></p>`],
    ["AT&amp;T &#169; &lt;b&gt; \\*", "<p>AT&amp;T © &lt;b> *</p>"],
    ["H<sub>2</sub>O<br>x", "<p>H<sub>2</sub>O<br></br>x</p>"],
  ] as const)
    it(written, () => expect(html(written)).toBe(made));

  it("shows people as people, oneself above all", () => {
    expect(html("[@Ann](mention:ann)", "ann")).toBe('<p><span class="mention me">@Ann</span></p>');
    expect(html("[@Ann](mention:ann)", "bob")).toBe('<p><span class="mention">@Ann</span></p>');
  });

  it("keeps HTML as the text that was typed", () => {
    expect(html("a <div onclick='x()'>b</div>")).toBe("<p>a &lt;div onclick='x()'>b&lt;/div></p>");
    expect(html("<script>alert(1)</script>")).toBe("<p>&lt;script>alert(1)&lt;/script></p>");
    expect(html("<b onmouseover=x()>a</b> </i>")).toBe("<p>&lt;b onmouseover=x()>a&lt;/b> &lt;/i></p>");
    expect(html("<b>never <i>closed")).toBe("<p><b>never <i>closed</i></b></p>");
  });

  it("leads nowhere but to pages and letter boxes", () => {
    for (const href of [
      "javascript:x()",
      "JaVaScRiPt:x()",
      "&#106;avascript:x()",
      "data:text/html,x",
      "/relative",
      "vbscript:x",
    ])
      expect(html(`[a](${href}) ![b](${href})`)).toBe("<p><span>a</span> <span>b</span></p>");
  });

  it("reads what is nested beyond all measure", () => {
    for (const text of [
      ">".repeat(200),
      ">".repeat(9_999),
      "> - ".repeat(2_400),
      "<b>".repeat(3_000),
      "*a ".repeat(3_000),
    ])
      expect(html(text).length).toBeGreaterThan(0);
    expect(plain(">".repeat(9_999))).toBe(">".repeat(9_999));
    expect(html(`${">".repeat(200)} deep`).split("<blockquote>").length).toBeLessThan(30);
  });

  it("reads what would keep a browser busy for a minute", () => {
    for (const [first, then = ""] of [
      ["[~a=\\", "_~"],
      ["-'___1) _"],
      ["***1) @"],
      ["***", "**@)>"],
      ["*a_", "b_*"],
    ] as const) {
      const times = Math.floor(10_000 / (first.length + then.length));
      const text = first.repeat(times) + then.repeat(times);
      expect(html(text).length).toBeGreaterThan(text.length / 2);
    }
  });

  it("reads emphasis behind signs that are none", () => {
    const text = "*none ".repeat(60);
    expect(html(`${text}**b** ~~c~~ [d][e]\n\n[e]: https://f.g`)).toBe(
      `<p>${text}<strong>b</strong> <del>c</del> <a href="https://f.g" ${LINK}>d</a></p>`,
    );
    expect(html(`${"*".repeat(20)}a${"*".repeat(20)}`).split("<strong>").length).toBe(11);
  });

  it("takes formulas for what they are, and dollars for dollars", () => {
    for (const [written, made] of [
      ["$a*b*c$ and *d*", "<p>$a*b*c$ and <em>d</em></p>"],
      ["so $$x_1 _y_$$ is", "<p>so $$x_1 _y_$$ is</p>"],
      ["\\(a*b*c\\) \\[_d_\\]", "<p>\\(a*b*c\\) \\[_d_\\]</p>"],
      ["so:\n$$\n# a\n- b\n$$\n*c*", "<p>so:</p><p>$$\n# a\n- b\n$$</p><p><em>c</em></p>"],
      ["\\$a*b*c$", "<p>$a<em>b</em>c$</p>"],
      ["$5 and *6* for $7", "<p>$5 and <em>6</em> for $7</p>"],
      ["$ *a* $", "<p>$ <em>a</em> $</p>"],
      ["`$a$` $b\\$*c*$", "<p><code>$a$</code> $b\\$*c*$</p>"],
      ["$$\n\n*a*\n\n$$", "<p>$$</p><p><em>a</em></p><p>$$</p>"],
    ] as const)
      expect(html(written), written).toBe(made);
  });

  it("hands code that has a language, and formulas, to a host that draws", () => {
    const asked: unknown[][] = [];
    const drawing = {
      code: (_: HTMLElement, ...about: unknown[]) => asked.push(about),
      math: (_: HTMLElement, ...about: unknown[]) => asked.push(about),
    };
    const ask = (made: unknown): void => {
      if (Array.isArray(made)) made.forEach(ask);
      else if (isValidElement(made)) {
        const { children, draw } = made.props as { children?: unknown; draw?: (element: unknown) => void };
        draw ? draw(null) : ask(children);
      }
    };
    ask(render("```python title\nx\n```\n```\ny\n```\n$a$ \\(b\\) $$c$$\n\n\\[d\\]\n", "", drawing));
    expect(asked).toEqual([
      ["x", "python"],
      ["a", false],
      ["b", false],
      ["c", true],
      ["d", true],
    ]);
    asked.length = 0;
    ask(render("$a$ ".repeat(2_000), "", drawing));
    expect(asked.length).toBe(50);
  });

  it("has first words without marks", () => {
    expect(plain("# Title\n\n*a*  [b](https://c.d)\n\n- e\n- f")).toBe("Title a b e f");
  });
});
