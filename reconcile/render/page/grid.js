// The table of layers: only the rows in sight are in the document, so thousands of layers scroll like twenty.

const grid = document.getElementById("grid");
const HEIGHT = 32;
const SPARE = 8;

const inModule = (row) => row.module !== undefined;

const told = (side) => (row) => (inModule(row) ? data.modules[row.module].told[side] : data.told[side][row.layer]);

const difference = (row) => {
  const pair = data.pairs[view.pair];
  return inModule(row) ? pair.modules[row.module] : pair.difference[row.layer];
};

const label = (row) => (inModule(row) ? data.modules[row.module].path : names[row.layer]);
const kind = (row) =>
  inModule(row) ? say(words.module_rows, { rows: data.modules[row.module].rows }) : types[row.layer];

const largest = (values) => values.reduce((most, value) => Math.max(most, Math.abs(size(value))), 0) || 1;

const sideColumn = (side) => ({
  key: `side${side}`,
  title: data.counters[side].name,
  value: told(side),
  most: largest(data.told[side]),
  side,
});

let columns = [];

const chooseColumns = () => {
  const pair = view.pair === null ? null : data.pairs[view.pair];
  const first = pair ? [pair.left, pair.right] : [];
  const others = data.counters.map((_, side) => side).filter((side) => !first.includes(side));
  const rest = view.all || !pair ? others : others.filter((side) => side === data.definition);
  columns = [
    { key: "layer", title: words.layer, text: label },
    { key: "type", title: words.type, text: kind },
    ...first.map(sideColumn),
    ...(pair ? [{ key: "difference", title: words.difference, value: difference, most: largest(pair.difference) }] : []),
    ...rest.map(sideColumn),
  ];
  grid.style.setProperty("--columns", columns.length - 2);
  grid.setAttribute("aria-colcount", columns.length);
};

const head = element("div", "row head");
const body = element("div", "body");
head.setAttribute("role", "row");
head.setAttribute("aria-rowindex", 1);
body.setAttribute("role", "rowgroup");
grid.append(head, body);

let rows = [];
let active = 0;
let whole = false;
let drawn = new Map();

const headCell = (column) => {
  const button = element("button", "", column.title);
  const chosen = view.sort === column.key;
  button.type = "button";
  button.dataset.key = column.key;
  button.title = say(words.sort_by, { column: column.title });
  const cell = element("div", column.text ? "" : "number", button);
  cell.setAttribute("role", "columnheader");
  cell.setAttribute("aria-sort", chosen ? (view.down ? "descending" : "ascending") : "none");
  return cell;
};

const nameCell = (row) => {
  const path = label(row);
  const cell = element("div", "name");
  cell.style.setProperty("--level", view.sort ? 0 : row.level - 1);
  if (inModule(row)) cell.append(element("i", view.folded.has(row.module) && !view.filter ? "fold closed" : "fold"));
  cell.append(element("span", "", path));
  cell.title = path;
  return cell;
};

const numberCell = (row, column) => {
  const value = column.value(row);
  const isDifference = column.side === undefined;
  const shown = isDifference ? (size(value) ? signed(value) : "0") : grouped(value);
  const cell = element("div", "number", element("span", "", shown));
  if (value === null) cell.classList.add("unseen");
  else if (!size(value)) cell.classList.add("zero");
  else cell.title = readable(value);
  if (value !== null && !inModule(row) && size(value)) {
    cell.style.setProperty("--bar", `${(100 * Math.abs(size(value))) / column.most}%`);
    cell.classList.add(size(value) < 0 ? "minus" : isDifference ? "plus" : "told");
  }
  if (!isDifference && !inModule(row) && row.layer in data.wrong[column.side]) cell.classList.add("wrong");
  return cell;
};

const drawRow = (row, index) => {
  const made = element("div", inModule(row) ? "row module" : "row");
  made.id = `row-${index}`;
  made.dataset.index = index;
  made.style.top = `${index * HEIGHT}px`;
  made.setAttribute("role", "row");
  made.setAttribute("aria-rowindex", index + 2);
  made.setAttribute("aria-level", row.level);
  if (inModule(row)) made.setAttribute("aria-expanded", String(!view.folded.has(row.module) || Boolean(view.filter)));
  if (index === active) made.classList.add("active");
  const [first, second, ...others] = columns;
  made.append(nameCell(row), element("div", "type", second.text(row)), ...others.map((column) => numberCell(row, column)));
  for (const cell of made.children) cell.setAttribute("role", "gridcell");
  return made;
};

// Draw the rows in sight and a few around them; while printing, all of them.  Rows that stay in sight are kept.
const draw = (again = false) => {
  const from = whole ? 0 : Math.max(0, Math.floor(grid.scrollTop / HEIGHT) - SPARE);
  const to = whole ? rows.length : Math.min(rows.length, from + Math.ceil(grid.clientHeight / HEIGHT) + 2 * SPARE);
  if (again) {
    body.replaceChildren();
    drawn = new Map();
  }
  const made = new Map();
  for (let index = from; index < to; index += 1) made.set(index, drawn.get(index) ?? drawRow(rows[index], index));
  for (const [index, row] of drawn) if (!made.has(index)) row.remove();
  const kept = [...drawn.keys()].find((index) => made.has(index)) ?? from;
  const added = [...made].filter(([index]) => !drawn.has(index));
  body.prepend(...added.filter(([index]) => index < kept).map(([, row]) => row));
  body.append(...added.filter(([index]) => index >= kept).map(([, row]) => row));
  drawn = made;
  grid.setAttribute("aria-activedescendant", rows.length ? `row-${active}` : "");
};

const refresh = () => {
  if (view.sort && !columns.some((column) => column.key === view.sort)) view.sort = null;
  rows = visibleRows(columns.find((column) => column.key === view.sort));
  active = Math.max(0, Math.min(active, rows.length - 1));
  head.replaceChildren(...columns.map(headCell));
  body.style.height = `${rows.length * HEIGHT}px`;
  grid.setAttribute("aria-rowcount", rows.length + 1);
  document.getElementById("shown").textContent = say(words.shown, {
    shown: names.filter((_, layer) => matches(layer)).length.toLocaleString("en-US"),
    all: names.length.toLocaleString("en-US"),
  });
  draw(true);
};

const toggle = (module) => {
  if (!view.folded.delete(module)) view.folded.add(module);
  refresh();
};

const moveTo = (index) => {
  active = Math.max(0, Math.min(index, rows.length - 1));
  const top = active * HEIGHT;
  const seen = grid.clientHeight - HEIGHT;
  if (top < grid.scrollTop) grid.scrollTop = top;
  else if (top + HEIGHT > grid.scrollTop + seen) grid.scrollTop = top + HEIGHT - seen;
  draw(true);
};

const act = (index) => {
  const row = rows[index];
  if (!row) return;
  if (inModule(row)) toggle(row.module);
  else openLayer(row.layer);
};

const sortBy = (key) => {
  // Largest first, then smallest first, then the order of execution again.
  if (view.sort !== key) [view.sort, view.down] = [key, key !== "layer" && key !== "type"];
  else if (view.down === (key !== "layer" && key !== "type")) view.down = !view.down;
  else view.sort = null;
  active = 0;
  grid.scrollTop = 0;
  refresh();
  head.querySelector(`[data-key="${key}"]`).focus();
};

const above = (row) => {
  const module = inModule(row) ? data.modules[row.module].above : data.layers.module[row.layer];
  return rows.findIndex((other) => other.module === module);
};

const onKey = (event) => {
  if (event.target !== grid || event.ctrlKey || event.metaKey || event.altKey) return;
  const row = rows[active];
  const page = Math.max(1, Math.floor(grid.clientHeight / HEIGHT) - 2);
  const moves = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -rows.length, End: rows.length };
  if (event.key in moves) moveTo(active + moves[event.key]);
  else if (event.key === "Enter" || event.key === " ") act(active);
  else if (event.key === "ArrowRight" && row && inModule(row) && view.folded.has(row.module)) toggle(row.module);
  else if (event.key === "ArrowLeft" && row && inModule(row) && !view.folded.has(row.module)) toggle(row.module);
  else if (event.key === "ArrowLeft" && row && !view.sort && above(row) >= 0) moveTo(above(row));
  else return;
  event.preventDefault();
};

grid.addEventListener("keydown", onKey);
grid.addEventListener("scroll", () => requestAnimationFrame(() => draw()), { passive: true });
grid.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  const made = event.target.closest(".body .row");
  if (button) sortBy(button.dataset.key);
  else if (made) {
    active = Number(made.dataset.index);
    draw(true);
    act(active);
  }
});
window.addEventListener("resize", () => draw(true));

for (const [id, event] of [["filter", "input"], ["different", "change"], ["unexplained", "change"], ["all", "change"]]) {
  const control = document.getElementById(id);
  control.addEventListener(event, () => {
    view[id] = id === "filter" ? control.value.trim().toLowerCase() : control.checked;
    active = 0;
    grid.scrollTop = 0;
    chooseColumns();
    refresh();
  });
}

document.getElementById("fold").addEventListener("click", () => {
  view.folded = new Set(data.modules.keys());
  refresh();
});
document.getElementById("unfold").addEventListener("click", () => {
  view.folded.clear();
  refresh();
});

const printing = window.matchMedia("print");
const drawWhole = (now) => {
  whole = now;
  draw(true);
};
printing.addEventListener("change", (event) => drawWhole(event.matches));
window.addEventListener("beforeprint", () => drawWhole(true));
window.addEventListener("afterprint", () => drawWhole(false));

grid.hidden = false;
document.querySelector(".tools").hidden = false;
