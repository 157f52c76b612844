// <auto-save url="…">: posts the form around which it stands as a draft while the person types.
const WAIT_MS = 1200;
const AGAIN_MS = 10000;

customElements.define("auto-save", class extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form");
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
    this.says(this.dataset.saving);
    try {
      const answer = await fetch(this.getAttribute("url"), { method: "POST", body: this.draft() });
      if (!answer.ok || answer.redirected) throw new Error(answer.status);
      const time = new Date().toLocaleTimeString("zh-CN", { hour: "2-digit", minute: "2-digit" });
      this.says(this.dataset.saved.replace("{time}", time));
    } catch {
      this.says(this.dataset.failed);
      this.later(AGAIN_MS);
    }
  }

  says(text) {
    this.querySelector(":scope > [role=status]").textContent = text;
  }
});
