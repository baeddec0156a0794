// Draws every map of the page from its raw numbers. Scale, colours, opacity, contrast and differences ask nobody.
(() => {
  const set = { show: "for", scale: "own", opacity: 0.75, contrast: 0.5, colours: "viridis" };
  const SIDE = 224;
  const palettes = {
    viridis: ["#440154", "#482878", "#3e4989", "#31688e", "#26828e", "#1f9e89", "#35b779", "#6ece58", "#b5de2b", "#fde725"],
    inferno: ["#000004", "#1b0c41", "#4a0c6b", "#781c6d", "#a52c60", "#cf4446", "#ed6925", "#fb9b06", "#f7d13d", "#fcffa4"],
    orange: ["#7c2d12", "#9a3412", "#c2410c", "#ea580c", "#f97316", "#fb923c", "#fdba74", "#fed7aa"],
    against: ["#172554", "#1e3a8a", "#1d4ed8", "#2563eb", "#3b82f6", "#60a5fa", "#93c5fd"],
  };
  const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
  const tables = Object.fromEntries(Object.entries(palettes).map(([name, stops]) => {
    const known = stops.map(rgb), table = new Uint8ClampedArray(256 * 3);
    for (let i = 0; i < 256; i++) {
      const at = (i / 255) * (known.length - 1), low = Math.floor(at), high = Math.min(low + 1, known.length - 1);
      for (let c = 0; c < 3; c++) table[3 * i + c] = known[low][c] + (at - low) * (known[high][c] - known[low][c]);
    }
    return [name, table];
  }));

  function enlarged(map) { // bilinear, as torch does it with align_corners=False
    const h = map.length, w = map[0].length, out = new Float32Array(SIDE * SIDE);
    for (let y = 0; y < SIDE; y++) {
      const v = Math.max(0, ((y + 0.5) * h) / SIDE - 0.5), y0 = Math.floor(v), y1 = Math.min(y0 + 1, h - 1), b = v - y0;
      for (let x = 0; x < SIDE; x++) {
        const u = Math.max(0, ((x + 0.5) * w) / SIDE - 0.5), x0 = Math.floor(u), x1 = Math.min(x0 + 1, w - 1), a = u - x0;
        out[y * SIDE + x] = (1 - b) * ((1 - a) * map[y0][x0] + a * map[y0][x1]) + b * ((1 - a) * map[y1][x0] + a * map[y1][x1]);
      }
    }
    return out;
  }

  const signed = () => set.show !== "for";
  const peak = (map) => Math.max(0, ...map.flat().map((v) => (signed() ? Math.abs(v) : v)));

  function shown(maps) { // what is drawn of a group's maps
    if (set.show !== "difference" || maps.length < 2) return maps;
    return maps.map((map, k) => map.map((row, y) => row.map((v, x) => {
      let others = 0;
      maps.forEach((other, i) => { if (i !== k && other.length === map.length) others += other[y][x]; });
      return v - others / (maps.length - 1);
    })));
  }

  function paint(canvas, map, scale) {
    canvas.width = canvas.height = SIDE;
    const pen = canvas.getContext("2d"), image = pen.createImageData(SIDE, SIDE), values = enlarged(map);
    const gamma = Math.pow(2, 2 * (set.contrast - 0.5)) * 0.7; // more contrast: only what is strong is seen
    for (let i = 0; i < values.length; i++) {
      const heat = scale > 0 ? Math.min(1, Math.abs(values[i]) / scale) : 0;
      if (!heat || (values[i] < 0 && !signed())) continue;
      const table = values[i] < 0 ? tables.against : tables[set.colours], at = 3 * Math.round(255 * heat);
      image.data.set([table[at], table[at + 1], table[at + 2], 255 * Math.pow(heat, gamma)], 4 * i);
    }
    pen.putImageData(image, 0, 0);
    canvas.style.opacity = set.opacity;
  }

  function draw(group) {
    const canvases = [...group.querySelectorAll("canvas[data-map]")];
    const maps = shown(canvases.map((c) => JSON.parse(c.dataset.map)));
    const peaks = maps.map(peak), most = Math.max(...peaks, 0);
    canvases.forEach((canvas, i) => {
      paint(canvas, maps[i], set.scale === "common" ? most : peaks[i]);
      const bar = canvas.closest("figure").querySelector(".cfer-strength i");
      if (bar) bar.style.width = `${most > 0 ? (100 * peaks[i]) / most : 0}%`;
    });
    group.dataset.drawn = "yes";
  }

  function legends() {
    const stops = palettes[set.colours].join(","), cold = [...palettes.against].reverse().join(",");
    document.documentElement.style.setProperty("--cfer-ramp", `linear-gradient(90deg, ${stops})`);
    document.documentElement.style.setProperty("--cfer-cold", `linear-gradient(90deg, ${cold})`);
    document.documentElement.style.setProperty("--cfer-against", signed() ? "inline-flex" : "none");
  }

  function drawAll(again) {
    document.querySelectorAll(".cfer-maps").forEach((group) => { if (again || !group.dataset.drawn) draw(group); });
  }

  document.addEventListener("input", (event) => {
    const name = event.target.dataset && event.target.dataset.cfer;
    if (!name) return;
    const value = event.target.value;
    const given = event.target.type === "range" ? Number(value) : value;
    if (set[name] === given) return;
    set[name] = given;
    document.querySelectorAll(`[data-cfer="${name}"]`).forEach((other) => {
      if (other.type === "radio") other.checked = other.value === value; else other.value = value;
    });
    legends();
    if (name === "opacity") document.querySelectorAll("canvas.cfer-heat").forEach((c) => { c.style.opacity = given; });
    else drawAll(true);
  });

  // what a reader asked for comes into view on a small screen
  let wanted = false;
  document.addEventListener("change", (event) => {
    if (event.target.type === "file" && event.target.closest("#explore-picture")) wanted = true;
  }, true);
  document.addEventListener("click", (event) => { if (event.target.closest("#explore-examples button")) wanted = true; }, true);
  document.addEventListener("click", (event) => {
    if (event.target.closest("#relations-table td, #relations-table .cell")) relation = true;
  }, true);
  let relation = false;
  const narrow = () => window.innerWidth < 700;
  const smooth = () => (matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth");
  function arrived(changes) {
    for (const change of changes) {
      const at = change.target.nodeType === 1 ? change.target : change.target.parentElement;
      if (wanted && narrow() && at && at.closest("#explore-verdict") && document.querySelector("#explore-verdict .cfer-verdict")) {
        wanted = false;
        document.querySelector("#explore-verdict").scrollIntoView({ behavior: smooth(), block: "start" });
      }
      if (relation && narrow() && at && at.closest("#relations-cell")) {
        relation = false;
        document.querySelector("#relations-cell").scrollIntoView({ behavior: smooth(), block: "start" });
      }
    }
  }

  window.cferLink = (given) => { // the address opens the same view again, on the examples
    const url = new URL(window.location);
    if ("example" in given) url.searchParams.delete("middle");
    for (const [name, value] of Object.entries(given)) url.searchParams.set(name, value);
    if (url.searchParams.has("example") || "example" in given) history.replaceState(null, "", url);
  };

  // one cell of the matrix is in the order of the tab key; the arrow keys go from there to the others
  const ways = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
  document.addEventListener("keydown", (event) => {
    const cell = event.target.closest(".cfer-matrix button"), way = ways[event.key];
    if (!cell || !way) return;
    const [row, column] = [Number(cell.dataset.row) + way[0], Number(cell.dataset.column) + way[1]];
    const next = cell.closest("table").querySelector(`button[data-row="${row}"][data-column="${column}"]`);
    event.preventDefault();
    if (!next) return;
    cell.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  });

  let waiting = false;
  new MutationObserver((changes) => {
    arrived(changes);
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; drawAll(false); });
  }).observe(document.documentElement, { childList: true, subtree: true });
  legends();
})();
