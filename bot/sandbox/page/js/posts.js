// The middle: posts with their threads in a channel, messages in a chat. Redraws one message at a time.
import { refreshInView } from "./cardactions.js";
import { composeBox } from "./compose.js";
import { day, h, icon, twin } from "./dom.js";
import { menuMoved } from "./menu.js";
import { messageView } from "./message.js";
import { conversationOpen, state } from "./state.js";

const SHOWN_REPLIES = 4;
const place = document.getElementById("posts");
const newest = document.getElementById("newest");
const threads = new Map();
let lastDay = "";

const inView = new IntersectionObserver((entries) => {
  for (const entry of entries) if (entry.isIntersecting) refreshInView(entry.target.dataset.messageId);
}, { root: place, threshold: 0.1 });

const isChannel = () => conversationOpen()?.kind === "channel";
const elementOf = (id) => place.querySelector(`[data-message-id="${CSS.escape(id)}"]`);
const nearBottom = () => place.scrollHeight - place.scrollTop - place.clientHeight < 120;

/** px that a card may take, as the style sheet lays posts out */
function room(message) {
  const width = place.clientWidth;
  if (width < 700) return Math.max(200, width - 38);
  return Math.min(width - 40, 880) - 76 - (message.threadId ? 16 : 0);
}

export function scrollToNewest() {
  place.scrollTop = place.scrollHeight;
  newest.hidden = true;
}

function draw(message) {
  const element = messageView(message, room(message));
  inView.observe(element);
  return element;
}

function dayLine(message) {
  const text = day(message.time);
  if (text === lastDay) return;
  lastDay = text;
  place.append(h("div.day", { role: "separator" }, text));
}

function threadFor(message) {
  const id = message.threadId ?? message.id;
  if (threads.has(id)) return threads.get(id);
  dayLine(message);
  const thread = {
    id,
    root: h("div.root"),
    replies: h("div.replies"),
    foot: h("div.thread-foot"),
  };
  thread.element = h("section.thread", { testid: "thread", dataset: { threadId: id }, "aria-label": "Post and its replies" }, thread.root, thread.replies, thread.foot);
  const reply = h("button.link-button", { type: "button", testid: "reply", onclick: () => openReply(thread) }, icon("reply"), "Reply");
  thread.foot.append(reply);
  threads.set(id, thread);
  place.append(thread.element);
  return thread;
}

function openReply(thread) {
  const box = composeBox({ kind: "reply", threadId: thread.id, label: "Reply" });
  thread.foot.replaceChildren(box);
  box.querySelector("textarea").focus();
  thread.element.scrollIntoView({ block: "nearest" });
}

function foldReplies(thread) {
  const replies = [...thread.replies.querySelectorAll(".message")];
  thread.replies.querySelector(".link-button")?.remove();
  const hidden = state.expanded.has(thread.id) ? 0 : Math.max(0, replies.length - SHOWN_REPLIES);
  replies.forEach((reply, index) => { reply.hidden = index < hidden; });
  if (hidden) {
    thread.replies.prepend(h("button.link-button", {
      type: "button", testid: "show-replies",
      onclick: () => { state.expanded.add(thread.id); foldReplies(thread); },
    }, `See ${hidden} earlier ${hidden === 1 ? "reply" : "replies"}`));
  }
}

function insert(message) {
  const element = draw(message);
  if (!isChannel()) {
    dayLine(message);
    place.append(element);
    return;
  }
  const thread = threadFor(message);
  if (message.threadId && message.threadId !== message.id) {
    thread.replies.append(element);
    foldReplies(thread);
  } else {
    thread.root.replaceChildren(element);
  }
}

function empty() {
  const conversation = conversationOpen();
  if (!conversation) return h("div.empty", {}, h("b", {}, "Choose a conversation"), "Channels, the personal chat with the bot and group chats are on the left.");
  return h("div.empty", { testid: "empty" }, h("b", {}, "Nothing here yet"),
    conversation.kind === "channel" ? "Alerts appear here as posts. Say help to Alert Desk to begin." : "Say help to Alert Desk to begin.");
}

/** Draws state.messages from the start. */
export function drawAll({ keepScroll = false } = {}) {
  const from = place.scrollTop;
  const stick = !keepScroll || nearBottom();
  inView.disconnect();
  threads.clear();
  lastDay = "";
  place.replaceChildren();
  place.classList.toggle("chat", !isChannel());
  for (const message of state.messages.values()) insert(message);
  if (!state.messages.size) place.append(empty());
  if (stick) scrollToNewest();
  else place.scrollTop = from;
}

export function redraw(id) {
  const old = elementOf(id);
  const message = state.messages.get(id);
  if (!old || !message) return;
  const stick = nearBottom();
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  const element = draw(message);
  element.hidden = old.hidden;
  inView.unobserve(old);
  old.replaceWith(element);
  menuMoved(old, element);
  if (focused) twin(focused, old, element).focus({ preventScroll: true });
  if (stick) scrollToNewest();
}

/** A message that arrived or changed. */
export function show(message) {
  const known = state.messages.has(message.id);
  state.messages.set(message.id, message);
  if (known) return redraw(message.id);
  const stick = nearBottom() || message.from.key === state.person;
  place.querySelector(".empty")?.remove();
  insert(message);
  const element = elementOf(message.id);
  const last = !message.threadId || element.closest(".thread") === place.lastElementChild;
  if (message.threadId && message.from.key === state.person) element.scrollIntoView({ block: "nearest" });
  else if (stick && last) reveal(element);
  else if (!message.threadId) newest.hidden = false;
}

/** To the bottom, but never past the beginning of what is new. */
function reveal(element) {
  scrollToNewest();
  const above = place.getBoundingClientRect().top - element.getBoundingClientRect().top;
  if (above > 0) place.scrollTop -= above + 8;
}

newest.addEventListener("click", scrollToNewest);
place.addEventListener("scroll", () => { if (nearBottom()) newest.hidden = true; }, { passive: true });

// The renderer is told how wide a card may be, so a change of layout draws the cards again. Who stood at the newest post
// still does afterwards, however much taller the posts became.
let shape = "";
let atBottom = true;
place.addEventListener("scroll", () => { atBottom = nearBottom(); }, { passive: true });
new ResizeObserver(() => {
  const stay = atBottom;
  const width = room({});
  const next = [350, 400, 512, 768].map((edge) => width > edge).join();
  if (shape && next !== shape && state.messages.size) drawAll({ keepScroll: true });
  shape = next;
  if (stay) scrollToNewest();
}).observe(place);
