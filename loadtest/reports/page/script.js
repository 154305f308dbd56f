
"use strict";
{
  const root = document.documentElement;

  const remembered = (value) => {
    try {
      if (value !== undefined) localStorage.setItem("theme", value);
      return localStorage.getItem("theme");
    } catch {
      return null; // a page from a file may keep nothing
    }
  };
  const theme = document.getElementById("theme");
  const themes = ["system", "light", "dark"];
  const setTheme = (name) => {
    if (name === "system") delete root.dataset.theme;
    else root.dataset.theme = name;
    theme.textContent = `Theme: ${name}`;
  };
  setTheme(themes.includes(remembered()) ? remembered() : "system");
  theme.hidden = false;
  theme.addEventListener("click", () => {
    const next = themes[(themes.indexOf(root.dataset.theme ?? "system") + 1) % themes.length];
    setTheme(next);
    remembered(next);
  });

  const openTarget = () => {
    let name = "";
    try {
      name = decodeURIComponent(location.hash.slice(1));
    } catch {
      return;
    }
    const target = name && document.getElementById(name);
    for (let node = target; node; node = node.parentElement) if (node.tagName === "DETAILS") node.open = true;
    if (target) target.scrollIntoView();
  };
  addEventListener("hashchange", openTarget);
  openTarget();

  for (const pre of document.querySelectorAll("pre.curl")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(pre.textContent);
        button.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(pre);
        button.textContent = "Selected";
      }
    });
    pre.previousElementSibling.append(button);
  }

  const table = document.getElementById("operations-table");
  if (table) {
    const body = table.tBodies[0];
    const rows = [...body.rows];
    const cells = new Map(rows.map((row) => [row, [...row.cells].map((cell) => cell.textContent.trim())]));
    const names = new Map(rows.map((row) => [row, row.querySelector("code").textContent]));
    const number = (text) => (text === "" ? -Infinity : Number(text.replaceAll(",", "")));
    const compare = new Intl.Collator("en", { numeric: true }).compare;

    for (const header of table.tHead.rows[0].cells) {
      const column = header.cellIndex;
      const numeric = header.classList.contains("n");
      const button = document.createElement("button");
      button.type = "button";
      button.append(...header.childNodes);
      header.append(button);
      button.addEventListener("click", () => {
        const before = header.getAttribute("aria-sort");
        const first = numeric ? "descending" : "ascending";
        const second = numeric ? "ascending" : "descending";
        const order = before === first ? second : first;
        for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
        header.setAttribute("aria-sort", order);
        const sign = order === "ascending" ? 1 : -1;
        const key = (row) => (column === 0 ? names.get(row) : cells.get(row)[column]);
        const by = numeric ? (a, b) => number(key(a)) - number(key(b)) || 0 : (a, b) => compare(key(a), key(b));
        body.append(...rows.toSorted((a, b) => sign * by(a, b)));
      });
    }

    const form = document.getElementById("filter");
    const headers = [...table.tHead.rows[0].cells];
    const failures = headers.findIndex((cell) => cell.textContent === "failures");
    const show = () => {
      const wanted = form.elements.text.value.toLowerCase().split(/\s+/).filter(Boolean);
      const area = form.elements.area.value;
      const failed = form.elements.failed.checked;
      let shown = 0;
      for (const row of rows) {
        const own = cells.get(row);
        const words = `${names.get(row)} ${own[1]}`.toLowerCase();
        row.hidden =
          !wanted.every((word) => words.includes(word)) || (area && own[1] !== area) || (failed && !own[failures]);
        shown += !row.hidden;
      }
      form.elements.shown.value = `${shown} of ${rows.length}`;
    };
    form.hidden = false;
    form.addEventListener("input", show);
    form.addEventListener("submit", (event) => event.preventDefault());
    show();
  }

  const chart = document.getElementById("chart");
  if (chart) {
    const moments = [...document.getElementById("moments").tBodies[0].rows];
    const outputs = [...chart.querySelectorAll(".key output")];
    const readout = document.getElementById("readout");
    const pointers = [...chart.querySelectorAll("svg.panel")].map((panel) => {
      const line = document.createElementNS("http://www.w3.org/2000/svg", "line");
      line.setAttribute("class", "pointer");
      line.setAttribute("y1", "0");
      line.setAttribute("y2", "86");
      line.setAttribute("visibility", "hidden");
      panel.append(line);
      return line;
    });
    chart.addEventListener("pointermove", (event) => {
      const box = chart.getBoundingClientRect();
      const share = Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1);
      const row = moments[Math.min(Math.floor(share * moments.length), moments.length - 1)];
      for (const line of pointers) {
        line.setAttribute("x1", `${100 * share}%`);
        line.setAttribute("x2", `${100 * share}%`);
        line.setAttribute("visibility", "visible");
      }
      readout.textContent = row.cells[0].textContent;
      outputs.forEach((output, index) => (output.value = row.cells[index + 1].textContent));
    });
    chart.addEventListener("pointerleave", () => {
      for (const line of pointers) line.setAttribute("visibility", "hidden");
      readout.textContent = "";
      for (const output of outputs) output.value = "";
    });
  }
}
