// Starts the page: who looks, which conversation, live events, the switches at the top.
import { get, listen } from "./api.js";
import { closeDialog } from "./dialog.js";
import { rendererReady } from "./cards.js";
import { composeBox } from "./compose.js";
import { avatar, h, icon, toast } from "./dom.js";
import { startFaults } from "./faults.js";
import { drawAll, show } from "./posts.js";
import { exchangeSilently } from "./signin.js";
import { conversationOpen, me, remember, state } from "./state.js";

const byId = (id) => document.getElementById(id);
let stopListening = () => {};
let typingTimer = null;

function segmented(place, name, choices, onPick) {
  const draw = () => place.replaceChildren(...choices.map(([value, title]) => h("button", {
    type: "button", "aria-pressed": String(state[name] === value), testid: `${name}-${value}`,
    onclick: () => { state[name] = value; draw(); onPick(); place.querySelector("[aria-pressed='true']").focus(); },
  }, title)));
  draw();
}

function applyLook() {
  document.documentElement.dataset.theme = state.theme;
  document.documentElement.dataset.width = state.width;
}

function drawPeople() {
  byId("people").replaceChildren(...state.world.people.map((person) => h("button.person", {
    type: "button", "aria-pressed": String(person.key === state.person), "aria-label": person.name, title: `${person.name}: ${person.describe}`,
    testid: `person-${person.key}`, onclick: () => become(person.key),
  }, avatar(person.name), h("span.label", {}, person.name.split(" ")[0]))));
  const person = me();
  byId("who").replaceChildren(h("b", {}, person.name), ` · ${person.describe}`);
}

function drawConversations() {
  const groups = new Map();
  for (const conversation of state.conversations) {
    const group = conversation.kind === "channel" ? conversation.teamName : "Chats";
    groups.set(group, [...(groups.get(group) ?? []), conversation]);
  }
  const rows = [];
  for (const [group, list] of groups) {
    rows.push(h("li", {}, h("h3.rail-group", {}, group), h("ul", {}, list.map((conversation) => h("li", {}, conversationRow(conversation))))));
  }
  byId("conversations").replaceChildren(...rows);
}

const ownMembers = (conversation) => (["shared", "private"].includes(conversation.membership) ? conversation.membership : "");
const hintOf = (conversation) => (conversation.archived ? "archived" : !conversation.botInstalled ? "no bot" : ownMembers(conversation));

function conversationRow(conversation) {
  const unread = state.unread.get(conversation.id) ?? 0;
  return h(`button.conversation${unread ? ".unread" : ""}`, {
    type: "button", testid: "conversation", "aria-current": String(conversation.id === state.open),
    dataset: { conversationId: conversation.id, kind: conversation.kind, name: conversation.name, membership: conversation.membership ?? "" },
    onclick: () => openConversation(conversation.id, { focus: true }),
  },
  avatar(conversation.name, { bot: conversation.kind === "personal", square: conversation.kind !== "groupChat" }),
  h("span.name", {}, conversation.name),
  hintOf(conversation) && h("span.hint", {}, hintOf(conversation)),
  unread > 0 && h("span.badge", { "aria-label": `${unread} unread` }, unread > 99 ? "99+" : String(unread)));
}

async function loadConversations() {
  state.conversations = await get(`/client/conversations?person=${encodeURIComponent(state.person)}`);
  drawConversations();
}

async function openConversation(id, { focus = false } = {}) {
  const person = state.person;
  state.open = id;
  state.unread.delete(id);
  state.messages = new Map();
  const conversation = conversationOpen();
  byId("pane-title").textContent = conversation ? conversation.name : "No conversation chosen";
  byId("pane-subtitle").textContent = conversation ? { channel: [conversation.teamName, ownMembers(conversation) && `${ownMembers(conversation)} channel`].filter(Boolean).join(" · "), personal: "Personal chat", groupChat: "Group chat" }[conversation.kind] : "";
  byId("typing").textContent = "";
  drawConversations();
  byId("compose-place").replaceChildren(...(conversation
    ? [composeBox({ kind: "new", label: conversation.kind === "channel" ? "Start a post" : "Type a message" })] : []));
  byId("teams").dataset.view = focus ? "pane" : byId("teams").dataset.view;
  remember();
  byId("posts").setAttribute("aria-busy", "true");
  if (conversation) await loadMessages(person, id);
  else drawAll();
  if (state.person === person && state.open === id) byId("posts").removeAttribute("aria-busy");
  if (focus && byId("teams").clientWidth <= 700) byId("pane-title").focus();
}

/** After a change of the list: a conversation may be gone, archived, or emptied by a reset of the sandbox. */
async function conversationsChanged() {
  const before = conversationOpen();
  await loadConversations();
  const now = conversationOpen();
  if (!now || now.archived !== before?.archived) return openConversation((now ?? state.conversations[0])?.id ?? null);
  return loadMessages(state.person, state.open, { keepScroll: true, ifGone: true });
}

async function loadMessages(person, id, { ifGone = false, ...options } = {}) {
  try {
    const list = await get(`/client/conversations/${encodeURIComponent(id)}/messages?person=${encodeURIComponent(person)}&limit=60`);
    if (state.person !== person || state.open !== id) return;
    // Events that came while the list was on its way are newer than the list.
    const arrived = state.messages;
    if (ifGone && (!arrived.size || list.some((message) => arrived.has(message.id)))) return;
    if (ifGone) arrived.clear();
    state.messages = new Map(list.map((message) => [message.id, message]));
    for (const [key, message] of arrived) if (!state.messages.has(key)) state.messages.set(key, message);
    drawAll(options);
  } catch (problem) {
    toast(problem.message, "error");
  }
}

function onEvent(name, data) {
  if (name === "toast") toast(data.text);
  else if (name === "conversations") conversationsChanged().catch((problem) => toast(problem.message, "error"));
  else if (name === "typing") showTyping(data);
  else gotMessage(data);
}

function gotMessage(data) {
  if (data.conversationId === state.open) {
    if (data.from.bot) byId("typing").textContent = "";
    show(data);
  } else if (!state.messages.has(data.id) && !data.editedTime && !data.deleted && data.from.key !== state.person) {
    state.unread.set(data.conversationId, (state.unread.get(data.conversationId) ?? 0) + 1);
    drawConversations();
  }
  if (data.change === "created" && data.from.bot) exchangeSilently(data);
}

function showTyping(data) {
  if (data.conversationId !== state.open) return;
  byId("typing").textContent = `${data.from?.name ?? state.world.botName} is typing…`;
  clearTimeout(typingTimer);
  typingTimer = setTimeout(() => { byId("typing").textContent = ""; }, 6000);
}

async function become(key) {
  closeDialog();
  stopListening();
  state.person = key;
  state.unread.clear();
  state.messages = new Map();
  document.documentElement.dataset.loading = "true";
  drawPeople();
  // The sandbox's sign-in page then knows who sits at this browser.
  get(`/client/people/${encodeURIComponent(key)}/signin`).catch(() => {});
  await loadConversations();
  const first = state.conversations.find((conversation) => conversation.kind === "channel") ?? state.conversations[0];
  const stays = conversationOpen() ?? first;
  await openConversation(stays?.id ?? null);
  stopListening = listen(key, {
    onEvent,
    onOpen: (again) => {
      byId("connection").textContent = "";
      if (again && state.open) {
        loadConversations().then(() => loadMessages(key, state.open, { keepScroll: true })).catch((problem) => toast(problem.message, "error"));
      }
      document.documentElement.dataset.live = key;
    },
    onDown: () => {
      byId("connection").textContent = "Reconnecting…";
      delete document.documentElement.dataset.live;
    },
  });
  delete document.documentElement.dataset.loading;
}

async function start() {
  applyLook();
  byId("missing").hidden = rendererReady();
  byId("back").append(icon("back"));
  byId("back").addEventListener("click", () => {
    byId("teams").dataset.view = "list";
    document.querySelector(".conversation[aria-current='true']")?.focus();
  });
  segmented(byId("width-switch"), "width", [["desktop", "Desktop"], ["phone", "Phone"]], () => {
    applyLook();
    remember();
    if (state.open) byId("teams").dataset.view = "pane";
  });
  segmented(byId("theme-switch"), "theme", [["light", "Light"], ["dark", "Dark"]], () => { applyLook(); remember(); drawAll({ keepScroll: true }); });
  try {
    state.world = await get("/client/world");
  } catch (problem) {
    toast(problem.message, "error");
    setTimeout(start, 3000);
    return;
  }
  startFaults(byId("faults"), byId("faults-toggle"));
  if (state.open) byId("teams").dataset.view = "pane";
  await become(me() ? state.person : state.world.people[0].key);
}

start().catch((problem) => toast(problem.message, "error"));
