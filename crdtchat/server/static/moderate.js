// The moderation page: asks the REST interface with a moderator's token, shows what it answers, and
// tells it what was decided. The token stays in this tab (sessionStorage) and travels in a header.

import { blockedRow, decisionRow, reportRow } from "./moderate-rows.js";
import { say, time, translate } from "./moderate-words.js";

const KEPT = "crdtchat-moderate";
const EVERY_MS = 10_000;
const ANEW_MS = 60_000; // others' decisions show after so long at most
const MOST = 50; // reports whose discussions are fetched
const form = document.getElementById("ask");
const note = document.getElementById("note");
const board = document.getElementById("board");
const sure = document.getElementById("sure");

let known = ""; // reports and blocks as they were read last
let drawn = 0; // when
let busy = false;
let answered;
let again = false; // whether something changed meanwhile
let blocked = new Set();

translate();
for (const [name, value] of Object.entries(JSON.parse(sessionStorage.getItem(KEPT) ?? "{}"))) {
  form.elements[name].value = value;
}
form.addEventListener("submit", (event) => {
  event.preventDefault();
  refresh({ asked: true });
});
document.addEventListener("visibilitychange", () => refresh());
setInterval(() => refresh(), EVERY_MS);
sure.addEventListener("close", () => {
  if (!sure.open) answered?.(sure.returnValue === "yes");
});
if (form.elements.tenant.value && form.elements.token.value) refresh({ asked: true });

const decide = Object.assign(act, { isBlocked: (user) => blocked.has(user) });

/** Look for news, and draw them. `asked`: somebody waits for it; `changed`: there are some. */
async function refresh({ asked = false, changed = asked } = {}) {
  if (busy) {
    again ||= changed;
    return;
  }
  if (!changed && (board.hidden || document.hidden || sure.open)) return;
  busy = true;
  if (asked) tell(say("reading"));
  let damaged = []; // pages that the server cannot read back
  try {
    const { tenant, token, page } = Object.fromEntries(new FormData(form));
    const [reports, users] = await Promise.all([listOf("reports", "reports"), listOf("blocks", "users")]);
    const news = JSON.stringify([reports, users]);
    if (changed || news !== known || Date.now() > drawn + ANEW_MS) {
      const moderated = await request("GET", "moderated", page ? { page } : {});
      const wanted = reports.filter((one) => !page || one.page === page).reverse();
      const threads = await Promise.all(wanted.slice(0, MOST).map(threadOf));
      if (sure.open) return; // Nothing moves behind a question; the next look draws it.
      sessionStorage.setItem(KEPT, JSON.stringify({ tenant, token, page }));
      draw(wanted, threads, moderated, users);
      damaged = moderated.unread ?? [];
      [known, drawn] = [news, Date.now()];
    }
    if (damaged.length) tell(say("damaged", { pages: damaged.join(", ") }), "bad");
    else if (asked) tell(say("shown", { tenant, time: time(new Date()) }));
  } catch (error) {
    const { status = 0, message } = error;
    if (status === 401 || status === 403) board.hidden = true;
    const name = { 0: "failed", 401: "signIn", 403: "forbidden" }[status];
    tell(name ? say(name, { reason: message }) : message, "bad");
  } finally {
    busy = false;
  }
  if (again) {
    again = false;
    await refresh({ changed: true });
  }
}

/** The thread that a report is about; null if it was deleted, undefined if it cannot be read. */
async function threadOf({ page, target }) {
  try {
    return await request("GET", `annotations/${target.split("/")[0]}`, { page });
  } catch (error) {
    return error.status === 404 || error.status === 409 ? null : undefined;
  }
}

function draw(reports, threads, { items, total }, users) {
  blocked = new Set(users);
  const marks = items.flatMap(({ page, annotation }) =>
    annotation.moderation.map((mark) => ({ page, annotation, mark })),
  );
  const decisions = (flag, act) =>
    marks.filter(({ mark }) => mark[flag]).map((one) => decisionRow(one.page, one.annotation, one.mark, act, decide));
  const focus = focused();
  const open = [...board.querySelectorAll("details[open]")].map((one) => one.closest("li").dataset.key);
  board.hidden = false;
  fill("reports", reports.map((one, index) => reportRow(one, threads[index], decide)));
  fill("hidden", decisions("hidden", "unhide"), items.length < total && say("more", { shown: items.length, total }));
  fill("locked", decisions("locked", "unlock"));
  fill("blocked", users.map((user) => blockedRow(user, decide)));
  for (const row of board.querySelectorAll("li")) {
    if (open.includes(row.dataset.key)) row.querySelector("details")?.setAttribute("open", "");
  }
  if (focus) focusAgain(focus);
}

function fill(name, rows, remark = "") {
  const head = document.getElementById(name);
  const section = head.parentElement;
  head.textContent = `${say(name)} (${rows.length})`;
  section.querySelector("ul").replaceChildren(...rows);
  const none = section.querySelector(".none");
  none.textContent = remark || say(`no${name[0].toUpperCase()}${name.slice(1)}`);
  none.hidden = rows.length > 0 && !remark;
}

/** Where somebody stands, so that they stand there again when the rows are new. */
function focused() {
  const row = document.activeElement?.closest("#board li");
  if (!row) return undefined;
  const list = row.parentElement;
  const { act } = document.activeElement.dataset;
  return { key: row.dataset.key, act, list, index: [...list.children].indexOf(row) };
}

function focusAgain({ key, act, list, index }) {
  const rows = [...list.children];
  const same = rows.find((row) => row.dataset.key === key);
  const row = same ?? rows[Math.min(index, rows.length - 1)];
  const button = same && act ? same.querySelector(`[data-act="${act}"]`) : undefined;
  const stop = button ?? row?.querySelector("button") ?? list.parentElement.querySelector("h2");
  stop.focus();
}

/** Carry out what a button says. */
async function act({ act, page, target, user, whole }, what) {
  if (act === "delete" && !(await isSure(say(whole ? "sureAll" : "sureComment"), say("delete")))) return;
  if (act === "block" && !(await isSure(say("sureBlock", { who: user }), say("doBlock")))) return;
  const [aid, cid] = (target ?? "").split("/");
  const thread = `annotations/${aid}`;
  const place = cid ? `${thread}/comments/${cid}` : thread;
  const steps = {
    hide: [["PUT", `${place}/hidden`], ["DELETE", `${place}/reports`]],
    unhide: [["DELETE", `${place}/hidden`]],
    lock: [["PUT", `${thread}/locked`]],
    unlock: [["DELETE", `${thread}/locked`]],
    delete: [["DELETE", place], ["DELETE", `${place}/reports`]],
    dismiss: [["DELETE", `${place}/reports`]],
    block: [["PUT", `blocks/${encodeURIComponent(user)}`]],
    unblock: [["DELETE", `blocks/${encodeURIComponent(user)}`]],
  }[act];
  try {
    for (const [method, path] of steps) await request(method, path, page ? { page } : {});
    tell(say("done", { what }));
  } catch (error) {
    tell(error.status ? error.message : say("failed"), "bad");
    return;
  }
  await refresh({ changed: true });
}

/** Ask before what cannot be taken back. */
function isSure(question, answer) {
  // The one before was closed, and the event that says so may still be on its way.
  answered?.(false);
  document.getElementById("question").textContent = question;
  sure.querySelector("[value=yes]").textContent = answer;
  sure.returnValue = "no";
  sure.showModal();
  return new Promise((resolve) => {
    answered = resolve;
  });
}

/** A list that comes in parts. */
async function listOf(path, name) {
  const rows = [];
  let after;
  do {
    const part = await request("GET", path, after ? { after } : {});
    rows.push(...part[name]);
    after = part.next;
  } while (after);
  return rows;
}

/** Ask the REST interface. Throws an Error, with the `status` if there was an answer. */
async function request(method, path, query = {}) {
  const { tenant, token } = Object.fromEntries(new FormData(form));
  const address = new URL(`api/v1/${encodeURIComponent(tenant)}/${path}?${new URLSearchParams(query)}`, location.href);
  const answer = await fetch(address, { method, headers: { Authorization: `Bearer ${token}` } });
  if (answer.status === 204) return undefined;
  const body = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(body.detail), { status: answer.status });
  return body;
}

function tell(text, kind = "") {
  note.textContent = text;
  note.className = kind;
}
