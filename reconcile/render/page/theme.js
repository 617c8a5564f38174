// The colours: as the system has them, or light, or dark.

const theme = document.getElementById("theme");
const THEMES = ["auto", "light", "dark"];
let chosen = 0;

const paint = () => {
  const name = THEMES[chosen];
  if (name === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
  theme.textContent = `◐ ${words[`theme_${name}`]}`;
  theme.title = words.theme;
};

theme.addEventListener("click", () => {
  chosen = (chosen + 1) % THEMES.length;
  paint();
});
theme.hidden = false;
paint();
