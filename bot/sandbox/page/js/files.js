// File cards: consent to receive a file, and the file itself.
import { consent } from "./cardactions.js";
import { h, safeLink } from "./dom.js";
import { state } from "./state.js";

export const FILE_CONSENT = "application/vnd.microsoft.teams.card.file.consent";
export const FILE_INFO = "application/vnd.microsoft.teams.card.file.info";

function sizeText(bytes) {
  if (typeof bytes !== "number") return "";
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1024 * 1024 ? `${(bytes / 1024).toFixed(1)} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}
const ending = (name) => (/\.([a-z0-9]{1,4})$/i.exec(name ?? "")?.[1] ?? "file");

export function consentCard(message, attachment) {
  const { description, sizeInBytes } = attachment.content ?? {};
  const busy = state.busy.has(`${state.person}|${message.id}`);
  return h("div.file-card", { testid: "file-consent", "aria-busy": busy ? "true" : "false" },
    h("span.file-icon", { "aria-hidden": "true" }, ending(attachment.name)),
    h("span.file-name", {}, attachment.name ?? "File"),
    h("span.file-detail", {}, [description, sizeText(sizeInBytes)].filter(Boolean).join(" · ")),
    h("div.file-buttons", {},
      h("button.button.primary", { type: "button", disabled: busy, testid: "file-allow", onclick: () => consent(message, "accept") }, "Allow"),
      h("button.button", { type: "button", disabled: busy, testid: "file-decline", onclick: () => consent(message, "decline") }, "Decline")));
}

export function infoCard(attachment) {
  const href = safeLink(attachment.contentUrl ?? "");
  return h("div.file-card", { testid: "file-info" },
    h("span.file-icon", { "aria-hidden": "true" }, attachment.content?.fileType ?? ending(attachment.name)),
    h("span.file-name", {}, attachment.name ?? "File"),
    h("span.file-detail", {}, "Saved in your OneDrive"),
    h("div.file-buttons", {},
      href && h("a.button", { href, download: attachment.name ?? "", testid: "file-download" }, "Download")));
}
