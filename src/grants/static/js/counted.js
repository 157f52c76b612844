// Texts with a limit say how much of it is used, and keep what is typed beyond it.
const counts = (area) => {
  const said = area.nextElementSibling?.matches(".counted") ? area.nextElementSibling : area.insertAdjacentElement("afterend", document.createElement("span"));
  const used = [...area.value.trim()].length;
  said.className = used > area.dataset.most ? "counted small over" : "counted small quiet";
  said.textContent = `${used} / ${area.dataset.most}`;
};
document.addEventListener("input", (event) => {
  if (event.target.matches("textarea[data-most]")) counts(event.target);
});
document.addEventListener("DOMContentLoaded", () => document.querySelectorAll("textarea[data-most]").forEach(counts));
