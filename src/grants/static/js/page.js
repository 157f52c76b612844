// What every page may need: dialogs, the summary of errors, messages of failed requests.
const shows = (dialog) => {
  dialog.removeAttribute("popover");
  dialog.showModal();
  dialog.querySelector("form :is(input:not([type=hidden]), textarea, select)")?.focus();
};

const opensDialog = (event) => {
  const button = event.target.closest("[data-opens], [data-closes]");
  if (!button) return;
  const dialog = document.getElementById(button.getAttribute("popovertarget"));
  if (!dialog?.showModal) return;
  event.preventDefault();
  if (button.hasAttribute("data-closes")) dialog.close();
  else shows(dialog);
};
document.addEventListener("click", opensDialog);

const readies = () => {
  const dialog = document.querySelector("dialog[data-open]");
  if (dialog) {
    dialog.close();
    shows(dialog);
  }
  document.querySelector("[data-focus]")?.focus();
};
document.addEventListener("DOMContentLoaded", readies);

const SENDING_MS = 4000;

// A form is sent once: a second click waits for the answer of the first.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "yes";
  setTimeout(() => delete form.dataset.sent, SENDING_MS); // downloads leave the page in place
});
window.addEventListener("pageshow", () => {
  document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent);
});

const say = (text) => {
  const box = document.createElement("div");
  box.className = "notice bad";
  box.textContent = text;
  document.getElementById("notices").replaceChildren(box);
};
document.addEventListener("htmx:sendError", () => say(document.body.dataset.lost));
document.addEventListener("htmx:responseError", () => say(document.body.dataset.broken));
