// <money-input>: capitals and what remains while typing; thousands when the field is left.
const { fenFrom, yuanText, amountInCapitals } = globalThis.amounts;

customElements.define("money-input", class extends HTMLElement {
  connectedCallback() {
    const input = this.querySelector("input");
    input.addEventListener("input", () => this.shows(input));
    input.addEventListener("change", () => {
      const fen = fenFrom(input.value);
      if (fen !== null) input.value = yuanText(fen);
    });
    this.shows(input);
  }

  shows(input) {
    const fen = fenFrom(input.value);
    this.querySelector(".capitals").textContent = fen === null ? "" : amountInCapitals(fen);
    const left = this.querySelector(".left");
    if (!this.dataset.leftFen || !left) return;
    const remains = BigInt(this.dataset.leftFen) - (fen ?? 0n);
    const words = remains < 0n ? this.dataset.over : this.dataset.remains;
    left.classList.toggle("over", remains < 0n);
    left.textContent = fen === null ? "" : words.replace("{amount}", yuanText(remains < 0n ? -remains : remains));
  }
});
