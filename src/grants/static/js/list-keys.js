// <list-keys>: j and k move between the rows of a table, x picks, Enter opens, / searches.
// A person may turn the keys off (WCAG 2.1.4); the choice stays in a cookie.
const KEPT = "list_keys=off";
const isOff = () => document.cookie.split("; ").includes(KEPT);
const typing = (target) => target.closest("input:not([type=checkbox]), select, textarea, dialog, [contenteditable]");

customElements.define("list-keys", class extends HTMLElement {
  connectedCallback() {
    this.onKey = (event) => this.takes(event);
    document.addEventListener("keydown", this.onKey);
    if (matchMedia("(hover: hover)").matches) this.hint();
  }

  disconnectedCallback() {
    document.removeEventListener("keydown", this.onKey);
  }

  hint() {
    const said = document.createElement("p");
    said.className = "keys";
    const words = [["j", ""], ["k", this.dataset.move], ["x", this.dataset.pick], ["Enter", this.dataset.open], ["/", this.dataset.find]];
    for (const [key, word] of words) {
      if (key === "x" && !this.querySelector("[data-fen]")) continue;
      const cap = document.createElement("kbd");
      cap.textContent = key;
      said.append(cap, word);
    }
    const turn = document.createElement("button");
    turn.type = "button";
    turn.className = "link";
    const name = () => { turn.textContent = isOff() ? this.dataset.on : this.dataset.off; };
    turn.addEventListener("click", () => {
      document.cookie = isOff() ? "list_keys=; path=/; max-age=0" : `${KEPT}; path=/; max-age=31536000; samesite=lax`;
      name();
    });
    name();
    said.append(turn);
    this.prepend(said);
  }

  takes(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || isOff()) return;
    if (document.querySelector("dialog:modal") || typing(event.target)) return;
    const act = { j: () => this.moves(1), k: () => this.moves(-1), x: () => this.picks(), "/": () => this.finds() }[event.key];
    if (act?.()) event.preventDefault();
  }

  get links() {
    return [...this.querySelectorAll("tbody a.open")];
  }

  get row() {
    return document.activeElement.closest("list-keys tbody tr");
  }

  moves(by) {
    const links = this.links;
    const at = links.findIndex((link) => this.row?.contains(link));
    const next = links[at < 0 ? 0 : Math.min(Math.max(at + by, 0), links.length - 1)];
    next?.focus();
    next?.closest("tr").scrollIntoView({ block: "nearest" });
    return Boolean(next);
  }

  picks() {
    const box = this.row?.querySelector("[data-fen]");
    box?.click();
    return Boolean(box);
  }

  finds() {
    const search = document.querySelector("[data-search]");
    search?.select();
    return Boolean(search);
  }
});
