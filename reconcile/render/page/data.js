// The data block, and how its numbers read.  Nothing is computed here: numbers are shown, compared and scaled.

const data = JSON.parse(document.getElementById("data").textContent);
const words = data.words;

// A layer's texts stand once, by their numbers.
const text = (number) => data.strings[number];

const say = (sentence, fields) => sentence.replace(/\{(\w+)\}/g, (_, name) => fields[name]);

// Integers beyond 2^53 travel as text; they are shown exactly and drawn and sorted by their size.
const exact = (value) => (typeof value === "string" ? BigInt(value) : value);
const size = (value) => Number(value);

const grouped = (value) => (value === null ? "–" : exact(value).toLocaleString("en-US"));

const signed = (value) => (size(value) > 0 ? "+" : "") + grouped(value);

const SCALES = [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]];

const readable = (value) => {
  const found = SCALES.find(([scale]) => Math.abs(size(value)) >= scale);
  return found ? `${(size(value) / found[0]).toFixed(3)} ${found[1]}` : String(value);
};

// An element with a class and children; texts become text nodes, so no name is ever read as markup.
const element = (tag, kind, ...children) => {
  const made = document.createElement(tag);
  if (kind) made.className = kind;
  made.append(...children.filter((child) => child !== null && child !== ""));
  return made;
};

// What the reader chose; every part of the page looks here.
const view = {
  pair: data.focus,
  filter: "",
  different: false,
  unexplained: false,
  all: false,
  sort: null,
  down: true,
  folded: new Set(),
};
