// Sends dropped or chosen films one a request, shows each on its way, and asks for a study's line when an
// event says that it has changed; where events fail, it asks by the clock.

const AT_ONCE = 3; // requests; more would only share the same line
const ASK_AGAIN_MS = 4000;

const form = document.getElementById("upload");
const drop = document.getElementById("drop");
const list = document.getElementById("lines");
const summary = document.getElementById("summary");
const meter = document.getElementById("meter");
const token = form.elements.csrf.value;
let number = form.dataset.upload;
let opening = null;
let listening = null;
const waiting = [];
let nSending = 0;

document.documentElement.classList.add("has-script");

async function upload() {
  if (number) return number;
  opening ??= fetch("/upload/open", { method: "POST", headers: { "X-CSRF-Token": token, Accept: "application/json" } })
    .then(answer => answer.json())
    .then(opened => {
      number = opened.upload;
      history.replaceState(null, "", `/upload/${number}`);
      listen();
      return number;
    });
  return opening;
}

function add(files) {
  const films = [...files].filter(file => file.size > 0 || file.type !== "");
  if (!films.length) return;
  document.getElementById("sent").hidden = false;
  for (const file of films) {
    const line = document.createElement("li");
    line.className = "line sending";
    const what = document.createElement("div");
    what.className = "line-what";
    const name = document.createElement("bdi");
    name.textContent = file.webkitRelativePath || file.name;
    what.append(name);
    const bar = document.createElement("progress");
    bar.max = 1;
    bar.value = 0;
    bar.setAttribute("aria-label", `${form.dataset.sending}: ${file.name}`);
    line.append(what, bar);
    list.prepend(line);
    waiting.push({ file, line, bar });
  }
  tell();
  next();
}

function next() {
  while (nSending < AT_ONCE && waiting.length) {
    nSending += 1;
    send(waiting.shift()).finally(() => {
      nSending -= 1;
      tell();
      next();
    });
  }
}

async function send({ file, line, bar }) {
  try {
    const id = await upload();
    const body = new FormData();
    body.append("films", file, file.webkitRelativePath || file.name);
    for (const field of ["patient_id", "age", "sex", "site"]) body.append(field, form.elements[field].value);
    const answer = await post(`/upload/${id}`, body, share => { bar.value = share; });
    take(answer, line);
  } catch (error) {
    failed(line, error.message);
  }
}

function post(url, body, onProgress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", url);
    request.setRequestHeader("X-CSRF-Token", token);
    request.setRequestHeader("HX-Request", "true");
    request.upload.onprogress = event => event.lengthComputable && onProgress(event.loaded / event.total);
    request.onload = () => {
      const home = request.getResponseHeader("HX-Redirect");
      if (home) location.assign(home);
      if (request.status < 300) resolve(request.responseText);
      else reject(new Error(said(request.responseText)));
    };
    request.onerror = () => reject(new Error(form.dataset.again));
    request.send(body);
  });
}

// The error page's own words, for the line.
function said(html) {
  const page = new DOMParser().parseFromString(html, "text/html");
  return [...page.querySelectorAll("main h1, main h1 + p, main .soft:not(.small)")].map(node => node.textContent).join(". ") || form.dataset.again;
}

function failed(line, words) {
  line.className = "line failed";
  line.dataset.finished = "";
  const chip = document.createElement("span");
  chip.className = "chip failed";
  chip.textContent = form.dataset.failed;
  const text = document.createElement("p");
  text.className = "line-said";
  text.textContent = words;
  line.querySelector("progress").replaceWith(chip, text);
}

// Puts lines that the server made in the place of older ones of the same study, else of the file's own line.
function take(html, ownLine) {
  const parts = new DOMParser().parseFromString(`<ol>${html}</ol>`, "text/html").querySelectorAll("ol > li");
  for (const part of parts) {
    const old = part.id && document.getElementById(part.id);
    if (old) old.replaceWith(part);
    else if (ownLine) ownLine.before(part);
    else list.prepend(part);
  }
  ownLine?.remove();
  tell();
}

function tell() {
  const lines = [...list.children];
  if (!lines.length) return;
  const done = lines.filter(line => "finished" in line.dataset).length;
  const words = { all: lines.length, done, flagged: list.querySelectorAll(".chip.flagged").length, refused: lines.filter(line => "finished" in line.dataset && !line.querySelector(".line-number") && line.querySelector(".advice")).length };
  const text = form.dataset.summary.replace(/\{(\w+)\}/g, (_, key) => words[key]);
  if (summary.textContent !== text) summary.textContent = text;
  meter.value = done / lines.length;
}

function listen() {
  if (listening || !number) return;
  listening = new EventSource(`/events?upload=${number}`);
  listening.addEventListener("study", event => ask(event.data.split(" ")[0]));
  listening.onopen = () => ask(); // what happened before the connection
  setInterval(() => {
    const isDone = !list.querySelector(".line[data-study]:not([data-finished])");
    if (listening.readyState !== EventSource.OPEN && !isDone) ask();
  }, ASK_AGAIN_MS);
}

async function ask(study) {
  const answer = await fetch(`/upload/${number}/lines${study ? `?study=${study}` : ""}`, { headers: { "HX-Request": "true" } });
  if (answer.ok) take(await answer.text());
}

// A dropped folder is read through, level by level.
async function filesOf(transfer) {
  const entries = [...transfer.items].map(item => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some(entry => entry.isDirectory)) return [...transfer.files];
  const found = [];
  while (entries.length) {
    const entry = entries.shift();
    if (entry.isFile) found.push(await new Promise((resolve, reject) => entry.file(resolve, reject)));
    else entries.push(...(await entriesOf(entry.createReader())));
  }
  return found;
}

async function entriesOf(reader) {
  const all = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return all;
    all.push(...some);
  }
}

for (const name of ["files", "folder"]) {
  const input = document.getElementById(name);
  input.addEventListener("change", () => {
    add(input.files);
    input.value = "";
  });
}
for (const kind of ["dragenter", "dragover"]) {
  drop.addEventListener(kind, event => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
for (const kind of ["dragleave", "drop"]) drop.addEventListener(kind, () => drop.classList.remove("over"));
drop.addEventListener("drop", async event => {
  event.preventDefault();
  add(await filesOf(event.dataTransfer));
});
// A film that misses the zone must not make the browser leave the page.
for (const kind of ["dragover", "drop"]) document.addEventListener(kind, event => event.preventDefault());
form.addEventListener("submit", event => event.preventDefault());
if (number) {
  listen();
  tell();
}
