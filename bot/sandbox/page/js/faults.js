// The panel at the right: common faults, switches, new alerts, deeds in the portal, and the tail of the request log.
import { get, post, remove } from "./api.js";
import { clock, h, icon, toast } from "./dom.js";
import { state } from "./state.js";

const FAULTS = [
  ["graph-429", "Graph says 429", { service: "graph", action: { status: 429, retry_after: 2 } }],
  ["graph-503", "Graph says 503", { service: "graph", action: { status: 503 } }],
  ["graph-slow", "Graph slow, 5 s", { service: "graph", action: { latency: 5 } }],
  ["graph-drop", "Drop after PATCH", { service: "graph", method: "PATCH", action: { drop: "after" } }],
  ["connector-500", "Connector says 500", { service: "connector", action: { status: 500 } }],
  ["connector-drop", "Connector drops", { service: "connector", action: { drop: "before" } }],
  ["partnercenter-down", "Partner Center down", { service: "partnercenter", action: { status: 503 } }],
  ["entra-down", "Entra down", { service: "entra", action: { status: 503 } }],
];
const CHANGES = { service: "partnercenter", method: "POST", match: "/(cancel|reactivate)$" };
const CANCELLING = [
  ["cancel-409", "409: still busy", { ...CHANGES, action: { status: 409, code: "900278" } }],
  ["cancel-mfa", "401: no MFA", { ...CHANGES, action: { status: 401, code: "900421" } }],
  ["cancel-403", "403: no such role", { ...CHANGES, action: { status: 403, code: "900308" } }],
  ["cancel-429", "429: wait 57 s", { ...CHANGES, action: { status: 429, retry_after: 57 } }],
  ["cancel-drop-before", "Drop before it", { ...CHANGES, action: { drop: "before" } }],
  ["cancel-drop-after", "Drop after it", { ...CHANGES, action: { drop: "after" } }],
];
const ROLES = [["globalAdministrator", "Global Admin"], ["adminAgent", "Admin Agent"]];
const SWITCHES = [
  ["app_only_missing_mfa", "Graph refuses app-only reads (missing MFA)"],
  ["filter_unsupported", "Graph refuses $filter"],
  ["stale_echo", "PATCH answers with the old status"],
  ["limits", "Teams' send limits"],
];
const MAY = [["app_may_cancel", "An application may cancel"], ["cancel_answers_200", "Accepted with 200 instead of 202"]];
const POLICIES = [
  ["mfa_required", "Multi-factor authentication is demanded"],
  ["consent_required", "Consent is demanded"],
  ["conditional_access", "Conditional access blocks"],
  ["end_tokens_on_change", "Changes of roles and policies end tokens at once"],
];
const SIGN_INS = [
  ["revoke", "Revoke sign-ins", (name) => `All sign-ins of ${name} are revoked`],
  ["endTokens", "CAE: end tokens", (name) => `The tokens of ${name} are ended`],
  ["revokeConsent", "Revoke consent", (name) => `${name} must consent anew`],
];
const TYPES = [
  "ARM_AnomalousResourceConsumption", "ARM_SuspiciousOperations", "VM_AnomalousDeployment", "AzureBatch_AnomalousDeployment",
  "AzureContainerInstances_AnomalousDeployment", "AzureMachineLearning_AnomalousDeployment", "CryptoMining",
  "ServiceHealthSecurityAdvisory", "UsageAnomalyDetection", "MultiRegionVirtualMachineScaleSetDeploymentAnomaly",
  "NetworkConnectionsToCryptoMiningPools", "VirtualMachineDeploymentAnomaly", "MultiRegionMachineLearningUsageAnomaly",
];
const STORM = 20;
const LOG_ROWS = 60;
const CHOICES = 40;
const EVERY = 2000;

const option = ([value, title]) => h("option", { value }, title);
const select = (testid, choices) => h("select", { testid }, choices.map(option));
const field = (title, control) => h("label", {}, title, control);
const button = (testid, title, onclick) => h("button.button", { type: "button", testid, onclick }, title);

function said(fault) {
  const { service, method, action, times, hits, match } = fault;
  const deed = action.status ? `says ${action.status}` : action.latency ? `slow, ${action.latency} s` : `drops ${action.drop} the deed`;
  const left = times === null ? "until cleared" : `${times} more`;
  return `${service ?? "any"}${method ? ` ${method}` : ""}${match ? ` ${match}` : ""} ${deed} · ${left}${hits ? ` · hit ${hits}` : ""}`;
}

export function startFaults(panel, toggle) {
  const tell = async (work, done) => {
    try {
      const answer = await work();
      if (done) toast(typeof done === "function" ? done(answer) : done);
      await look();
    } catch (problem) {
      toast(problem.message, "error");
    }
  };
  const partnerTenant = () => partner.value;
  const partners = state.world.partners.map((one) => [one.tenantId, one.name]);

  const times = select("fault-times", [["3", "3 times"], ["1", "once"], ["", "until cleared"]]);
  const active = h("ul.fault-list", { testid: "fault-active", "aria-live": "polite" });
  const grid = (faults) => h("div.grid", {}, faults.map(([name, title, fault]) => button(`fault-${name}`, title, () => tell(
    () => post("/control/faults", { ...fault, times: times.value ? Number(times.value) : null }),
  ))));
  const boxed = ([name, title]) => {
    const box = h("input", { type: "checkbox", testid: `switch-${name}`, onchange: () => tell(() => post("/control/switches", { [name]: box.checked })) });
    return { name, box, row: h("label.check", {}, box, title) };
  };
  const troubles = SWITCHES.map(boxed);
  const policies = POLICIES.map(boxed);
  const may = MAY.map(boxed);
  const switches = [...troubles, ...policies, ...may];
  const takes = h("input", { type: "number", min: "0", max: "86400", testid: "cancel-seconds" });
  const setTakes = button("cancel-seconds-set", "Set", () => tell(() => post("/control/switches", { cancel_seconds: Number(takes.value) || 0 }), "Set for the next one"));

  const whose = select("signin-person", state.world.people.map((person) => [person.key, person.name]));
  const whoseName = () => whose.selectedOptions[0].text;
  const spoil = SIGN_INS.map(([action, title, done]) => button(`signin-${action}`, title, () => tell(
    () => post("/client/signins", { person: whose.value, action }), () => done(whoseName()),
  )));
  const account = (removed) => button(removed ? "account-delete" : "account-restore", removed ? "Delete account" : "Restore account", () => tell(
    () => post("/control/people", { person: whose.value, removed }), () => `The account of ${whoseName()} is ${removed ? "deleted" : "there again"}`,
  ));

  const roles = ROLES.flatMap(([role, title]) => [true, false].map((grant) => button(
    `role-${role}-${grant ? "on" : "off"}`, `${grant ? "Activate" : "End"} ${title}`, () => tell(
      () => post("/control/roles", { person: whose.value, role, grant }), () => `${whoseName()}: ${title} is ${grant ? "active" : "not active"}`,
    ),
  )));

  const partner = select("alert-partner", partners);
  const severity = select("alert-severity", ["high", "medium", "low", "informational"].map((word) => [word, word]));
  const type = select("alert-type", [["", "any"], ...TYPES.map((word) => [word, word])]);
  const wanted = () => ({ partner: partnerTenant(), severity: severity.value, ...(type.value ? { alertType: type.value } : {}) });
  const raise = button("alert-raise", "Raise alert", () => tell(() => post("/control/alerts", wanted()), (alert) => `Raised: ${alert.displayName ?? alert.id}`));
  const storm = button("alert-storm", `Storm of ${STORM}`, () => tell(async () => {
    for (let i = 0; i < STORM; i++) await post("/control/alerts", { partner: partnerTenant() });
  }, `Raised ${STORM} alerts`));
  const pace = h("input", { type: "number", min: "0", max: "3600", value: "0", testid: "pace" });
  const setPace = button("pace-set", "Set pace", () => tell(() => post("/control/pace", { seconds: Number(pace.value) || 0 }), "Pace set"));

  const open = h("select", { testid: "portal-alert", "aria-label": "Open alert" });
  const reason = select("portal-reason", [["fraud", "fraud"], ["legitimate", "legitimate"], ["ignore", "ignore"]]);
  const resolve = button("portal-resolve", "Resolve in the portal", () => tell(async () => {
    if (!open.value) throw new Error("There is no open alert.");
    await post(`/control/alerts/${partnerTenant()}/${encodeURIComponent(open.value)}/resolve`, { reason: reason.value });
    await fillOpen();
  }, "Resolved in the portal"));
  const log = h("ol.log", { testid: "request-log", "aria-label": "Requests", tabindex: "0" });

  panel.replaceChildren(
    h("h2", {}, "Faults", h("button.icon-button", { type: "button", "aria-label": "Close the panel", onclick: () => toggle.click() }, icon("close"))),
    h("h3", {}, "In force"), active,
    h("div.row", {}, button("faults-clear", "Clear all", () => tell(() => remove("/control/faults")))),
    h("h3", {}, "Make something fail"), field("How often", times), grid(FAULTS), ...troubles.map(({ row }) => row),
    h("h3", {}, "Signing in"), ...policies.map(({ row }) => row), field("Person", whose), h("div.grid", {}, ...spoil, account(true), account(false)),
    h("h3", {}, "Roles of that person, as in Privileged Identity Management"), h("div.grid", {}, ...roles),
    h("h3", {}, "Partner Center says to a cancel"), grid(CANCELLING), ...may.map(({ row }) => row),
    h("div.row", {}, field("Seconds until a cancel is done", takes), setTakes),
    h("h3", {}, "Alerts"), field("Partner", partner), h("div.row", {}, field("Severity", severity), field("Type", type)),
    h("div.row", {}, raise, storm), h("div.row", {}, field("Seconds between new alerts, 0 for none", pace), setPace),
    h("h3", {}, "As if somebody else acted in Partner Center"), field("Open alert", open), h("div.row", {}, field("Reason", reason), resolve),
    h("h3", {}, "What the bot asked of Microsoft"), log,
  );

  let since = 0;
  async function tail() {
    const entries = await get(`/control/log?since=${since}`);
    since = entries.at(-1)?.seq ?? since;
    for (const entry of entries.slice(-LOG_ROWS)) {
      const bad = entry.status === 0 || entry.status >= 400;
      log.prepend(h(`li${bad ? ".bad" : ""}`, {}, h("span", {}, entry.status || "drop"), h("span", {}, entry.method),
        h("span", {}, `${entry.service} ${shortened(entry.path)}`, h("small", {}, clock(entry.time * 1000)))));
    }
    while (log.children.length > LOG_ROWS) log.lastElementChild.remove();
  }
  async function look() {
    const faults = await get("/control/faults");
    active.replaceChildren(...(faults.length ? faults.map((fault) => h("li", {}, h("span", {}, said(fault)), h("button.icon-button", {
      type: "button", "aria-label": "Clear this fault", onclick: () => tell(() => remove(`/control/faults/${fault.id}`)),
    }, icon("close")))) : [h("li.none", {}, "Nothing: all services answer.")]));
    const values = await get("/control/switches");
    for (const { name, box } of switches) box.checked = Boolean(values[name]);
    await tail();
  }
  async function fillOpen() {
    const alerts = await get(`/control/alerts?partner=${encodeURIComponent(partnerTenant())}`);
    const unresolved = alerts.filter((alert) => alert.status !== "resolved").sort((one, two) => (one.detectedDateTime < two.detectedDateTime ? 1 : -1));
    const kept = open.value;
    open.replaceChildren(...unresolved.slice(0, CHOICES).map((alert) => option([alert.id, `${alert.displayName ?? alert.alertType} (${alert.severity}, ${clock(alert.detectedDateTime)})`])));
    if ([...open.options].some((one) => one.value === kept)) open.value = kept;
  }
  partner.addEventListener("change", () => fillOpen().catch((problem) => toast(problem.message, "error")));
  open.addEventListener("focus", () => fillOpen().catch((problem) => toast(problem.message, "error")));

  let timer = null;
  const show = (wide) => {
    panel.hidden = !wide;
    toggle.setAttribute("aria-expanded", String(wide));
    clearInterval(timer);
    if (!wide) return;
    const turn = () => look().catch((problem) => console.warn("faults:", problem.message));
    turn().then(fillOpen).then(async () => {
      pace.value = (await get("/control/pace")).seconds;
      takes.value = (await get("/control/switches")).cancel_seconds;
    }).catch((problem) => console.warn("alerts:", problem.message));
    timer = setInterval(turn, EVERY);
  };
  toggle.addEventListener("click", () => show(panel.hidden));
}

const shortened = (path) => (path.length > 90 ? `${path.slice(0, 88)}…` : path);
