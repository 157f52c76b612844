// <score-sheet>: digits give points to the line in hand, up and down change it, totals follow.
// Where there are grades ([data-grade] is the least total of each), the one that is earned shows.
// Keys work only while the focus is within the sheet (WCAG 2.1.4).
const TYPING_MS = 700;

customElements.define("score-sheet", class extends HTMLElement {
  connectedCallback() {
    this.typed = "";
    this.addEventListener("keydown", (event) => this.takes(event));
    this.addEventListener("change", () => this.totals());
  }

  get lines() {
    return [...this.querySelectorAll(".criterion")];
  }

  takes(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.type !== "radio") return;
    const line = event.target.closest(".criterion");
    if (!line) return;
    if (/^\d$/.test(event.key)) this.gives(line, event.key);
    else if (event.key === "ArrowDown") this.moves(line, 1);
    else if (event.key === "ArrowUp") this.moves(line, -1);
    else if (event.key === "n") document.querySelector("a[data-next]")?.click();
    else return;
    event.preventDefault();
  }

  /** 1 then 7 within a moment is 17; a digit that cannot follow begins anew. */
  gives(line, digit) {
    clearTimeout(this.timer);
    const radioOf = (points) => line.querySelector(`input[value="${Number(points)}"]`);
    const radio = radioOf(this.typed + digit) ?? radioOf(digit);
    this.typed = radio === radioOf(this.typed + digit) ? this.typed + digit : digit;
    this.timer = setTimeout(() => { this.typed = ""; }, TYPING_MS);
    if (!radio) return;
    radio.focus();
    radio.click();
  }

  moves(line, by) {
    this.typed = "";
    const next = this.lines[this.lines.indexOf(line) + by];
    next?.querySelector("input:checked, input")?.focus();
  }

  /** At the lowest and highest tenth words are needed: the field for them shows itself. */
  asks(line, chosen) {
    const words = line.querySelector(".words");
    const margin = Math.floor(line.dataset.top / 10);
    const extreme = chosen && (chosen.value <= margin || chosen.value >= line.dataset.top - margin);
    words.toggleAttribute("data-quiet", !extreme && !words.querySelector("input").value);
  }

  totals() {
    let total = 0, open = 0;
    for (const line of this.lines.filter((one) => one.dataset.top)) {
      const chosen = line.querySelector("input:checked");
      line.querySelector("[data-points]").textContent = chosen?.value ?? "–";
      this.asks(line, chosen);
      total += Number(chosen?.value ?? 0);
      open += chosen ? 0 : 1;
    }
    const sum = document.querySelector("[data-score-total]");
    const left = document.querySelector("[data-score-left]");
    if (sum) sum.textContent = total;
    if (left) left.textContent = open ? left.dataset.some.replace("{count}", open) : left.dataset.none;
    const grades = [...document.querySelectorAll("[data-grade]")];
    const earned = open ? undefined : grades.find((one) => total >= one.dataset.grade);
    for (const one of grades) one.hidden = one !== earned;
  }
});
