// The sandbox's client and control API. Every call answers JSON or throws an Error with a sentence for a person.

async function call(method, path, body) {
  let response;
  try {
    response = await fetch(path, {
      method,
      headers: body === undefined ? {} : { "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Error("The sandbox does not answer. Is it still running?");
  }
  const text = await response.text();
  let data = null;
  try {
    data = text ? JSON.parse(text) : null;
  } catch {
    data = null;
  }
  if (!response.ok) {
    const problem = data?.error?.message ?? data?.message ?? (typeof data?.error === "string" ? data.error : null);
    throw new Error(problem ?? `${method} ${path.split("?")[0]} was refused (${response.status}).`);
  }
  return data;
}

export const get = (path) => call("GET", path);
export const post = (path, body = {}) => call("POST", path, body);
export const remove = (path) => call("DELETE", path);

/**
 * Live events with reconnect. EventSource reconnects by itself after a dropped line but gives up after an HTTP error, so
 * that case is retried here with a growing pause. `onOpen(again)` lets the caller reload what it may have missed.
 */
export function listen(person, { onEvent, onOpen, onDown }) {
  let source = null;
  let timer = null;
  let pause = 1000;
  let opened = 0;
  const connect = () => {
    source = new EventSource(`/client/events?person=${encodeURIComponent(person)}`);
    source.onopen = () => {
      pause = 1000;
      onOpen(opened++ > 0);
    };
    source.onerror = () => {
      onDown();
      if (source.readyState !== EventSource.CLOSED) return;
      timer = setTimeout(connect, pause);
      pause = Math.min(pause * 2, 15000);
    };
    for (const name of ["message", "conversations", "toast", "typing"]) {
      source.addEventListener(name, (event) => onEvent(name, JSON.parse(event.data)));
    }
  };
  connect();
  return () => {
    clearTimeout(timer);
    source.close();
  };
}
