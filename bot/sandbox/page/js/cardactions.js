// What happens when somebody presses a card's button, or a card refreshes itself: invoke, submit, dialog, consent.
import { post } from "./api.js";
import { openDialog } from "./dialog.js";
import { redraw } from "./posts.js";
import { authentication, byHand, loginRequest } from "./signin.js";
import { keepPersonal, mayRefresh, me, setNote, shownCard, state } from "./state.js";

export const CARD = "application/vnd.microsoft.card.adaptive";
const UNREACHABLE = "Unable to reach app. Please try again.";

const where = (message, person = state.person) => ({ person, conversationId: message.conversationId, messageId: message.id });
const theme = () => (state.theme === "dark" ? "dark" : "default");
const current = (message) => state.messages.get(message.id) ?? message;

const invoke = (message, { id, verb, title, data }, trigger, person, more = {}) => post("/client/execute", {
  ...where(message, person), action: { type: "Action.Execute", id, verb, title, data }, trigger, ...more,
});

/** One deed of one person on one message: buttons rest, the earlier note goes, a failure becomes a red line. */
async function deed(message, work) {
  const person = state.person;
  const key = `${person}|${message.id}`;
  if (state.busy.has(key)) return;
  state.busy.add(key);
  setNote(message, null);
  redraw(message.id);
  let note = null;
  try {
    note = await work(person);
  } catch (problem) {
    note = { kind: "error", text: problem.message || UNREACHABLE };
  }
  state.busy.delete(key);
  setNote(message, note, person);
  redraw(message.id);
}

function outcome(message, index, person, { status, body }) {
  if (status !== 200 || typeof body !== "object" || body === null) return { kind: "error", text: UNREACHABLE };
  const code = body.statusCode ?? 200;
  if (body.type === CARD && code === 200) {
    keepPersonal(message, index, body.value, person);
    return null;
  }
  if (body.type === "application/vnd.microsoft.activity.message") return { kind: "message", text: String(body.value ?? "") };
  if (body.type === "application/vnd.microsoft.activity.loginRequest") return { kind: "message", ...byHand(body.value) };
  return { kind: "error", text: body.value?.message ?? UNREACHABLE };
}

const PRECONDITION_FAILED = "application/vnd.microsoft.error.preconditionFailed";

/** A press. Where the bot asks for a token it is sent again with one, once; the person sees none of it. */
const execute = (message, index, action) => deed(message, async (person) => {
  const first = await invoke(message, action, "manual", person);
  const login = loginRequest(first);
  const sent = login && await authentication(login, person);
  if (!sent) return outcome(message, index, person, first);
  const second = await invoke(message, action, "manual", person, { authentication: sent });
  const failed = second.status === 200 && second.body?.type === PRECONDITION_FAILED;
  return failed ? { kind: "message", ...byHand(login, second.body.value?.message) } : outcome(message, index, person, second);
});

export function pressed(message, index, action) {
  return action.type === "execute" ? execute(message, index, action) : submit(message, action.data);
}

const refreshOf = (message) => (message.attachments ?? [])
  .map((attachment, index) => ({ index, refresh: attachment.contentType === CARD ? shownCard(message, index)?.refresh : null }))
  .find((found) => found.refresh?.action);

export const canRefresh = (message) => Boolean(refreshOf(message));

export function refreshByHand(message) {
  const found = refreshOf(message);
  return found && execute(message, found.index, found.refresh.action);
}

/** Called when a message comes into view. Silent: a refresh that fails leaves the shared card. */
export async function refreshInView(id) {
  const message = state.messages.get(id);
  const found = message && !message.deleted && refreshOf(message);
  if (!found) return;
  const { userIds, action } = found.refresh;
  // Without userIds every member of a conversation of at most 60 people is refreshed.
  if (userIds !== undefined && !userIds.includes(me().mri)) return;
  if (!mayRefresh(message)) return;
  const person = state.person;
  try {
    const answer = await invoke(message, action, "automatic", person);
    // An edit in the meantime makes this answer old: the edit asks again by itself.
    if (state.person !== person || current(message).editedTime !== message.editedTime) return;
    if (answer.status === 200 && answer.body?.type === CARD && (answer.body.statusCode ?? 200) === 200) {
      keepPersonal(message, found.index, answer.body.value, person);
      redraw(id);
    }
  } catch (problem) {
    console.warn("refresh:", problem.message);
  }
}

async function submit(message, data) {
  await deed(message, async (person) => {
    const answer = await post("/client/submit", { ...where(message), data, theme: theme() });
    if (answer.kind === "dialog") {
      if (answer.status !== 200) return { kind: "error", text: UNREACHABLE };
      if (state.person !== person) return null;
      return follow(message, answer.body);
    }
    return answer.status >= 200 && answer.status < 300 ? null : { kind: "error", text: UNREACHABLE };
  });
}

/** A task envelope: opens or changes the dialog. Answers a note when there was nothing to open. */
function follow(message, body) {
  const task = body?.task;
  if (!task) return null;
  if (task.type === "message") {
    openDialog({ title: state.world.botName, text: String(task.value ?? "") });
    return null;
  }
  const { title, card, url, width, height } = task.value ?? {};
  if (!card?.content && !url) return { kind: "error", text: UNREACHABLE };
  openDialog({
    title: title || state.world.botName, card: card?.content, url, width, height,
    onSubmit: async (data) => {
      const answer = await post("/client/dialog", { ...where(message), data, theme: theme() });
      if (answer.status !== 200) return { error: UNREACHABLE };
      if (!answer.body?.task) return { close: true };
      const problem = follow(message, answer.body);
      return problem ? { error: problem.text } : {};
    },
  });
  return null;
}

export async function consent(message, action) {
  await deed(message, async () => {
    const answer = await post("/client/consent", { ...where(message), action });
    if (answer.status < 200 || answer.status >= 300) return { kind: "error", text: UNREACHABLE };
    return { kind: "message", text: action === "accept" ? "You allowed the file." : "You declined the file." };
  });
}
