// Rows follow what happens at the station; the keyboard goes through them; one tick ticks all.

document.documentElement.classList.add("has-script");
const table = () => document.getElementById("rows");

document.addEventListener("change", event => {
  if (event.target.id !== "all") return;
  for (const box of table().querySelectorAll('input[name="study"]')) box.checked = event.target.checked;
});

// Up and down while a row's link has the focus; links alone, so that no key is taken from anything else.
document.addEventListener("keydown", event => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || !event.target.matches?.(".row-link") || event.altKey || event.ctrlKey || event.metaKey) return;
  const links = [...document.querySelectorAll(".row-link")];
  const next = links[links.indexOf(event.target) + step];
  if (!next) return;
  event.preventDefault();
  next.focus();
});

// A tab of the list chosen by link keeps what the filter's form holds: the form is made anew with the page.
async function refresh(study) {
  const row = document.getElementById(`row-${study}`);
  const list = document.getElementById("list");
  if (!row) {
    if (!location.search.includes("after=")) document.getElementById("fresh").hidden = false;
    return;
  }
  const answer = await fetch(`/worklist/studies/${study}?${list.dataset.query}`, { headers: { "HX-Request": "true" } });
  if (!answer.ok) return;
  const body = new DOMParser().parseFromString(`<table>${await answer.text()}</table>`, "text/html");
  const fresh = body.querySelector("tr");
  if (!fresh) return;
  fresh.querySelector('input[name="study"]').checked = row.querySelector('input[name="study"]').checked;
  if (!row.contains(document.activeElement)) row.replaceWith(fresh);
}

const events = new EventSource("/events");
events.addEventListener("study", event => refresh(event.data.split(" ")[0]));
addEventListener("pagehide", () => events.close());
