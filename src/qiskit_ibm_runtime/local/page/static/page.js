// Updates the live parts of the page: when the server signals a change, fetches the page again.
// Without scripts, everything works after a reload.
"use strict";

const address = document.body.dataset.events;
let fetching = false;
let again = false;

async function refresh() {
  if (fetching) {
    again = true;
    return;
  }
  fetching = true;
  try {
    const answer = await fetch(location.href, { redirect: "error" });
    if (answer.ok) {
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const part of document.querySelectorAll("[data-live]")) replace(part, fresh);
    }
  } catch {
    // The server is down or restarting; the next event fetches again.
  }
  fetching = false;
  if (again) {
    again = false;
    refresh();
  }
}

function replace(part, fresh) {
  const other = fresh.getElementById(part.id);
  const isRead = part.contains(document.activeElement) || part.querySelector("details[open]");
  if (other && !isRead && part.innerHTML !== other.innerHTML) part.innerHTML = other.innerHTML;
}

if (address) {
  const events = new EventSource(address);
  events.onmessage = refresh;
  addEventListener("pagehide", () => events.close());
}
