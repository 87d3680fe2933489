// What every page does beyond plain links and forms; each works without it, less quickly.

// An open menu closes on Escape (its button gets the focus back) and when something else is chosen.
const openMenus = () => document.querySelectorAll("details.menu[open]");
document.addEventListener("keydown", event => {
  if (event.key !== "Escape") return;
  for (const menu of openMenus()) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});
document.addEventListener("click", event => {
  for (const menu of openMenus()) if (!menu.contains(event.target)) menu.open = false;
});
