// Alt and an arrow go through the worklist; a waiting study is shown anew when it has been scored.

document.addEventListener("keydown", event => {
  if (!event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const link = { ArrowUp: "before", ArrowDown: "after" }[event.key];
  if (!link || event.target.matches?.("select, textarea")) return;
  const target = document.getElementById(link);
  if (!target) return;
  event.preventDefault();
  target.click();
});

if (document.querySelector(".waiting")) {
  const number = location.pathname.split("/").pop();
  const events = new EventSource("/events");
  const look = async () => {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (!page.querySelector(".waiting")) location.reload();
  };
  events.addEventListener("study", event => {
    if (event.data.split(" ")[0] === number) look();
  });
  events.onopen = look;
  setInterval(() => events.readyState !== EventSource.OPEN && look(), 5000);
  addEventListener("pagehide", () => events.close());
}
