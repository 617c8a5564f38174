// Which two numbers the page compares: by the two lists, or by a cell of the matrix.

const panel = document.getElementById("panel");
const left = document.getElementById("left");
const right = document.getElementById("right");

const pairOf = (a, b) =>
  data.pairs.findIndex((pair) => (pair.left === a && pair.right === b) || (pair.left === b && pair.right === a));

const mark = () => {
  for (const [mine, other] of [[left, right], [right, left]]) {
    for (const option of mine.options) option.disabled = option.index === other.selectedIndex;
  }
  for (const cell of document.querySelectorAll("[data-pair]")) {
    cell.setAttribute("aria-pressed", String(Number(cell.dataset.pair) === view.pair));
  }
};

const showPair = (pair) => {
  view.pair = pair;
  panel.replaceChildren(document.getElementById(`pair-${pair}`).content.cloneNode(true));
  document.title = panel.querySelector("h1").textContent;
  mark();
  chooseColumns();
  refresh();
};

chooseColumns();
refresh();

if (view.pair !== null) {
  left.selectedIndex = data.pairs[view.pair].left;
  right.selectedIndex = data.pairs[view.pair].right;
  mark();
  document.querySelector(".compare").hidden = false;
  for (const list of [left, right]) {
    list.addEventListener("change", () => showPair(pairOf(left.selectedIndex, right.selectedIndex)));
  }
  document.getElementById("matrix").addEventListener("click", (event) => {
    const cell = event.target.closest("[data-pair]");
    if (!cell) return;
    const pair = Number(cell.dataset.pair);
    left.selectedIndex = data.pairs[pair].left;
    right.selectedIndex = data.pairs[pair].right;
    showPair(pair);
    const answer = document.getElementById("answer");
    answer.focus({ preventScroll: true });
    answer.scrollIntoView({ block: "start" });
  });
}
