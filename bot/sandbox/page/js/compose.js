// A compose box: the mention of the bot pre-set and removable, Enter sends, Shift+Enter makes a line.
import { post } from "./api.js";
import { h, icon, toast } from "./dom.js";
import { openMenu } from "./menu.js";
import { openSearch } from "./search.js";
import { conversationOpen, state } from "./state.js";

/** kind: "new"|"reply"; threadId for a reply */
export function composeBox({ kind, threadId = null, label }) {
  const conversation = conversationOpen();
  const bot = state.world.botName;
  const personal = conversation.kind === "personal";
  let mention = !personal;

  const text = h("textarea", { rows: "1", "aria-label": label, placeholder: personal ? "Type a message, for example help" : label, testid: `compose-${kind}` });
  const send = h("button.icon-button.send", { type: "button", "aria-label": "Send", testid: `send-${kind}`, disabled: true }, icon("send"));
  const hint = h("p.compose-hint", { hidden: true }, `${bot} hears only posts that mention it.`);
  const mentionPlace = h("span", { hidden: personal });
  const people = h("button.icon-button", { type: "button", "aria-label": "Mention a person", "aria-haspopup": "menu", "aria-expanded": "false", hidden: personal }, "@");

  const find = h("button.icon-button", { type: "button", "aria-label": "Find an alert", "aria-haspopup": "dialog", title: "Find an alert", testid: `find-${kind}`, onclick: () => openSearch(threadId) }, icon("search"));

  const showMention = () => {
    hint.hidden = personal || mention;
    mentionPlace.replaceChildren(mention
      ? h("span.chip", { testid: "mention" }, bot, h("button.icon-button", { type: "button", "aria-label": `Remove the mention of ${bot}`, testid: "mention-remove", onclick: () => { mention = false; showMention(); text.focus(); } }, icon("close")))
      : h("button.chip.add", { type: "button", testid: "mention-add", onclick: () => { mention = true; showMention(); text.focus(); } }, `@${bot}`));
  };
  const ready = () => { send.disabled = !text.value.trim(); };
  const go = async () => {
    const words = text.value.trim();
    if (!words) return;
    // The box is free at once: the answer only comes when the bot has taken the message.
    text.value = "";
    ready();
    try {
      const answer = await post("/client/messages", { person: state.person, conversationId: conversation.id, threadId, text: words, mentionBot: personal || mention });
      const status = answer?.delivered?.status;
      if (typeof status === "number" && (status < 200 || status > 299)) toast(`${bot} did not take the message${status ? ` (${status})` : ": it does not answer"}.`, "error");
    } catch (problem) {
      toast(problem.message, "error");
      if (!text.value) text.value = words;
      ready();
    }
  };

  text.addEventListener("input", ready);
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      go();
    }
  });
  send.addEventListener("click", go);
  people.addEventListener("click", () => openMenu(people, state.world.people.map((person) => ({
    title: person.name,
    onPick: () => {
      text.setRangeText(`@[${person.key}] `, text.selectionStart, text.selectionEnd, "end");
      ready();
      text.focus();
    },
  }))));
  showMention();
  if (conversation.archived) {
    text.disabled = true;
    text.placeholder = "This team is archived: nobody can write here";
  }
  return h("div.compose", { testid: `compose-box-${kind}`, dataset: { threadId: threadId ?? "" } },
    h("div.compose-row", {}, mentionPlace, text, find, people, send), hint);
}
