// The search beside the compose box: type, pick, and the card of what was picked is posted as one's own.
import { post } from "./api.js";
import { closeDialog, openDialog } from "./dialog.js";
import { h, safeLink, toast } from "./dom.js";
import { conversationOpen, state } from "./state.js";

const SILENT = "silentAuth";

/** One search. Where the bot asks for a token it is sent again with one, once; the person sees none of it. */
async function found(person, conversationId, text) {
  const asked = { person, conversationId, text };
  const first = await post("/client/search", asked);
  if (first.body?.composeExtension?.type !== SILENT) return first;
  try {
    const { token } = await post("/client/ssotoken", { person });
    return await post("/client/search", { ...asked, authentication: { token } });
  } catch (problem) {
    console.warn("single sign-on:", problem.message);
    return first;
  }
}

function signIn(extension) {
  const action = (extension.suggestedActions?.actions ?? []).find((one) => one.type === "openUrl");
  const href = action && safeLink(action.value);
  return href ? h("a.button", { href, target: "_blank", rel: "noopener", testid: "sign-in" }, action.title || "Sign in") : null;
}

export function openSearch(threadId) {
  const person = state.person;
  const conversationId = conversationOpen().id;
  const words = h("input.search-words", { type: "search", "aria-label": "Find an alert", placeholder: "Number, id, subscription or customer", testid: "search-words" });
  const list = h("ul.search-results", { testid: "search-results", "aria-label": "Alerts" });
  const note = h("p.search-note", { role: "status", testid: "search-note" });
  let latest = 0;

  const insert = async (attachment) => {
    closeDialog();
    try {
      await post("/client/insert", { person, conversationId, threadId, card: attachment.content });
    } catch (problem) {
      toast(problem.message, "error");
    }
  };
  const line = (attachment) => {
    const { title, subtitle, text } = attachment.preview?.content ?? {};
    return h("li", {}, h("button.search-result", { type: "button", testid: "search-result", onclick: () => insert(attachment) },
      h("b", {}, title ?? ""), h("span", {}, subtitle ?? ""), h("small", {}, text ?? "")));
  };
  const ask = async () => {
    const mine = ++latest;
    note.textContent = "Searching…";
    let answer;
    try {
      answer = await found(person, conversationId, words.value.trim());
    } catch (problem) {
      answer = { status: 0, body: null, text: problem.message };
    }
    if (mine !== latest) return; // a later letter has asked already
    const extension = answer.status === 200 ? answer.body?.composeExtension : null;
    list.replaceChildren(...(extension?.attachments ?? []).map(line));
    if (!extension) note.textContent = answer.text ?? "Unable to reach app. Please try again.";
    else if (extension.type === "result") note.textContent = "";
    else if (extension.type === "message") note.textContent = extension.text;
    else note.replaceChildren("Sign in to search. ", signIn(extension) ?? "");
  };
  words.addEventListener("input", ask);
  openDialog({ title: `Find an alert · ${state.world.botName}`, content: h("div.search", {}, words, note, list) });
  ask();
}
