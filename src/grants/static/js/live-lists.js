// Lists that change in place: the form of filters and the address always say the same.
const here = () => new URLSearchParams(location.search);

// Filters keep the present order and columns; those that say nothing stay out of the address.
document.addEventListener("htmx:configRequest", (event) => {
  const { verb, parameters, elt } = event.detail;
  if (verb !== "get") return;
  if (elt.closest(".filters")) {
    for (const name of ["order", "columns"]) {
      parameters.delete(name);
      here().getAll(name).forEach((value) => parameters.append(name, value));
    }
  }
  for (const name of [...parameters.keys()]) if (parameters.get(name) === "") parameters.delete(name);
});

// A saved view or another page was chosen: the fields follow, but for the one in hand.
document.addEventListener("htmx:pushedIntoHistory", () => {
  const said = here();
  document.querySelectorAll(".filters").forEach((form) => {
    const fields = form.querySelectorAll("input[type=search], select");
    fields.forEach((field) => {
      if (field !== document.activeElement) field.value = said.get(field.name) ?? "";
    });
    const all = form.querySelector("a");
    if (all) all.hidden = ![...fields].some((field) => field.value);
  });
});
