// Which rows stand in the table of layers, and in which order.

const names = data.layers.names;
const types = data.layers.types.map(text);
const lower = names.map((name, layer) => `${name} ${types[layer]}`.toLowerCase());

// The tree of modules: in the order in which their layers run.
const roots = [];
const moduleNodes = data.modules.map((module, index) => ({ module: index, children: [], level: 0, placed: false }));

const placed = (index) => {
  const node = moduleNodes[index];
  if (!node.placed) {
    node.placed = true;
    const above = data.modules[index].above;
    (above < 0 ? roots : placed(above).children).push(node);
    node.level = above < 0 ? 1 : moduleNodes[above].level + 1;
  }
  return node;
};

names.forEach((_, layer) => {
  const module = data.layers.module[layer];
  const node = module < 0 ? null : placed(module);
  (node ? node.children : roots).push({ layer, level: node ? node.level + 1 : 1 });
});

const matches = (layer) =>
  (!view.filter || lower[layer].includes(view.filter)) &&
  (!view.different || view.pair === null || size(data.pairs[view.pair].difference[layer]) !== 0) &&
  (!view.unexplained || data.wrong.some((rows) => layer in rows));

const unfolded = (nodes, into) => {
  for (const node of nodes) {
    if (node.layer !== undefined) {
      if (matches(node.layer)) into.push(node);
    } else {
      const inside = unfolded(node.children, []);
      if (inside.length) {
        into.push(node);
        // A filter looks into folded modules too.
        if (!view.folded.has(node.module) || view.filter) for (const row of inside) into.push(row);
      }
    }
  }
  return into;
};

const sorted = (column) => {
  const rows = names.map((_, layer) => ({ layer, level: 1 })).filter((row) => matches(row.layer));
  const direction = view.down ? -1 : 1;
  const compare = column.text
    ? (a, b) => column.text(a).localeCompare(column.text(b), "en", { numeric: true })
    : (a, b) => size(column.value(a)) - size(column.value(b));
  const told = (row) => column.text || column.value(row) !== null;
  const known = rows.filter(told).sort((a, b) => direction * compare(a, b));
  return [...known, ...rows.filter((row) => !told(row))];
};

const visibleRows = (column) => (column ? sorted(column) : unfolded(roots, []));
