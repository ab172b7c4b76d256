// One Adaptive Card drawn by Microsoft's renderer, as Teams would: its Markdown subset, mentions, targetWidth, overflow menu.
// Knows nothing of conversations; what the person presses goes to `onAction`.
import { h, safeLink } from "./dom.js";
import { hostConfig } from "./hostconfig.js";
import { openMenu } from "./menu.js";
import { cardText, mentionsOf } from "./text.js";

export const rendererReady = () => Boolean(window.AdaptiveCards && window.markdownit);

// Mentions travel through the renderer as private-use characters and become elements afterwards, so that no text of a card
// can pretend to be one.
const OPEN = "\uE000";
const SHUT = "\uE001";
const RANGES = { VeryNarrow: [0, 165], Narrow: [166, 350], Standard: [351, 768], Wide: [769, Infinity] };

function fits(target, width) {
  const [, bound, name] = /^(?:(atleast|atmost):)?(\w+)$/i.exec(target) ?? [];
  const key = Object.keys(RANGES).find((range) => range.toLowerCase() === name?.toLowerCase());
  if (!key) return true;
  const [low, high] = RANGES[key];
  if (bound?.toLowerCase() === "atleast") return width >= low;
  if (bound?.toLowerCase() === "atmost") return width <= high;
  return width >= low && width <= high;
}

function prepared(card, width) {
  const mentions = [...mentionsOf(card.msteams?.entities)];
  const mark = (text) => mentions.reduce(
    (done, [written], index) => done.split(written).join(OPEN + index + SHUT),
    String(text).replace(/[\uE000\uE001]/g, ""),
  );
  const walk = (value) => {
    if (Array.isArray(value)) return value.filter((item) => !item?.targetWidth || fits(item.targetWidth, width)).map(walk);
    if (value === null || typeof value !== "object") return value;
    const copy = {};
    for (const [key, inner] of Object.entries(value)) {
      if (key === "data") copy[key] = inner;
      else if (key === "iconUrl" && String(inner).startsWith("icon:")) continue;
      else copy[key] = walk(inner);
    }
    if (copy.type === "TextBlock" && typeof copy.text === "string") copy.text = mark(copy.text);
    if (copy.type === "FactSet" && Array.isArray(copy.facts)) {
      copy.facts = copy.facts.map((fact) => ({ ...fact, title: mark(fact.title ?? ""), value: mark(fact.value ?? "") }));
    }
    return copy;
  };
  return { source: walk(card), names: mentions.map(([, name]) => name) };
}

function finish(root, names) {
  const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const marked = [];
  while (texts.nextNode()) if (texts.currentNode.data.includes(OPEN)) marked.push(texts.currentNode);
  for (const node of marked) {
    const parts = node.data.split(/\uE000(\d+)\uE001/);
    node.replaceWith(...parts.map((part, at) => (at % 2 ? h("span.mention", {}, names[Number(part)] ?? "") : part)));
  }
  for (const link of root.querySelectorAll("a[href]")) {
    link.rel = "noopener noreferrer";
    link.target = "_blank";
  }
}

function setUp() {
  const AC = window.AdaptiveCards;
  AC.GlobalSettings.allowMoreThanMaxActionsInOverflowMenu = true;
  AC.GlobalSettings.setTabIndexAtCardRoot = false;
  AC.AdaptiveCard.onProcessMarkdown = (text, result) => {
    result.outputHtml = cardText(text);
    result.didProcess = true;
  };
  setUp.done = true;
}

/** Types that the renderer does not know but whose author gave a fallback: as in Teams, no fault of the card. */
function coveredTypes(value, found = new Map()) {
  if (value === null || typeof value !== "object") return found;
  if (typeof value.type === "string") found.set(value.type, (found.get(value.type) ?? true) && "fallback" in value);
  for (const inner of Object.values(value)) coveredTypes(inner, found);
  return found;
}

function report(card, context, source) {
  const events = [];
  const covered = coveredTypes(source);
  for (let i = 0; i < context.eventCount; i++) {
    const { message } = context.getEventAt(i);
    if (!covered.get(/type "([^"]+)"/.exec(message)?.[1])) events.push(message);
  }
  for (const { event, message } of card.validateProperties().validationEvents) {
    // More than six actions is no fault in Teams: the others go to the overflow menu.
    if (event !== window.AdaptiveCards.ValidationEvent.TooManyActions) events.push(message);
  }
  return events;
}

/**
 * card: the card's JSON. options: {theme: "light"|"dark", width: px the card may take, onAction(action, cardElement)}
 * action: {type: "execute"|"submit", id, verb, title, data}. Action.OpenUrl is opened here.
 * Returns the element; `element.problems` lists what the renderer found wrong with the card.
 */
export function drawCard(card, { theme, width, onAction }) {
  const full = String(card?.msteams?.width ?? "").toLowerCase() === "full";
  const place = h(`div.card${full ? ".full" : ""}`, { testid: "card" });
  place.problems = [];
  if (!rendererReady()) {
    place.append(h("div.card-unsupported", {}, card?.fallbackText ?? "A card. Run `make setup` to install the renderer that draws it."));
    return place;
  }
  if (!setUp.done) setUp();
  const AC = window.AdaptiveCards;
  const room = full ? width : Math.min(width, 512);
  try {
    const { source, names } = prepared(card, room);
    const drawn = new AC.AdaptiveCard();
    drawn.hostConfig = new AC.HostConfig(hostConfig(theme, room <= 400));
    drawn.maxVersion = AC.Versions.v1_5;
    const context = new AC.SerializationContext(AC.Versions.v1_5);
    drawn.parse(source, context);
    place.problems = report(drawn, context, source);
    drawn.onExecuteAction = (action) => perform(action, place, onAction);
    drawn.onInlineCardExpanded = (action, open) => { if (open && action.card.renderedElement) finish(action.card.renderedElement, names); };
    drawn.onDisplayOverflowActionMenu = (actions, target) => {
      openMenu(target, actions.map((action) => ({ title: action.title ?? "", enabled: action.isEffectivelyEnabled(), onPick: () => action.execute() })));
      return true;
    };
    // The renderer has no view of fallbackText, which Teams shows for a version that it does not know.
    const element = drawn.version.compareTo(AC.Versions.v1_5) > 0 ? null : drawn.render();
    if (!element) throw new Error("fallbackText is shown");
    finish(element, names);
    place.append(element);
  } catch (problem) {
    place.problems.push(String(problem?.message ?? problem));
    place.append(h("div.card-unsupported", {}, card?.fallbackText ?? "This card can't be shown."));
  }
  if (place.problems.length) console.warn("card:", place.problems.join("; "));
  return place;
}

function perform(action, place, onAction) {
  const AC = window.AdaptiveCards;
  if (action instanceof AC.OpenUrlAction) {
    const href = safeLink(action.getHref?.() ?? action.url);
    if (href) window.open(href, "_blank", "noopener,noreferrer");
  } else if (action instanceof AC.ExecuteAction) {
    onAction({ type: "execute", id: action.id, verb: action.verb, title: action.title, data: action.data }, place);
  } else if (action instanceof AC.SubmitAction) {
    onAction({ type: "submit", id: action.id, title: action.title, data: action.data }, place);
  }
}
