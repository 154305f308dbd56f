
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

  const decoded = () => {
    try {
      return decodeURIComponent(location.hash.slice(1));
    } catch {
      return "";
    }
  };
  const openUp = (target) => {
    for (let node = target; node; node = node.parentElement) if (node.tagName === "DETAILS") node.open = true;
    const own = target.querySelector(":scope > td > details");
    if (own) own.open = true;
    target.scrollIntoView();
  };

  // The search: operations, failures, checks and lists of operations.
  const search = document.getElementById("search");
  const parts = [
    ["failure", ".failure-item"],
    ["check", "#checks-list > li"],
    ["", ".named > li"],
  ].map(([noun, selector]) => [noun, [...document.querySelectorAll(selector)], new Map()]);
  let searching = false;
  const groups = [...document.querySelectorAll("details.group")];
  const wereOpen = new Map(groups.map((group) => [group, group.open]));
  const wanted = () => search.elements.q.value.toLowerCase().split(/\s+/).filter(Boolean);
  const plural = (number, noun) => `${number || "no"} ${noun}${number === 1 ? "" : "s"}`;

  const table = document.getElementById("operations-table");
  const operations = table && operationTable();

  function operationTable() {
    const body = table.tBodies[0];
    const headers = [...table.tHead.rows[0].cells];
    const keys = headers.map((header) => header.dataset.key);
    const more = document.getElementById("more");
    const form = document.getElementById("filter");
    const step = matchMedia("(max-width: 44rem)").matches ? 20 : 60;
    const number = (text) => (text === "" ? -Infinity : Number(text.replaceAll(",", "")));
    const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
    const amount = (value) => value.toLocaleString("en-US");
    const ms = (value) => (value === null ? "" : value < 9.95 ? value.toFixed(1) : amount(Math.round(value)));
    const written = {
      requests: amount,
      failures: (value) => (value ? amount(value) : ""),
      allowed: (value) => (value ? amount(value) : ""),
      received: (value) => (value / 1000).toFixed(1),
    };

    const rows = [...body.rows].map((element) => {
      const texts = [...element.cells].map((cell) => cell.textContent.trim());
      const row = { element, anchor: element.id };
      keys.forEach((key, index) => {
        row[key] = headers[index].classList.contains("n") ? number(texts[index]) : texts[index];
      });
      row.received *= 1000; // shown in kB
      row.name = element.querySelector("code").textContent;
      return row;
    });
    const names = "name anchor area requests failures allowed p50 p95 p99 max received".split(" ");
    const areas = [...form.elements.area.options].slice(1).map((option) => option.text);
    const data = document.getElementById("brief");
    // With details; all text of a row is escaped, so that no other tag starts like this.
    const detailed = (document.getElementById("rest")?.textContent ?? "").split('<tr id="').slice(1);
    (data ? JSON.parse(data.textContent) : []).forEach((values, index) => {
      const row = {};
      for (let place = 0; place < names.length; place++) row[names[place]] = values[place];
      row.area = areas[row.area];
      row.html = detailed[index];
      rows.push(row);
    });
    for (const row of rows) row.words = `${row.name} ${row.area}`.toLowerCase();

    const fromText = (html) => {
      const template = document.createElement("template");
      template.innerHTML = `<tr id="${html}`;
      return template.content.firstElementChild;
    };
    const element = (row) => {
      if (row.element) return row.element;
      if (row.html) return (row.element = fromText(row.html));
      const made = document.createElement("tr");
      made.id = row.anchor;
      keys.forEach((key, index) => {
        const cell = made.insertCell();
        cell.className = headers[index].className;
        if (key === "name") {
          const link = document.createElement("a");
          link.className = "anchor";
          link.href = `#${row.anchor}`;
          link.textContent = "#";
          link.setAttribute("aria-label", "Link to this operation");
          const code = document.createElement("code");
          code.textContent = row.name;
          cell.append(link, code);
        } else {
          const value = row[key];
          cell.textContent = typeof value === "number" || value === null ? (written[key] ?? ms)(value) : value;
        }
      });
      row.element = made;
      return made;
    };

    let order = rows;
    let view = rows;
    let count = 0;
    const extend = () => {
      const next = view.slice(count, count + step);
      body.append(...next.map(element));
      count += next.length;
      more.hidden = count >= view.length;
      more.firstElementChild.textContent = `Show ${Math.min(step, view.length - count)} more of ${view.length - count}`;
    };
    const render = () => {
      body.replaceChildren();
      count = 0;
      extend();
      form.elements.shown.value = `${view.length} of ${rows.length}`;
    };
    const filter = () => {
      const words = wanted();
      const area = form.elements.area.value;
      const failed = form.elements.failed.checked;
      view = order.filter(
        (row) =>
          (!area || row.area === area) && (!failed || row.failures > 0) && words.every((word) => row.words.includes(word)),
      );
      render();
      return view.length;
    };

    headers.forEach((header, index) => {
      const numeric = header.classList.contains("n");
      const key = keys[index];
      const button = document.createElement("button");
      button.type = "button";
      button.append(...header.childNodes);
      header.append(button);
      button.addEventListener("click", () => {
        const before = header.getAttribute("aria-sort");
        const first = numeric ? "descending" : "ascending";
        const direction = before === first ? (numeric ? "ascending" : "descending") : first;
        for (const other of headers) other.removeAttribute("aria-sort");
        header.setAttribute("aria-sort", direction);
        const sign = direction === "ascending" ? 1 : -1;
        const by = numeric ? (a, b) => (a[key] ?? -Infinity) - (b[key] ?? -Infinity) || 0 : (a, b) => compare(a[key], b[key]);
        order = rows.toSorted((a, b) => sign * by(a, b));
        filter();
      });
    });
    more.firstElementChild.addEventListener("click", extend);
    form.hidden = false;
    form.addEventListener("submit", (event) => event.preventDefault());

    return {
      form,
      filter,
      reveal: (anchor) => {
        const row = rows.find((one) => one.anchor === anchor);
        if (!row) return;
        if (!view.includes(row)) {
          search.elements.q.value = form.elements.area.value = "";
          form.elements.failed.checked = false;
          apply();
        }
        view = [row, ...view.filter((one) => one !== row)];
        if (!row.element?.isConnected) render();
      },
    };
  }

  function apply() {
    const words = wanted();
    const shown = operations ? operations.filter() : 0;
    const counts = operations ? [plural(shown, "operation")] : [];
    for (const [noun, elements, texts] of parts) {
      let found = 0;
      for (const one of elements) {
        if (words.length && !texts.has(one)) texts.set(one, one.textContent.toLowerCase());
        one.hidden =
          words.length > 0 && (one.classList.contains("reason") || !words.every((word) => texts.get(one).includes(word)));
        found += !one.hidden;
      }
      if (noun) counts.push(plural(found, noun));
    }
    for (const group of groups) {
      const items = [...group.querySelectorAll(".failure-item, .named > li")];
      group.hidden = words.length > 0 && items.length > 0 && items.every((one) => one.hidden);
      if (words.length && items.length) group.open = !group.hidden;
      else if (searching) group.open = wereOpen.get(group);
    }
    searching = words.length > 0;
    search.elements.found.value = words.length ? counts.join(", ") : "";
  }

  const remember = () => {
    const state = new URLSearchParams();
    if (search.elements.q.value) state.set("q", search.elements.q.value);
    if (operations?.form.elements.area.value) state.set("area", operations.form.elements.area.value);
    if (operations?.form.elements.failed.checked) state.set("failed", "1");
    history.replaceState(null, "", `#${state}`);
  };
  const onInput = () => {
    apply();
    remember();
  };
  const openTarget = () => {
    const name = decoded();
    if (name.includes("=")) {
      const state = new URLSearchParams(location.hash.slice(1));
      search.elements.q.value = state.get("q") ?? "";
      if (operations) {
        operations.form.elements.area.value = state.get("area") ?? "";
        operations.form.elements.failed.checked = state.has("failed");
      }
      apply();
      return;
    }
    if (name.startsWith("o-")) operations?.reveal(name);
    const target = name && document.getElementById(name);
    if (target) {
      for (let node = target; node; node = node.parentElement) node.hidden = false;
      openUp(target);
    }
  };
  search.hidden = false;
  search.addEventListener("submit", (event) => event.preventDefault());
  search.addEventListener("input", onInput);
  operations?.form.addEventListener("input", onInput);
  apply();
  addEventListener("hashchange", openTarget);
  openTarget();

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
