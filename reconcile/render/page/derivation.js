// How each number of one layer comes about: what ran, the formula of every counter, its rule, and what departs.

const dialog = document.getElementById("derivation");
let opened = 0;

const causeLine = ([amount, cause, formula, sources]) =>
  element(
    "li",
    "",
    element("strong", "", `${signed(amount)} ${text(cause)}`),
    " ",
    element("code", "", text(formula)),
    text(sources) ? element("small", "", ` ${text(sources)}`) : "",
  );

const causeList = (title, causes) =>
  element("div", "departs", element("span", "", title), element("ul", "", ...causes.map(causeLine)));

const ruleLines = (side, layer) => {
  const derived = data.derived[side][layer];
  if (!derived) return [];
  const [formula, sources] = derived.map(text);
  const rule = sources ? element("small", "", `${words.by_rule} `, element("code", "", sources)) : "";
  return [element("p", "formula", element("code", "", formula)), rule];
};

const wrongLine = (side, layer) => {
  const wrong = data.wrong[side][layer];
  if (!wrong) return "";
  const [predicted, residual] = wrong;
  const given = predicted === null ? words.nothing : grouped(predicted);
  return element("p", "open", say(words.predicted, { predicted: given, residual: signed(residual) }));
};

const card = (side, layer) => {
  const counter = data.counters[side];
  const value = data.told[side][layer];
  const causes = data.departs[side][layer];
  const number = value === null ? words.told_nothing : `${grouped(value)} ${counter.unit}`;
  const reads = value === null || Math.abs(size(value)) < 1000 ? "" : element("small", "", readable(value));
  const title = element("h3", "", counter.name, " ", element("small", "", counter.version ?? ""));
  const made = element("section", value === null ? "card unseen" : "card", title);
  made.append(element("p", "value", number, " ", reads), ...ruleLines(side, layer), wrongLine(side, layer));
  if (causes) made.append(causeList(words.departs, causes));
  return made;
};

const sidesInOrder = () => {
  const pair = view.pair === null ? null : data.pairs[view.pair];
  const first = pair ? [pair.left, pair.right] : [];
  return [...first, ...Array.from(data.counters.keys()).filter((side) => !first.includes(side))];
};

const button = (sentence, sign, step) => {
  const made = element("button", "", sign);
  made.type = "button";
  made.title = sentence;
  made.setAttribute("aria-label", sentence);
  made.addEventListener("click", step);
  return made;
};

const layerRows = () => rows.filter((row) => !inModule(row)).map((row) => row.layer);

const step = (by) => () => {
  const layers = layerRows();
  const next = layers[layers.indexOf(opened) + by];
  if (next === undefined) return;
  moveTo(rows.findIndex((row) => row.layer === next));
  fill(next);
};

const fill = (layer) => {
  opened = layer;
  const title = element("h2", "", names[layer], " ", element("small", "", types[layer]));
  title.id = "derivation-title";
  const buttons = element(
    "div",
    "buttons",
    button(words.previous, "↑", step(-1)),
    button(words.next, "↓", step(1)),
    button(words.close, "✕", () => dialog.close()),
  );
  const ran = data.layers.shapes[layer].map((line) => element("li", "", text(line)));
  const parts = [element("header", "", title, buttons)];
  if (ran.length) parts.push(element("h3", "", words.shapes), element("ul", "shapes", ...ran));
  if (view.pair === data.focus && data.detail[layer]) {
    const value = data.pairs[view.pair].difference[layer];
    parts.push(causeList(`${words.difference}: ${signed(value)}`, data.detail[layer]));
  }
  dialog.replaceChildren(...parts, ...sidesInOrder().map((side) => card(side, layer)));
  dialog.scrollTop = 0;
};

const openLayer = (layer) => {
  fill(layer);
  if (!dialog.open) dialog.showModal();
};

dialog.addEventListener("click", (event) => {
  if (event.target === dialog) dialog.close();
});
dialog.addEventListener("close", () => grid.focus());
dialog.addEventListener("keydown", (event) => {
  if (event.key === "ArrowDown" && event.altKey) step(1)();
  if (event.key === "ArrowUp" && event.altKey) step(-1)();
});
