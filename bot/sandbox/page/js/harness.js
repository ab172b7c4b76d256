// The bare page for pictures and overflow checks of one card: ?theme=light|dark&width=320. Tests call window.renderCard(card).
import { drawCard, rendererReady } from "./cards.js";

const query = new URLSearchParams(location.search);
const theme = query.get("theme") === "dark" ? "dark" : "light";
const width = Math.max(120, Math.min(Number(query.get("width")) || 480, 2000));
const place = document.getElementById("card-place");
document.documentElement.dataset.theme = theme;
place.style.width = `${width}px`;
place.style.background = "var(--surface)";

/** What was pressed, in order: {type, id, verb, title, data}. */
window.cardActions = [];
/** Draws the card alone on the page; answers {problems: what the renderer found wrong, width, height, overflow: px}. */
window.renderCard = (card) => {
  window.cardActions.length = 0;
  const element = drawCard(card, { theme, width, onAction: (action) => window.cardActions.push(action) });
  element.classList.add("full");
  place.replaceChildren(element);
  const parts = [...element.querySelectorAll("*")];
  const right = element.getBoundingClientRect().right;
  const overflow = Math.max(0, ...parts.map((part) => part.getBoundingClientRect().right - right), ...parts.map((part) => (
    getComputedStyle(part).overflowX === "hidden" ? part.scrollWidth - part.clientWidth : 0
  )));
  return { problems: element.problems, width: element.offsetWidth, height: element.offsetHeight, overflow: Math.ceil(overflow) };
};
window.rendererReady = rendererReady();
document.documentElement.dataset.ready = "true";
