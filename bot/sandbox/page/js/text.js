// Text of messages: Teams' small Markdown and its few HTML tags, rebuilt node by node from an allow-list.
import { h, safeLink } from "./dom.js";

const KEPT = new Set([
  "P", "BR", "B", "STRONG", "I", "EM", "U", "S", "DEL", "STRIKE", "UL", "OL", "LI", "PRE", "CODE", "BLOCKQUOTE", "HR",
  "TABLE", "THEAD", "TBODY", "TR", "TH", "TD",
]);
const DROPPED = new Set(["SCRIPT", "STYLE", "IFRAME", "OBJECT", "EMBED", "SVG", "MATH", "TEMPLATE", "NOSCRIPT", "TITLE", "FORM"]);

let markdown = null;
function messageMarkdown() {
  if (markdown === null && window.markdownit) markdown = window.markdownit({ html: true, linkify: false, breaks: true });
  return markdown;
}

let cardMarkdown = null;
/** What a TextBlock or a Fact understands: bold, italic, lists, links. HTML stays text. */
export function cardText(text) {
  cardMarkdown ??= window.markdownit({ html: false, linkify: false }).disable([
    "heading", "lheading", "table", "image", "code", "fence", "backticks", "blockquote", "hr", "autolink", "reference", "strikethrough",
  ]);
  return cardMarkdown.render(text);
}

function rebuild(node, mentions) {
  if (node.nodeType === Node.TEXT_NODE) return document.createTextNode(node.data);
  if (node.nodeType !== Node.ELEMENT_NODE || DROPPED.has(node.nodeName.toUpperCase())) return null;
  const children = () => [...node.childNodes].map((child) => rebuild(child, mentions)).filter(Boolean);
  const name = node.nodeName.toUpperCase();
  if (name === "AT") {
    const known = mentions.has(`<at>${node.textContent}</at>`);
    return known ? h("span.mention", {}, mentions.get(`<at>${node.textContent}</at>`)) : document.createTextNode(node.textContent);
  }
  if (name === "A") {
    const href = safeLink(node.getAttribute("href") ?? "");
    return href ? h("a", { href, target: "_blank", rel: "noopener noreferrer" }, ...children()) : h("span", {}, ...children());
  }
  if (name === "IMG") return document.createTextNode(node.getAttribute("alt") ?? "");
  return h(KEPT.has(name) ? name.toLowerCase() : "span", {}, ...children());
}

/** entities (as sent) -> Map from "<at>…</at>" to the name shown */
export function mentionsOf(entities) {
  const found = new Map();
  for (const entity of entities ?? []) {
    if (entity?.type === "mention" && entity.text) found.set(entity.text, entity.mentioned?.name ?? entity.text.replace(/<\/?at>/g, ""));
  }
  return found;
}

/** A message's text as nodes. textFormat: markdown (default) | xml | plain */
export function messageText(text, textFormat, entities) {
  const mentions = mentionsOf(entities);
  const place = h("div.message-text", { testid: "message-text" });
  let markup;
  if (textFormat === "plain" || (textFormat !== "xml" && !messageMarkdown())) {
    const escaped = text.replace(/&/g, "&amp;").replace(/</g, "&lt;");
    markup = escaped.replace(/&lt;at>(.*?)&lt;\/at>/g, "<at>$1</at>").replace(/\n/g, "<br>");
  } else {
    markup = textFormat === "xml" ? text : messageMarkdown().render(text);
  }
  const parsed = new DOMParser().parseFromString(markup, "text/html");
  place.append(...[...parsed.body.childNodes].map((node) => rebuild(node, mentions)).filter(Boolean));
  return place;
}
