// One pop-up menu at a time: a message's "…" and a card's overflow actions.
import { h, twin } from "./dom.js";

let close = null;
let moveTo = null;

/** A message was drawn anew: what was opened from the old element belongs to the new one. */
export function menuMoved(old, element) {
  moveTo?.(old, element);
}

/** items: [{title, enabled, onPick}] */
export function openMenu(anchor, items) {
  close?.();
  const menu = h("div.menu", { role: "menu", testid: "menu" });
  for (const item of items) {
    menu.append(h("button", {
      type: "button", role: "menuitem", disabled: item.enabled === false,
      onclick: () => { close(true); item.onPick(); },
    }, item.title));
  }
  document.body.append(menu);
  const spot = anchor.getBoundingClientRect();
  const left = Math.max(8, Math.min(spot.right - menu.offsetWidth, innerWidth - menu.offsetWidth - 8));
  const below = spot.bottom + 4 + menu.offsetHeight < innerHeight;
  menu.style.left = `${left}px`;
  menu.style.top = `${below ? spot.bottom + 4 : Math.max(8, spot.top - menu.offsetHeight - 4)}px`;
  anchor.setAttribute("aria-expanded", "true");

  const outside = (event) => { if (!menu.contains(event.target)) close(); };
  close = (focus = false) => {
    menu.remove();
    anchor.setAttribute("aria-expanded", "false");
    document.removeEventListener("pointerdown", outside, true);
    close = moveTo = null;
    if (focus) anchor.focus();
  };
  moveTo = (old, element) => {
    if (!old.contains(anchor)) return;
    anchor = twin(anchor, old, element);
    anchor.setAttribute("aria-expanded", "true");
  };
  menu.addEventListener("keydown", (event) => {
    const choices = [...menu.querySelectorAll("button:not(:disabled)")];
    const at = choices.indexOf(document.activeElement);
    const steps = { ArrowDown: at + 1, ArrowUp: at - 1 + choices.length, Home: 0, End: choices.length - 1 };
    if (event.key in steps) {
      event.preventDefault();
      choices[steps[event.key] % choices.length]?.focus();
    } else if (event.key === "Escape" || event.key === "Tab") {
      event.preventDefault();
      event.stopPropagation();
      close(true);
    }
  });
  document.addEventListener("pointerdown", outside, true);
  menu.querySelector("button:not(:disabled)")?.focus();
}
