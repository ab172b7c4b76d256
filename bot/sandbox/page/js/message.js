// One message: who, when, text, cards, files, and the line under it that only this person sees.
import { CARD, canRefresh, pressed, refreshByHand } from "./cardactions.js";
import { drawCard } from "./cards.js";
import { avatar, clock, h, icon } from "./dom.js";
import { FILE_CONSENT, FILE_INFO, consentCard, infoCard } from "./files.js";
import { openMenu } from "./menu.js";
import { redraw } from "./posts.js";
import { OAUTH_CARD, oauthCard, signInButton } from "./signin.js";
import { noteOf, setNote, shownCard, state } from "./state.js";
import { messageText } from "./text.js";

function attachmentView(message, attachment, index, room) {
  if (attachment.contentType === CARD) {
    const card = shownCard(message, index);
    const element = drawCard(card, { theme: state.theme, width: room, onAction: (action) => pressed(message, index, action) });
    element.dataset.personal = String(card !== attachment.content);
    if (state.busy.has(`${state.person}|${message.id}`)) {
      element.setAttribute("aria-busy", "true");
      element.inert = true;
    }
    return element;
  }
  if (attachment.contentType === FILE_CONSENT) return consentCard(message, attachment);
  if (attachment.contentType === FILE_INFO) return infoCard(attachment);
  if (attachment.contentType === OAUTH_CARD) return oauthCard(message, attachment);
  if (attachment.contentType === "text/html") return null;
  return h("div.note", { testid: "attachment-unknown" }, `An attachment of type ${attachment.contentType} that this page does not draw.`);
}

function noteView(message) {
  const note = noteOf(message);
  if (!note) return null;
  return h(`div.note${note.kind === "error" ? ".error" : ""}`, { role: note.kind === "error" ? "alert" : "status", testid: "message-note", dataset: { kind: note.kind } },
    h("span", {}, note.text),
    signInButton(note.link),
    h("button.icon-button", { type: "button", "aria-label": "Dismiss", onclick: () => { setNote(message, null); redraw(message.id); } }, icon("close")));
}

function moreButton(message) {
  const card = (message.attachments ?? []).findIndex((attachment) => attachment.contentType === CARD);
  const items = [];
  if (canRefresh(message)) items.push({ title: "Refresh card", onPick: () => refreshByHand(message) });
  if (card >= 0) items.push({ title: "Copy card JSON", onPick: () => navigator.clipboard?.writeText(JSON.stringify(shownCard(message, card), null, 2)) });
  else if (message.text) items.push({ title: "Copy text", onPick: () => navigator.clipboard?.writeText(message.text) });
  items.push({ title: "Copy message id", onPick: () => navigator.clipboard?.writeText(message.id) });
  const button = h("button.icon-button.message-more", {
    type: "button", "aria-label": "More options", "aria-haspopup": "menu", "aria-expanded": "false", testid: "message-more",
    onclick: () => openMenu(button, items),
  }, icon("more"));
  return button;
}

/** room: px that a card may take */
export function messageView(message, room) {
  const own = message.from.key === state.person;
  const element = h(`article.message${own ? ".own" : ""}`, {
    testid: "message", tabindex: "-1", "aria-label": `${message.from.name}, ${clock(message.time)}`,
    dataset: { messageId: message.id, threadId: message.threadId ?? message.id, from: message.from.bot ? "bot" : (message.from.key ?? "") },
  }, avatar(message.from.name, { bot: message.from.bot }));
  const main = h("div.message-main");
  const head = h("div.message-head", {}, h("b", {}, message.from.name), message.from.bot && h("span.tag", {}, "App"),
    h("time", { datetime: message.time }, clock(message.time)), message.editedTime && !message.deleted && h("span", { testid: "edited" }, "Edited"));
  main.append(head);
  element.append(main);
  if (message.deleted) {
    main.append(h("div.message-text.deleted", { testid: "message-text" }, "This message has been deleted."));
    return element;
  }
  if (message.targetedTo) main.append(h("div.only-you", {}, icon("eye"), "Only you can see this message"));
  if (message.text) main.append(messageText(message.text, message.textFormat, message.entities));
  (message.attachments ?? []).forEach((attachment, index) => {
    const view = attachmentView(message, attachment, index, room);
    if (view) main.append(view);
  });
  const note = noteView(message);
  if (note) main.append(note);
  element.append(moreButton(message));
  return element;
}
