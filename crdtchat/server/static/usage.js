// The usage page: asks the REST interface with the owner's token, draws what it answers.
// The token stays in this tab (sessionStorage) and is sent in a header, never in an address.

const CHARTS = [
  ["pubSubMessageCount", "Messages", (n) => n.toLocaleString("en"), "messagesReceived", "messagesSent"],
  ["pubSubBandwidth", "Payload", bytes, "bytesReceived", "bytesSent"],
  ["conversationCreateCount", "New conversations", (n) => n.toLocaleString("en")],
];
const KEPT = "crdtchat-usage";
const form = document.getElementById("ask");
const note = document.getElementById("note");
const charts = document.getElementById("charts");
const numbers = document.getElementById("numbers");

const today = new Date();
const fields = { to: day(today), from: day(new Date(today - 29 * 86_400_000)), ...kept() };
for (const [name, value] of Object.entries(fields)) form.elements[name].value = value;
form.addEventListener("submit", (event) => {
  event.preventDefault();
  show();
});
if (form.elements.tenant.value && form.elements.token.value) show();

async function show() {
  const { tenant, token, from, to } = Object.fromEntries(new FormData(form));
  say("…");
  const query = new URLSearchParams({ from, to });
  const address = new URL(`api/v1/${encodeURIComponent(tenant)}/usage?${query}`, location.href);
  try {
    const answer = await fetch(address, { headers: { Authorization: `Bearer ${token}` } });
    const body = await answer.json();
    if (!answer.ok) throw new Error(body.detail);
    sessionStorage.setItem(KEPT, JSON.stringify({ tenant, token }));
    draw(body);
    say(`${body.tenant}, ${body.from} to ${body.to}, days in UTC.`);
  } catch (error) {
    charts.hidden = numbers.hidden = true;
    say(error.message, "bad");
  }
}

function draw(body) {
  const { days, total } = body;
  charts.hidden = numbers.hidden = false;
  window.onresize = () => draw(body);
  charts.replaceChildren(
    ...CHARTS.map(([name, title, format, received, sent]) => {
      const figure = element("figure");
      const caption = element("figcaption");
      const parts = received ? ` (${format(total[received])} in, ${format(total[sent])} out)` : "";
      caption.append(
        element("h2", title),
        element("span", `${format(total[name])} in all${parts}`),
      );
      figure.append(caption, chart(days, name, title, format));
      return figure;
    }),
  );
  const names = Object.keys(total);
  const rows = [["day", ...names], ...days.map((one) => [one.day, ...names.map((name) => one[name])])];
  numbers.querySelector("table").replaceChildren(
    ...rows.map((row, index) => {
      const line = element("tr");
      line.append(
        ...row.map((cell, column) =>
          element(index && column ? "td" : "th", typeof cell === "number" ? cell.toLocaleString("en") : cell),
        ),
      );
      return line;
    }),
  );
}

function chart(days, name, title, format) {
  const width = Math.max(240, charts.clientWidth - 34); // its card's padding and border
  const [height, left, bottom, top] = [180, 64, 20, 10];
  const most = Math.max(1, ...days.map((one) => one[name]));
  const box = vector("svg", { viewBox: `0 0 ${width} ${height}`, role: "img" });
  box.append(vector("title", {}, `${title} by day; the most is ${format(most)}`));
  for (const share of [0, 0.5, 1]) {
    const y = height - bottom - share * (height - bottom - top);
    box.append(vector("line", { x1: left, x2: width, y1: y, y2: y }));
    if (share !== 0.5 || most > 1) {
      const label = vector("text", { x: left - 6, y: y + 4, "text-anchor": "end" }, format(Math.round(share * most)));
      box.append(label);
    }
  }
  const step = (width - left) / days.length;
  days.forEach((one, index) => {
    const size = (one[name] / most) * (height - bottom - top);
    const bar = vector("rect", {
      class: "bar",
      x: left + index * step + Math.min(2, step * 0.1),
      y: height - bottom - size,
      width: Math.max(0.5, step - 2 * Math.min(2, step * 0.1)),
      height: size,
    });
    bar.append(vector("title", {}, `${one.day}: ${format(one[name])}`));
    box.append(bar);
  });
  const ends = days.length > 1 ? [[left, "start", days[0]], [width, "end", days.at(-1)]] : [[left, "start", days[0]]];
  for (const [x, anchor, one] of ends) {
    box.append(vector("text", { x, y: height - 4, "text-anchor": anchor }, one.day));
  }
  return box;
}

function bytes(count) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, count)) / 3));
  const shown = count / 1000 ** power;
  return `${shown.toLocaleString("en", { maximumFractionDigits: power && shown < 100 ? 1 : 0 })} ${units[power]}`;
}

function element(name, text = "") {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

function vector(name, attributes, text = "") {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text) made.textContent = text;
  return made;
}

function say(text, kind = "") {
  note.textContent = text;
  note.className = kind;
}

function day(date) {
  return date.toISOString().slice(0, 10);
}

function kept() {
  return JSON.parse(sessionStorage.getItem(KEPT) ?? "{}");
}
