// Small DOM helpers. Text always goes in as text nodes; nothing in this page assigns markup from a message.

/** h("button.primary", {onclick, "aria-label": "…", dataset: {}}, "child", node) -> element */
export function h(spec, props = {}, ...children) {
  const [tag, ...classes] = spec.split(".");
  const element = document.createElement(tag || "div");
  if (classes.length) element.className = classes.join(" ");
  for (const [key, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (key === "dataset") Object.assign(element.dataset, value);
    else if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key === "testid") element.dataset.testid = value;
    else if (key in element && key !== "list" && typeof value !== "string") element[key] = value;
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

const STOPS = "button, [href], input, select, textarea, [tabindex]";

/** What stands in the new element where `node` stood in the old one; the element itself where that is gone. */
export function twin(node, old, element) {
  const place = [...old.querySelectorAll(STOPS)].indexOf(node);
  const found = element.querySelectorAll(STOPS)[place];
  return found && found.innerText === node.innerText ? found : element;
}

const PATHS = {
  back: "M10 3 5 8l5 5",
  close: "m4 4 8 8M12 4l-8 8",
  more: "M3.5 8h.01M8 8h.01M12.5 8h.01",
  send: "M2.5 3 14 8 2.5 13l1.5-5zM4 8h5",
  search: "M7 12a5 5 0 1 0 0-10 5 5 0 0 0 0 10zM10.7 10.7 14 14",
  reply: "M6.5 4 3 7.5 6.5 11M3 7.5h6.5a3.5 3.5 0 0 1 3.5 3.5v1",
  eye: "M1.5 8S4 3.8 8 3.8 14.5 8 14.5 8 12 12.2 8 12.2 1.5 8 1.5 8zM8 9.8a1.8 1.8 0 1 0 0-3.6 1.8 1.8 0 0 0 0 3.6z",
  download: "M8 2.5v8M4.8 7.5 8 10.7l3.2-3.2M3 13.5h10",
};

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", PATHS[name]);
  if (name === "more") path.setAttribute("stroke-width", "2.2");
  svg.append(path);
  return svg;
}

const TINTS = ["#8e562e", "#1f6f6b", "#6b4fa0", "#8a3f6d", "#3f6212", "#1d5fa8", "#9a3412"];

export function avatar(name, { bot = false, square = false, size = "" } = {}) {
  if (bot) return h("img.avatar.square", { src: "/page/icon.svg", alt: "" });
  const words = name.split(/\s+/).filter(Boolean);
  const letters = ((words[0]?.[0] ?? "?") + (words.length > 1 ? words[words.length - 1][0] : "")).toUpperCase();
  const sum = [...name].reduce((total, letter) => total + letter.codePointAt(0), 0);
  const element = h(`span.avatar${square ? ".square" : ""}${size ? "." + size : ""}`, { "aria-hidden": "true" }, letters);
  element.style.background = TINTS[sum % TINTS.length];
  return element;
}

export function toast(text, kind = "info") {
  const place = document.getElementById("toasts");
  const element = h(`div.toast${kind === "error" ? ".error" : ""}`, { testid: "toast" }, text);
  place.append(element);
  while (place.children.length > 4) place.firstElementChild.remove();
  setTimeout(() => element.remove(), 8000);
}

/** Only these links may be opened from what a bot or a person sent. */
export function safeLink(url) {
  try {
    const parsed = new URL(url, location.href);
    return ["http:", "https:", "mailto:", "tel:"].includes(parsed.protocol) ? parsed.href : null;
  } catch {
    return null;
  }
}

export const clock = (iso) => new Date(iso).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
export const day = (iso) => new Date(iso).toLocaleDateString([], { weekday: "long", day: "numeric", month: "long" });
