// What the page knows. Personal views and notes belong to one person and one message, as in Teams.

const query = new URLSearchParams(location.search);
const stored = (name, allowed, fallback) => {
  const value = query.get(name) ?? localStorage.getItem(`sandbox-${name}`);
  return allowed.includes(value) ? value : fallback;
};

export const state = {
  world: { people: [], botName: "Alert Desk" },
  person: query.get("person"),
  open: query.get("conversation"),
  theme: stored("theme", ["light", "dark"], matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"),
  width: stored("width", ["desktop", "phone"], "desktop"),
  conversations: [],
  unread: new Map(), // conversation id -> messages that came while it was not open
  messages: new Map(),
  personal: new Map(),
  notes: new Map(),
  busy: new Set(),
  refreshed: new Map(),
  expanded: new Set(),
  signIns: new Map(), // of OAuth cards: {step: "busy"|"done"|"refused", text?}
};

export const me = () => state.world.people.find((person) => person.key === state.person);
export const personCalled = (key) => state.world.people.find((person) => person.key === key);
export const conversationOpen = () => state.conversations.find((conversation) => conversation.id === state.open);

const viewKey = (message, index, person = state.person) => `${person}|${message.conversationId}|${message.id}|${index}`;

/** The card that this person sees for attachment `index`: their personal view until the shared message is edited. */
export function shownCard(message, index) {
  const own = state.personal.get(viewKey(message, index));
  return own && own.edited === message.editedTime ? own.card : message.attachments[index].content;
}
export function keepPersonal(message, index, card, person) {
  state.personal.set(viewKey(message, index, person), { card, edited: state.messages.get(message.id)?.editedTime ?? message.editedTime });
}

const noteKey = (message, person = state.person) => `${person}|${message.conversationId}|${message.id}`;
/** A note that offers a sign-in is over once the message was edited: then what waited for it has happened. */
export function noteOf(message) {
  const note = state.notes.get(noteKey(message));
  return note?.link && note.edited !== message.editedTime ? undefined : note;
}
/** note: {kind: "message"|"error", text, link?: {title, href}} or null */
export function setNote(message, note, person = state.person) {
  const edited = state.messages.get(message.id)?.editedTime ?? message.editedTime;
  if (note) state.notes.set(noteKey(message, person), { ...note, edited });
  else state.notes.delete(noteKey(message, person));
}

const REFRESH_PAUSE = 60_000;
/** Teams asks at most once a minute per message, and again after an edit. Asking counts. */
export function mayRefresh(message) {
  const key = noteKey(message);
  const last = state.refreshed.get(key);
  const now = performance.now();
  if (last && last.edited === message.editedTime && now - last.at < REFRESH_PAUSE) return false;
  state.refreshed.set(key, { at: now, edited: message.editedTime });
  return true;
}

export function remember() {
  localStorage.setItem("sandbox-theme", state.theme);
  localStorage.setItem("sandbox-width", state.width);
  const next = new URLSearchParams({ person: state.person, ...(state.open ? { conversation: state.open } : {}) });
  for (const name of ["theme", "width"]) if (query.has(name)) next.set(name, state[name]);
  history.replaceState(null, "", `?${next}`);
}
