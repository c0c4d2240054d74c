"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const canvas = document.getElementById("canvas");
const details = document.getElementById("details");
const search = document.getElementById("search");
const drawings = [...canvas.querySelectorAll("svg")];
let flow = 0, view = { x: 0, y: 0, scale: 1 }, picked = null;

function make(name, attributes, ...inside) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...inside.filter((one) => one !== null));
  return element;
}

function findingsOf(node) {
  const inputs = node.inputs.flatMap((port) => port.findings), outputs = node.outputs.flatMap((port) => port.findings);
  return [...inputs, ...node.findings, ...outputs];
}

// --- the view

function place() {
  drawings[flow].querySelector(".view").setAttribute("transform", `translate(${view.x} ${view.y}) scale(${view.scale})`);
}

function fit() {
  const { clientWidth: wide, clientHeight: high } = canvas;
  const { width, height } = drawings[flow].dataset;
  const scale = Math.min((wide - 64) / Math.max(width, 1), (high - 64) / Math.max(height, 1), 1.25);
  view = { scale: Math.max(scale, 0.02), x: 0, y: 0 };
  view.x = (wide - width * view.scale) / 2;
  view.y = (high - height * view.scale) / 2;
  place();
}

function begin() {
  fit();
  if (view.scale >= 0.45 || !data.flows[flow].nodes.length) return;
  // Too wide to be read as a whole: begin at its inputs.
  const box = elementOf(flow, data.flows[flow].nodes[0].id).getBoundingClientRect();
  const room = canvas.getBoundingClientRect(), middle = (box.top + box.height / 2 - room.top - view.y) / view.scale;
  view = { scale: 0.8, x: 32, y: canvas.clientHeight / 2 - middle * 0.8 };
  place();
}

function zoom(factor, x = canvas.clientWidth / 2, y = canvas.clientHeight / 2) {
  const scale = Math.min(Math.max(view.scale * factor, 0.02), 6);
  view.x = x - ((x - view.x) * scale) / view.scale;
  view.y = y - ((y - view.y) * scale) / view.scale;
  view.scale = scale;
  place();
}

function pan(x, y) {
  view.x += x;
  view.y += y;
  place();
}

function reveal(element) {
  const box = element.getBoundingClientRect(), room = canvas.getBoundingClientRect();
  const inside = box.left >= room.left && box.right <= room.right && box.top >= room.top && box.bottom <= room.bottom;
  if (inside && view.scale >= 0.4) return;
  if (view.scale < 0.7) zoom(0.9 / view.scale);
  const now = element.getBoundingClientRect();
  pan(room.left + room.width / 2 - now.left - now.width / 2, room.top + room.height / 2 - now.top - now.height / 2);
}

// --- the flows

function show(number) {
  drawings[flow].toggleAttribute("hidden", true);
  flow = number;
  drawings[flow].toggleAttribute("hidden", false);
  document.querySelectorAll("#flows button").forEach((one, i) => one.setAttribute("aria-current", String(i === flow)));
  pick(null);
  begin();
}

function countOf(one) {
  const number = one.numbers.length;
  return number ? make("span", { class: `count ${one.severity}`, title: "findings" }, String(number)) : null;
}

data.flows.forEach((one, i) => {
  const button = make("button", {}, make("span", {}, one.short), countOf(one));
  button.addEventListener("click", () => show(i));
  document.getElementById("flows").append(make("li", {}, button));
});

// --- the details

function finding(one) {
  const key = [one.rule, one.file, one.line, one.column].join("\n");
  const number = data.flows.length ? data.flows[flow].numbers.find((n) => n.slice(0, 4).join("\n") === key) : null;
  const head = make("p", {}, make("b", {}, `${number ? number[4] + " " : ""}${one.severity}`), `: ${one.message}`);
  const help = one.help ? make("p", { class: "dim" }, one.help) : null;
  const where = make("p", { class: "dim" }, `${one.file}:${one.line}:${one.column} [${one.rule}]`);
  return make("div", { class: `finding ${one.severity}` }, head, help, where);
}

function findingsPart(findings) {
  return findings.length ? [make("h3", {}, "Findings"), ...findings.map(finding)] : [];
}

function portsPart(title, ports, sign) {
  if (!ports.length) return [];
  const rows = ports.map((port) => {
    const tied = picked && picked.role === "model" ? "" : `${sign} ${port.tensor === null ? "not mapped" : port.tensor}`;
    return make("tr", {}, make("td", {}, port.name), make("td", {}, tied), make("td", {}, port.type));
  });
  return [make("h3", {}, title), make("table", {}, make("tbody", {}, ...rows))];
}

function configPart(name, findings) {
  const config = data.configs[name];
  if (!config || !config.text) return config ? [make("h3", {}, "Configuration"), make("p", { class: "dim" }, "no config.pbtxt")] : [];
  const wrong = new Set(findings.filter((one) => one.file === config.file).map((one) => one.line));
  const lines = config.text.replace(/\n$/, "").split("\n").map((line, i) =>
    make("span", { "data-line": String(i + 1), class: wrong.has(i + 1) ? "wrong" : "" }, line || " "));
  const said = config.file || "as the server completes it: there is no config.pbtxt";
  const cut = config.cut ? [make("p", { class: "dim" }, "Only its beginning is shown.")] : [];
  return [make("h3", {}, "Configuration"), make("p", { class: "dim" }, said), make("pre", { tabindex: "0" }, ...lines), ...cut];
}

function allFindings(one) {
  const nodes = one.nodes.flatMap(findingsOf), seen = new Set();
  return [...one.findings, ...nodes].filter((each) => {
    const key = JSON.stringify(each);
    return !seen.has(key) && seen.add(key);
  });
}

function tell() {
  const one = data.flows[flow];
  const parts = [];
  if (picked) {
    const close = make("button", { id: "close", "aria-label": "Close" }, "×");
    close.addEventListener("click", () => pick(null));
    const config = picked.role === "step" || picked.role === "model" ? picked.name : one.name;
    const roles = { input: "input of the ensemble", output: "output of the ensemble", lost: "a tensor that nothing gives" };
    const said = picked.about || roles[picked.role] || "";
    const findings = picked.role === "step" || picked.role === "model" ? findingsOf(picked) : allFindings(one);
    parts.push(close, make("h2", {}, picked.name), make("p", { class: "dim" }, said));
    parts.push(...findingsPart(findingsOf(picked)), ...portsPart("Takes", picked.inputs, "←"));
    parts.push(...portsPart("Gives", picked.outputs, "→"), ...configPart(config, findings));
  } else if (one) {
    const findings = [...data.findings, ...allFindings(one)];
    parts.push(make("h2", {}, one.name), make("p", { class: "dim" }, one.about));
    parts.push(...findingsPart(findings), ...configPart(one.name, findings));
  } else {
    parts.push(make("h2", {}, "There is no model"), ...findingsPart(data.findings));
  }
  details.replaceChildren(...parts);
  details.scrollTop = 0;
}

function pick(node) {
  picked = node;
  for (const element of canvas.querySelectorAll(".node.picked")) element.classList.remove("picked");
  if (node) elementOf(flow, node.id).classList.add("picked");
  tell();
}

function elementOf(number, id) {
  return drawings[number].querySelector(`[data-node="${id}"]`);
}

drawings.forEach((drawing, number) => {
  for (const node of data.flows[number].nodes) {
    const element = elementOf(number, node.id);
    element.setAttribute("tabindex", "0");
    element.setAttribute("role", "button");
    element.setAttribute("aria-label", `${node.name} ${node.about || node.role}`);
    element.addEventListener("focus", () => reveal(element));
    element.addEventListener("click", () => moved || pick(node));
    element.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      pick(node);
    });
  }
});

// --- the search

function tensorsOf(one) {
  const names = one.nodes.flatMap((node) => [...node.inputs, ...node.outputs].flatMap((p) => [p.tensor, p.name]));
  return [...new Set(names.filter((name) => name))];
}

function highlight(names) {
  drawings.forEach((drawing, number) => {
    const hits = new Set();
    drawing.classList.toggle("searched", names !== null);
    for (const node of data.flows[number].nodes) {
      const hit = names !== null && [...node.inputs, ...node.outputs].some((p) => names(p.tensor) || names(p.name));
      elementOf(number, node.id).classList.toggle("hit", hit);
      if (hit) hits.add(node.id);
    }
    for (const edge of drawing.querySelectorAll(".edge")) {
      edge.classList.toggle("hit", names !== null && names(edge.dataset.tensor));
    }
    for (const text of drawing.querySelectorAll(".label")) {
      text.classList.toggle("hit", names !== null && names(text.dataset.tensor));
    }
    for (const text of drawing.querySelectorAll(".row")) {
      text.classList.toggle("hit", names !== null && (names(text.dataset.tensor) || names(text.firstElementChild.textContent) || names(text.lastElementChild.textContent)));
    }
  });
}

function find() {
  const asked = search.value.trim().toLowerCase();
  const list = document.getElementById("found");
  list.replaceChildren();
  if (!asked) return highlight(null);
  highlight((name) => name && name.toLowerCase().includes(asked));
  let count = 0;
  data.flows.forEach((one, number) => {
    for (const name of tensorsOf(one).filter((each) => each.toLowerCase().includes(asked))) {
      if (++count > 50) return;
      const button = make("button", {}, make("span", {}, name), make("span", { class: "dim" }, one.short));
      button.addEventListener("click", () => go(number, name));
      list.append(make("li", {}, button));
    }
  });
  if (!count) list.append(make("li", { class: "dim" }, "no such tensor"));
}

function go(number, name) {
  if (number !== flow) show(number);
  highlight((other) => other === name);
  const has = (node) => [...node.outputs, ...node.inputs].some((p) => p.tensor === name || p.name === name);
  const node = data.flows[number].nodes.find((one) => one.outputs.some((p) => p.tensor === name)) || data.flows[number].nodes.find(has);
  if (!node) return;
  pick(node);
  reveal(elementOf(number, node.id));
}

search.addEventListener("input", find);
search.addEventListener("keydown", (event) => {
  const first = document.querySelector("#found button");
  if (event.key === "Enter" && first) first.click();
});

// --- pointer and keys

const pointers = new Map();
let moved = false;

canvas.addEventListener("pointerdown", (event) => {
  pointers.set(event.pointerId, event);
  if (pointers.size === 1) moved = false;
});
canvas.addEventListener("pointermove", (event) => {
  const before = pointers.get(event.pointerId);
  if (!before) return;
  const x = event.clientX - before.clientX, y = event.clientY - before.clientY;
  if (!moved && Math.hypot(x, y) < 4 && pointers.size === 1) return;
  if (!moved) canvas.setPointerCapture(event.pointerId);
  moved = true;
  canvas.classList.add("moving");
  if (pointers.size === 2) {
    const other = [...pointers.values()].find((one) => one.pointerId !== event.pointerId);
    const span = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
    const room = canvas.getBoundingClientRect();
    zoom(span(event) / Math.max(span(before), 1), (event.clientX + other.clientX) / 2 - room.left, (event.clientY + other.clientY) / 2 - room.top);
  } else {
    pan(x, y);
  }
  pointers.set(event.pointerId, event);
});
for (const end of ["pointerup", "pointercancel"]) {
  canvas.addEventListener(end, (event) => {
    pointers.delete(event.pointerId);
    canvas.classList.remove("moving");
  });
}
canvas.addEventListener("click", (event) => {
  if (!moved && !event.target.closest(".node")) pick(null);
});
canvas.addEventListener("wheel", (event) => {
  event.preventDefault();
  const room = canvas.getBoundingClientRect();
  zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), event.clientX - room.left, event.clientY - room.top);
}, { passive: false });

const arrows = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") {
    search.value = "";
    find();
    pick(null);
    return;
  }
  if (event.target === search || event.target.closest("pre")) return;
  if (event.key === "/") {
    event.preventDefault();
    search.focus();
  } else if (event.key === "+" || event.key === "=") zoom(1.25);
  else if (event.key === "-") zoom(0.8);
  else if (event.key === "0") fit();
  else if (arrows[event.key] && event.target.closest("#canvas")) {
    event.preventDefault();
    pan(...arrows[event.key]);
  }
});
document.getElementById("in").addEventListener("click", () => zoom(1.25));
document.getElementById("out").addEventListener("click", () => zoom(0.8));
document.getElementById("fit").addEventListener("click", fit);
window.addEventListener("resize", () => drawings.length && begin());

if (drawings.length) show(0);
else tell();
