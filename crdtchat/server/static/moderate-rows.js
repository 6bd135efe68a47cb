// Rows of the moderation page. All that people wrote is put in as text, never as HTML.

import { say, time } from "./moderate-words.js";

/** An element with text and children; empty text and missing children are left out. */
export function element(name, className = "", ...content) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...content.filter((one) => one !== undefined && one !== ""));
  return made;
}

/** What was reported, with its thread (undefined: still to come; null: deleted). */
export function reportRow(report, annotation, decide) {
  const [, cid] = report.target.split("/");
  const { page, target } = report;
  const found = annotation && place(annotation, cid);
  const by = report.reports.map((one) =>
    say("reportedBy", { who: one.by, why: say(one.reason), time: time(one.at) }),
  );
  if (report.count > by.length) by.push(say("andOthers", { count: report.count - by.length }));
  const row = element(
    "li",
    "",
    where(page, target),
    ...(annotation ? context(annotation, cid) : [element("p", "", annotation === null ? say("gone") : say("unread"))]),
    element("p", "quiet", by.join("; ")),
    acts(
      decide,
      annotation && !found?.deleted && { act: found?.hidden ? "unhide" : "hide", whole: !cid, page, target },
      annotation && { act: annotation.locked ? "unlock" : "lock", page, target },
      annotation && !found?.deleted && { act: "delete", whole: !cid, page, target },
      block(found?.creator?.id, decide.isBlocked),
      { act: "dismiss", page, target },
    ),
  );
  row.dataset.key = `report ${page} ${target}`;
  return row;
}

/** What a moderator hid or locked: the whole (no id) or a comment. */
export function decisionRow(page, annotation, mark, act, decide) {
  const target = mark.id ? `${annotation.id}/${mark.id}` : annotation.id;
  const by = say("decided", { who: mark.creator.name || mark.creator.id || say("nobody"), time: time(mark.created) });
  const row = element(
    "li",
    "",
    where(page, target),
    ...context(annotation, mark.id),
    element("p", "quiet", by),
    acts(
      decide,
      { act, whole: !mark.id, page, target },
      { act: "delete", whole: !mark.id, page, target },
      block(place(annotation, mark.id)?.creator?.id, decide.isBlocked),
    ),
  );
  row.dataset.key = `${act} ${page} ${target}`;
  return row;
}

/** Somebody who may not write. */
export function blockedRow(user, decide) {
  const row = element("li", "", element("p", "", user), acts(decide, { act: "unblock", user }));
  row.dataset.key = `blocked ${user}`;
  return row;
}

/** The page, as a link where it is one. */
function where(page, target) {
  const line = element("p", "quiet");
  if (/^https?:\/\//.test(page) && URL.canParse(page)) {
    const link = element("a", "", page);
    const address = new URL(page);
    address.hash = `crdtchat=${target.split("/")[0]}`;
    link.href = address.href;
    link.target = "_blank";
    link.rel = "noopener noreferrer";
    line.append(link);
  } else {
    line.append(page);
  }
  return line;
}

/** The words it is about, what is meant, and the discussion around it. */
function context(annotation, cid) {
  const quote = annotation.target.selector?.find((one) => one.type === "TextQuoteSelector")?.exact;
  const meant = place(annotation, cid);
  const shown = [element("blockquote", "", quote ? shortened(quote) : say("wholePage"))];
  if (meant) shown.push(words(meant, "meant"));
  if (annotation.comments.length > 1) {
    const all = element("details", "", element("summary", "", say("thread", { count: annotation.comments.length })));
    all.append(...annotation.comments.map((one) => words(one, one === meant ? "meant" : "")));
    shown.push(all);
  }
  return shown;
}

function words(comment, className) {
  if (comment.deleted) return element("p", "words", element("span", "quiet", say("wasDeleted")));
  const who = comment.creator.name || comment.creator.id || say("nobody");
  const head = say("by", { who, time: time(comment.created) }) + (comment.hidden ? ` · ${say("wasHidden")}` : "");
  return element("p", `words ${className}`, element("span", "quiet", head), comment.body.value);
}

function place(annotation, cid) {
  return cid ? annotation.comments.find((one) => one.id === cid) : annotation.comments[0];
}

/** Who wrote it can be blocked, unless they are, or do not live here. */
function block(user, isBlocked) {
  return user && !user.startsWith("import:") && !isBlocked(user) && { act: "block", user };
}

function acts(decide, ...wanted) {
  const line = element("div", "acts");
  for (const one of wanted.filter(Boolean)) {
    const name = one.whole && (one.act === "hide" || one.act === "unhide") ? `${one.act}All` : one.act;
    const button = element("button", one.act === "delete" || one.act === "block" ? "grave" : "", say(name, { who: one.user }));
    button.type = "button";
    button.dataset.act = one.act;
    button.addEventListener("click", () => decide(one, button.textContent));
    line.append(button);
  }
  return line;
}

function shortened(text) {
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}
