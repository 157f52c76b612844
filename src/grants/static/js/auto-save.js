// <auto-save url="…">: keeps the form in it as a draft while the person types.
// The answer is a piece of page for [data-kept]; its data-version is that of the next save.
const WAIT_MS = 1200;
const AGAIN_MS = 10000;

customElements.define("auto-save", class extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form");
    this.kept = this.querySelector("[data-kept]");
    this.form.addEventListener("input", () => this.later(WAIT_MS));
    this.form.addEventListener("submit", () => clearTimeout(this.timer));
    addEventListener("pagehide", () => {
      if (this.timer) navigator.sendBeacon(this.getAttribute("url"), this.draft());
    });
  }

  later(wait) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), wait);
  }

  /** What is typed; files are sent with the form itself only. */
  draft() {
    const draft = new FormData(this.form);
    for (const [name, value] of [...draft]) if (value instanceof File) draft.delete(name);
    return draft;
  }

  async save() {
    this.timer = 0;
    if (this.stale) return;
    try {
      const answer = await fetch(this.getAttribute("url"), { method: "POST", body: this.draft(), redirect: "error" });
      if (!answer.ok && answer.status !== 409) throw new Error(answer.status);
      this.stale = answer.status === 409;
      this.kept.innerHTML = await answer.text();
      const version = this.kept.querySelector("[data-version]")?.dataset.version;
      if (version) this.form.elements.version.value = version;
    } catch {
      this.querySelector("[data-trouble]").textContent = this.dataset.failed;
      return this.later(AGAIN_MS);
    }
    this.querySelector("[data-trouble]").textContent = "";
  }
});
