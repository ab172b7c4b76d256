// Single sign-on as the Teams client does it: silently with a token of its own, and by a button where that does not work.
import { post } from "./api.js";
import { h, safeLink } from "./dom.js";
import { redraw } from "./posts.js";
import { state } from "./state.js";

export const OAUTH_CARD = "application/vnd.microsoft.card.oauth";
const LOGIN_REQUEST = "application/vnd.microsoft.activity.loginRequest";

/** The value of a login request that an invoke was answered with, else null. */
export const loginRequest = ({ status, body }) => (status === 200 && body?.type === LOGIN_REQUEST ? body.value ?? {} : null);

/** {text, link: {title, href}|null}: what is shown where the person must sign in by hand. */
export function byHand(value, text = value?.text) {
  const button = (value?.buttons ?? []).find((one) => one.type === "signin");
  const href = button && safeLink(button.value);
  return { text: text || "Sign in to go on.", link: href ? { title: button.title || "Sign in", href } : null };
}

/** The `authentication` with which a press is sent again, or null where Teams gets no token for this bot and person. */
export async function authentication(value, person) {
  const wanted = value.tokenExchangeResource;
  if (!wanted?.id) return null;
  try {
    const { token } = await post("/client/ssotoken", { person });
    return { id: wanted.id, connectionName: value.connectionName, token };
  } catch (problem) {
    console.warn("single sign-on:", problem.message);
    return null;
  }
}

const keyOf = (message, person = state.person) => `${person}|${message.id}`;

/** An OAuth card came in a personal chat: every open client of the person sends a token by itself, once. */
export async function exchangeSilently(message) {
  const card = (message.attachments ?? []).find((one) => one.contentType === OAUTH_CARD)?.content;
  const kind = state.conversations.find((one) => one.id === message.conversationId)?.kind;
  const wanted = card?.tokenExchangeResource;
  const person = state.person;
  const key = keyOf(message, person);
  if (!wanted?.id || kind !== "personal" || state.signIns.has(key)) return;
  state.signIns.set(key, { step: "busy" });
  redraw(message.id);
  let step = { step: "refused" };
  try {
    const { status, body } = await post("/client/signin", {
      person, conversationId: message.conversationId, messageId: message.id, exchangeId: wanted.id,
    });
    step = status === 200 ? { step: "done" } : { step: "refused", text: body?.failureDetail };
  } catch (problem) {
    console.warn("single sign-on:", problem.message);
  }
  state.signIns.set(key, step);
  redraw(message.id);
}

export function oauthCard(message, attachment) {
  const { step, text } = state.signIns.get(keyOf(message)) ?? {};
  if (step === "busy") return h("div.note", { role: "status", testid: "oauth-card", dataset: { step } }, h("span", {}, "Signing you in…"));
  if (step === "done") return h("div.note", { role: "status", testid: "oauth-card", dataset: { step } }, h("span", {}, "Teams handed over your sign-in."));
  const shown = byHand(attachment.content, text);
  return h("div.note", { testid: "oauth-card", dataset: { step: step ?? "waiting" } }, h("span", {}, shown.text), signInButton(shown.link));
}

export const signInButton = (link) => link && h("a.button", { href: link.href, target: "_blank", rel: "noopener", testid: "sign-in" }, link.title);
