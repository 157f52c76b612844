// <file-input>: says before sending that a file is too large.
customElements.define("file-input", class extends HTMLElement {
  connectedCallback() {
    const input = this.querySelector("input");
    input.addEventListener("change", () => {
      const limit = Number(this.dataset.maxMb ?? 0) * 1024 * 1024;
      const large = limit ? [...input.files].find((file) => file.size > limit) : undefined;
      const said = large ? this.dataset.tooLarge.replace("{name}", large.name) : "";
      this.querySelector("output").textContent = said;
      input.setCustomValidity(said);
    });
  }
});
