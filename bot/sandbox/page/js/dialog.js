// A dialog (task module) inside the Teams frame: modal on a desktop, a sheet on a phone.
import { drawCard } from "./cards.js";
import { h, icon, safeLink } from "./dom.js";
import { state } from "./state.js";

const WIDTHS = { small: 20, medium: 50, large: 60 };
const HEIGHTS = { small: 20, medium: 50, large: 66 };
let shut = null;

function size(value, words, whole) {
  if (typeof value === "number") return `${value}px`;
  return value in words ? `${Math.max(320, Math.round((whole * words[value]) / 100))}px` : null;
}

/** {title, card | text | content | url, width?, height?, onSubmit(data) -> {close?|error?}}; a new one takes the place of the old. */
export function openDialog({ title, card, text, content, url, width, height, onSubmit }) {
  const opener = shut?.opener ?? document.activeElement;
  shut?.({ keep: true });
  const teams = document.getElementById("teams");
  const overlay = document.getElementById("overlay");
  const others = [...teams.children].filter((child) => child !== overlay);
  const room = teams.getBoundingClientRect();
  const note = h("div.note.error.dialog-note", { testid: "dialog-note", role: "alert", hidden: true });
  const body = h("div.dialog-body");
  const dialog = h(
    "div.dialog",
    { role: "dialog", "aria-modal": "true", "aria-labelledby": "dialog-title", tabindex: "-1", testid: "dialog" },
    h("header", {}, h("h2", { id: "dialog-title", testid: "dialog-title" }, title),
      h("button.icon-button", { type: "button", "aria-label": "Close", testid: "dialog-close", onclick: () => close() }, icon("close"))),
    body, note,
  );
  const wide = size(width, WIDTHS, room.width);
  const high = size(height, HEIGHTS, room.height);
  if (wide) dialog.style.width = wide;
  if (high && card) dialog.style.minHeight = `min(${high}, 100%)`;

  const close = ({ keep = false } = {}) => {
    overlay.removeEventListener("keydown", keys);
    overlay.replaceChildren();
    overlay.hidden = true;
    for (const other of others) other.inert = false;
    shut = null;
    if (!keep && opener?.isConnected) opener.focus();
  };
  close.opener = opener;

  const send = async (action, drawn) => {
    if (action.type !== "submit" || !onSubmit || drawn.getAttribute("aria-busy") === "true") return;
    drawn.setAttribute("aria-busy", "true");
    drawn.inert = true;
    note.hidden = true;
    let answer;
    try {
      answer = await onSubmit(action.data);
    } catch (problem) {
      answer = { error: problem.message };
    }
    if (shut !== close) return;
    drawn.removeAttribute("aria-busy");
    drawn.inert = false;
    if (answer.close) close();
    if (answer.error) {
      note.textContent = answer.error;
      note.hidden = false;
    }
  };
  const keys = (event) => {
    if (event.key === "Escape") {
      event.stopPropagation();
      close();
    } else if (event.key === "Tab") {
      const stops = [...dialog.querySelectorAll("button, [href], input, select, textarea, [tabindex='0']")].filter((one) => !one.disabled && one.offsetParent);
      const first = stops[0];
      const last = stops[stops.length - 1];
      if (event.shiftKey && [first, dialog].includes(document.activeElement)) { event.preventDefault(); last.focus(); }
      else if (!event.shiftKey && document.activeElement === last) { event.preventDefault(); first.focus(); }
    }
  };

  if (card) {
    const room = Math.min(dialog.style.width ? parseInt(dialog.style.width, 10) : 440, teams.clientWidth) - 48;
    body.append(drawCard(card, { theme: state.theme, width: room, onAction: send }));
  } else if (content) {
    body.append(content);
  } else if (text !== undefined) {
    body.append(h("p", { testid: "dialog-text" }, text), h("p", {}, h("button.button", { type: "button", onclick: () => close() }, "OK")));
  } else {
    const href = safeLink(url);
    body.append(h("p", {}, href ? h("a", { href, target: "_blank", rel: "noopener noreferrer" }, "Open the page of this dialog") : "This dialog's address can't be opened."));
  }
  overlay.replaceChildren(dialog);
  overlay.hidden = false;
  for (const other of others) other.inert = true;
  overlay.addEventListener("keydown", keys);
  shut = close;
  (body.querySelector("input, select, textarea") ?? dialog).focus();
}

export const closeDialog = () => shut?.();
