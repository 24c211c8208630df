// Maps and curves of A and B that play day by day. All that is drawn comes with the runs: no day asks the server.

const STAGE = { none: "#cfcfcf", aware: "#0072B2", identified: "#D55E00", customers: "#009E73" };
const RAMP = { "0": "#E3E3E3", "1": "#C5DDF0", "2": "#82B6DC", "3": "#3A82BD", "4+": "#0B3C73" };
const CURVES = ["aware", "identified", "customers"];
const MAP = 720; // pixels of a map, whatever its size on the page
const WALK = 12; // seconds that a whole run plays

function bytes(value) {
  if (!value) return new Uint8Array(0);
  return value instanceof Uint8Array ? value.slice() : new Uint8Array(value.buffer.slice(value.byteOffset, value.byteOffset + value.byteLength));
}

function colour(hex) { // as a little-endian RGBA word
  const v = parseInt(hex.slice(1), 16);
  return (0xff000000 | ((v & 255) << 16) | (v & 0xff00) | (v >> 16)) >>> 0;
}

function element(tag, name, parent, text) {
  const made = document.createElement(tag);
  made.className = name;
  if (text) made.textContent = text;
  parent.appendChild(made);
  return made;
}

class Side {
  constructor(name, parent) {
    this.name = name;
    this.root = element("section", `kd-side kd-${name}`, parent);
    this.title = element("h3", "kd-title", this.root, name.toUpperCase());
    this.map = element("canvas", "kd-map", this.root);
    this.map.width = this.map.height = MAP;
    this.map.setAttribute("role", "img");
    this.said = element("p", "kd-said", this.root);
    this.funnel = this.chart("funnel");
    this.coverage = this.chart("coverage");
    this.image = null;
  }

  chart(kind) {
    const canvas = element("canvas", `kd-chart kd-${kind}`, this.root);
    canvas.setAttribute("role", "img");
    return canvas;
  }

  take(model) {
    this.places = new Uint16Array(bytes(model.get(`${this.name}_places`)).buffer);
    this.days = bytes(model.get(`${this.name}_days`));
    this.kocs = new Int32Array(bytes(model.get(`${this.name}_kocs`)).buffer);
    this.curves = model.get(`${this.name}_curves`);
  }

  drawMap(day, gap) {
    const places = this.places, n = places.length / 2, days = this.days, dot = Math.max(1, Math.round(gap * MAP * 0.85));
    const context = this.map.getContext("2d");
    if (!this.image) this.image = context.createImageData(MAP, MAP);
    const pixels = new Uint32Array(this.image.data.buffer);
    pixels.fill(0xffffffff);
    const put = (resident, size, word) => {
      const x0 = Math.round((places[2 * resident] / 65535) * (MAP - size)), y0 = Math.round((places[2 * resident + 1] / 65535) * (MAP - size));
      for (let y = y0; y < y0 + size; y++) pixels.fill(word, y * MAP + x0, y * MAP + x0 + size);
    };
    const [none, aware, identified, customer] = Object.values(STAGE).map(colour);
    for (let i = 0; i < n; i++) {
      put(i, dot, days[2 * n + i] <= day ? customer : days[n + i] <= day ? identified : days[i] <= day ? aware : none);
    }
    const there = [];
    for (let k = 0; k < this.kocs.length; k += 3) {
      if (this.kocs[k + 1] <= day && day < this.kocs[k + 2]) there.push(this.kocs[k]);
    }
    const size = there.length > 100 ? dot + 1 : dot + 5;
    if (size > dot + 1) for (const koc of there) put(koc, size + 2, 0xffffffff);
    for (const koc of there) put(koc, size, 0xff000000);
    context.putImageData(this.image, 0, 0);
    return there.length;
  }

  draw(day, gap, words) {
    if (!this.curves || !this.curves.aware || this.days.length * 2 !== this.places.length * 3) return;
    const kocs = this.drawMap(day, gap);
    const at = (name) => (day === 0 ? null : this.curves[name][day - 1]);
    const shares = day === 0 ? "" : CURVES.map((name) => `${words[name]} ${percent(at(name))}`).join(" · ");
    this.said.textContent = `${words["on day"].replace("{day}", day)} · ${kocs.toLocaleString("en")} KOC${shares ? " · " + shares : ""}`;
    for (const [canvas, kind] of [[this.map, "map of"], [this.funnel, "funnel of"], [this.coverage, "coverage of"]]) {
      canvas.setAttribute("aria-label", `${words[kind]} ${this.name.toUpperCase()}: ${this.said.textContent}`);
    }
    this.drawFunnel(day, words);
    this.drawCoverage(day, words);
  }

  frame(canvas, days, ylabel, longest) {
    const ratio = window.devicePixelRatio || 1, wide = canvas.clientWidth, high = canvas.clientHeight;
    if (!wide || !high) return null;
    canvas.width = Math.round(wide * ratio);
    canvas.height = Math.round(high * ratio);
    const c = canvas.getContext("2d");
    c.scale(ratio, ratio);
    c.font = "12px system-ui, 'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', sans-serif";
    c.textBaseline = "middle";
    const widest = Math.max(...longest.map((text) => c.measureText(`${text} 99.9%`).width));
    const left = 38, right = wide - widest - 24, top = 24, bottom = high - 20;
    const x = (day) => left + ((day - 1) / Math.max(days - 1, 1)) * (right - left);
    const y = (share) => bottom - (share / 100) * (bottom - top);
    c.fillStyle = "#444";
    c.textAlign = "left";
    c.fillText(ylabel, 2, 8);
    c.strokeStyle = "#e4e4e4";
    for (const share of [0, 25, 50, 75, 100]) {
      c.beginPath(); c.moveTo(left, y(share)); c.lineTo(right, y(share)); c.stroke();
      c.textAlign = "right";
      c.fillText(`${share}%`, left - 4, y(share));
    }
    c.textAlign = "center";
    const every = right - left > 200 ? 30 : 60;
    c.fillText(1, x(1), bottom + 11);
    for (let tick = every; tick <= days; tick += every) c.fillText(tick, x(tick), bottom + 11);
    return { c, x, y, right, top, bottom };
  }

  cursor(f, day) {
    if (day < 1) return;
    f.c.strokeStyle = "#000";
    f.c.setLineDash([3, 3]);
    f.c.beginPath(); f.c.moveTo(f.x(day), f.top); f.c.lineTo(f.x(day), f.bottom); f.c.stroke();
    f.c.setLineDash([]);
  }

  drawFunnel(day, words) {
    const days = this.curves.aware.length, f = this.frame(this.funnel, days, words["residents %"], CURVES.map((name) => words[name]));
    if (!f) return;
    const labels = CURVES.map((name) => ({ name, at: f.y(this.curves[name][Math.max(day, 1) - 1]) }));
    f.c.lineWidth = 2;
    for (const name of CURVES) {
      f.c.strokeStyle = STAGE[name];
      f.c.beginPath();
      this.curves[name].forEach((share, i) => f.c.lineTo(f.x(i + 1), f.y(share)));
      f.c.stroke();
    }
    f.c.lineWidth = 1;
    this.cursor(f, day);
    this.labels(f, labels, day, (name) => STAGE[name], (name) => words[name]);
  }

  drawCoverage(day, words) {
    const names = ["4+", "3", "2", "1", "0"], days = this.curves.aware.length;
    const f = this.frame(this.coverage, days, words.seen, ["4+ KOC"]);
    if (!f) return;
    const below = new Float64Array(days), labels = [];
    for (const name of names) {
      const shares = this.curves[name], now = Math.max(day, 1) - 1;
      labels.push({ name, at: f.y(below[now] + shares[now] / 2) });
      f.c.fillStyle = RAMP[name];
      f.c.beginPath();
      for (let i = 0; i < days; i++) f.c.lineTo(f.x(i + 1), f.y(below[i] + shares[i]));
      for (let i = days - 1; i >= 0; i--) f.c.lineTo(f.x(i + 1), f.y(below[i]));
      f.c.fill();
      for (let i = 0; i < days; i++) below[i] += shares[i];
    }
    this.cursor(f, day);
    this.labels(f, labels, day, (name) => RAMP[name], (name) => `${name} KOC`);
  }

  labels(f, labels, day, paint, say) { // at the right, in the order of their heights, 15 px apart
    const sorted = labels.map((l, i) => ({ ...l, i })).sort((p, q) => p.at - q.at || q.i - p.i);
    let last = f.top - 9;
    for (const l of sorted) last = l.y = Math.max(l.at, last + 15);
    let limit = f.bottom - 6;
    for (const l of sorted.reverse()) { l.y = Math.min(l.y, limit); limit = l.y - 15; }
    f.c.textAlign = "left";
    for (const l of sorted) {
      f.c.fillStyle = paint(l.name);
      f.c.fillRect(f.right + 6, l.y - 5, 10, 10);
      f.c.fillStyle = "#222";
      f.c.fillText(`${say(l.name)} ${percent(this.curves[l.name][Math.max(day, 1) - 1])}`, f.right + 20, l.y);
    }
  }
}

function percent(share) {
  if (share === 0) return "0%";
  if (share >= 99.95 && share < 100) return "99.9%";
  return `${share < 0.995 ? Math.max(share, 0.01).toFixed(2) : share < 9.95 ? share.toFixed(1) : share >= 99.5 && share < 100 ? share.toFixed(1) : share.toFixed(0)}%`;
}

function render({ model, el }) {
  el.replaceChildren();
  const root = element("div", "kd", el);
  const bar = element("div", "kd-bar", root);
  const play = element("button", "kd-play", bar);
  play.type = "button";
  const label = element("label", "kd-day", bar);
  const named = element("span", "kd-dayname", label);
  const slider = element("input", "kd-slider", label);
  slider.type = "range";
  slider.min = 0;
  const shown = element("output", "kd-shown", bar);
  const key = element("div", "kd-key", bar);
  const both = element("div", "kd-both", root);
  const sides = ["a", "b"].map((name) => new Side(name, both));
  let timer = 0, words = {};

  const draw = () => {
    const day = Number(slider.value);
    shown.textContent = day;
    for (const side of sides) {
      side.draw(day, model.get("gap"), words);
    }
    root.dataset.drawn = (Number(root.dataset.drawn) || 0) + 1;
  };
  let asked = 0;
  const later = () => { cancelAnimationFrame(asked); asked = requestAnimationFrame(draw); };
  const speak = () => {
    words = model.get("words");
    named.textContent = words.day;
    play.textContent = timer ? `❚❚ ${words.pause}` : `▶ ${words.play}`;
    slider.setAttribute("aria-label", words.day);
    key.replaceChildren();
    for (const name of ["none", ...CURVES, "koc"]) {
      const item = element("span", "kd-item", key);
      element("i", "", item).style.background = name === "koc" ? "#000" : STAGE[name];
      item.append(words[name]);
    }
    sides[0].title.textContent = words.A;
    sides[1].title.textContent = words.B;
  };
  const stop = () => { cancelAnimationFrame(timer); timer = 0; speak(); };
  const start = () => {
    if (Number(slider.value) >= Number(slider.max)) slider.value = 0;
    const from = Number(slider.value), began = performance.now(), days = Number(slider.max);
    const walk = (now) => {
      slider.value = Math.min(days, from + Math.floor(((now - began) / 1000) * (days / WALK)));
      draw();
      if (Number(slider.value) >= days) stop();
      else timer = requestAnimationFrame(walk);
    };
    timer = requestAnimationFrame(walk);
    speak();
  };
  const take = () => {
    const before = slider.max, days = model.get("days");
    slider.max = days;
    if (!root.dataset.drawn || Number(slider.value) > days || before !== String(days)) slider.value = days;
    for (const side of sides) side.take(model);
    later();
  };

  play.addEventListener("click", () => (timer ? stop() : start()));
  slider.addEventListener("input", () => { if (timer) stop(); later(); });
  const changes = ["a", "b"].flatMap((side) => ["places", "days", "kocs", "curves"].map((name) => `change:${side}_${name}`));
  for (const change of changes) model.on(change, take);
  const say = () => { speak(); later(); };
  model.on("change:words", say);
  const watch = new ResizeObserver(later);
  watch.observe(both);
  speak();
  take();
  return () => {
    cancelAnimationFrame(timer);
    cancelAnimationFrame(asked);
    watch.disconnect();
    for (const change of changes) model.off(change, take);
    model.off("change:words", say);
  };
}

export default { render };
