// <pick-total>: how many rows are picked and what they come to, before anything happens.
const { yuanText, amountInCapitals } = globalThis.amounts;

customElements.define("pick-total", class extends HTMLElement {
  connectedCallback() {
    this.addEventListener("change", (event) => {
      if (event.target.matches("[data-pick-all]")) {
        this.boxes.forEach((box) => { box.checked = event.target.checked; });
      }
      this.counts();
    });
    window.addEventListener("pageshow", () => this.counts());
    this.counts();
  }

  get boxes() {
    return [...this.querySelectorAll("[data-fen]")];
  }

  counts() {
    const picked = this.boxes.filter((box) => box.checked);
    const total = picked.reduce((sum, box) => sum + BigInt(box.dataset.fen), 0n);
    const all = this.querySelector("[data-pick-all]");
    if (all) {
      all.checked = picked.length > 0 && picked.length === this.boxes.length;
      all.indeterminate = picked.length > 0 && !all.checked;
    }
    const fill = (text) => text.replace("{count}", picked.length).replace("{total}", yuanText(total)).replace("{capitals}", amountInCapitals(total));
    this.querySelectorAll("[data-says]").forEach((place) => { place.textContent = fill(place.dataset.says); });
    this.querySelectorAll("[data-capitals]").forEach((place) => { place.textContent = amountInCapitals(total); });
    const bar = this.querySelector(".dock");
    if (bar) bar.hidden = picked.length === 0;
  }
});
