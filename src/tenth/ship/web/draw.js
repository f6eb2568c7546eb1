/* A sheet to draw on: what is drawn is fitted to the network's few pixels, and judged at once. */
class Sheet {
  constructor(canvas, changed) {
    this.canvas = canvas;
    this.changed = changed;
    this.strokes = []; // lists of points in [0, 1]²
    this.open = null;
    canvas.addEventListener('pointerdown', (event) => this.down(event));
    canvas.addEventListener('pointermove', (event) => this.move(event));
    for (const name of ['pointerup', 'pointercancel'])
      canvas.addEventListener(name, (event) => this.up(event));
    new ResizeObserver(() => this.paint()).observe(canvas);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.paint());
  }

  down(event) {
    if (this.open !== null || event.button !== 0) return;
    this.open = event.pointerId;
    this.canvas.setPointerCapture(event.pointerId);
    this.strokes.push([this.point(event)]);
    this.redraw();
    event.preventDefault();
  }

  move(event) {
    if (event.pointerId !== this.open) return;
    const parts = event.getCoalescedEvents?.() ?? [];
    for (const part of parts.length ? parts : [event]) this.strokes.at(-1).push(this.point(part));
    this.redraw();
  }

  up(event) {
    if (event.pointerId === this.open) this.open = null;
  }

  point(event) {
    const box = this.canvas.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  }

  keep(count) {
    this.strokes.length = Math.min(count, this.strokes.length);
    this.open = null;
    this.redraw();
  }

  redraw() {
    this.paint();
    this.changed();
  }

  paint() {
    const side = Math.round(this.canvas.clientWidth * devicePixelRatio);
    if (this.canvas.width !== side) this.canvas.width = this.canvas.height = side;
    const pen = this.canvas.getContext('2d');
    pen.clearRect(0, 0, side, side);
    trace(pen, this.strokes, side / 13, ([x, y]) => [x * side, y * side],
      getComputedStyle(this.canvas).color);
  }
}

function trace(pen, strokes, width, place, colour) {
  pen.strokeStyle = colour;
  pen.lineWidth = width;
  pen.lineCap = pen.lineJoin = 'round';
  for (const stroke of strokes) {
    pen.beginPath();
    pen.moveTo(...place(stroke[0]));
    for (const point of stroke.length > 1 ? stroke : [stroke[0], stroke[0]])
      pen.lineTo(...place(point));
    pen.stroke();
  }
}

/* The strokes as an image of rows × columns: as large as fits, in the middle, the pen as wide as
   in the images that the network learnt from, each pixel the share of it that has ink. */
class Eye {
  constructor(rows, columns, { pen, low, high }) {
    Object.assign(this, { rows, columns, width: pen, low, high });
    this.fine = 16;
    this.canvas = document.createElement('canvas');
    this.canvas.width = columns * this.fine;
    this.canvas.height = rows * this.fine;
    this.pen = this.canvas.getContext('2d', { willReadFrequently: true });
  }

  look(strokes) {
    const { rows, columns, fine, pen, canvas } = this;
    pen.clearRect(0, 0, canvas.width, canvas.height);
    trace(pen, strokes, this.width * fine, this.fitted(strokes), '#000');
    const pixels = pen.getImageData(0, 0, canvas.width, canvas.height).data;
    const image = new Float32Array(rows * columns);
    for (let y = 0; y < canvas.height; y++)
      for (let x = 0; x < canvas.width; x++)
        image[Math.floor(y / fine) * columns + Math.floor(x / fine)] +=
          pixels[4 * (y * canvas.width + x) + 3] / 255 / fine / fine;
    return image.map((share) => this.low + share * (this.high - this.low));
  }

  fitted(strokes) {
    const all = strokes.flat();
    if (!all.length) return (point) => point;
    const ends = [0, 1].map((axis) => {
      const values = all.map((point) => point[axis]);
      return [Math.min(...values), Math.max(...values)];
    });
    const room = [this.columns - this.width, this.rows - this.width];
    const lengths = ends.map(([first, last]) => Math.max(last - first, 0.05));
    const scale = this.fine * Math.min(room[0] / lengths[0], room[1] / lengths[1]);
    const middles = ends.map(([first, last]) => (first + last) / 2);
    return ([x, y]) => [
      this.canvas.width / 2 + (x - middles[0]) * scale,
      this.canvas.height / 2 + (y - middles[1]) * scale,
    ];
  }
}

/* Probabilities as they are, and scores made probabilities. */
function probabilities(scores) {
  const sum = scores.reduce((total, score) => total + score, 0);
  if (scores.every((score) => score >= 0) && Math.abs(sum - 1) < 1e-3) return Array.from(scores);
  const powers = Array.from(scores, (score) => Math.exp(score - Math.max(...scores)));
  const total = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / total);
}

function confidence(shares, best, labels) {
  const sure = `${Math.round(100 * shares[best])} % sure`;
  const others = shares.map((share, i) => (i === best ? -1 : share));
  const second = others.indexOf(Math.max(...others));
  return shares[best] > 0.8 ? sure : `${sure}, or else ${labels[second]}`;
}

function percent(share) {
  return `${(100 * share).toFixed(share > 0.995 || share < 0.0005 ? 0 : 1)} %`;
}

function showImage(canvas, image, rows, columns, { low, high }) {
  const pen = canvas.getContext('2d');
  const [wide, tall] = [canvas.width / columns, canvas.height / rows];
  pen.clearRect(0, 0, canvas.width, canvas.height);
  pen.fillStyle = getComputedStyle(canvas).color;
  image.forEach((value, i) => {
    pen.globalAlpha = Math.min(1, Math.max(0, (value - low) / (high - low || 1)));
    pen.fillRect((i % columns) * wide, Math.floor(i / columns) * tall, wide - 0.5, tall - 0.5);
  });
}

start((program, { labels, drawing }) => {
  const shape = program.face.inputs[0].shape;
  const [rows, columns] = shape.slice(2).map((size) => (typeof size === 'number' ? size : 32));
  const sizes = program.face.sizes.map((size) =>
    size === shape[2] ? rows : size === shape[3] ? columns : 1);
  const eye = new Eye(rows, columns, drawing);
  const bars = labels.map((label) => {
    const bar = document.createElement('li');
    const parts = ['b', 'i', 'span'].map((tag) => bar.appendChild(document.createElement(tag)));
    parts[0].textContent = label;
    $('bars').append(bar);
    return { bar, length: parts[1], share: parts[2] };
  });

  function judge() {
    const drawn = sheet.strokes.length > 0;
    const image = eye.look(sheet.strokes);
    showImage($('seen'), image, rows, columns, drawing);
    const shares = probabilities(program.run([image], sizes)[0].data);
    const best = shares.indexOf(Math.max(...shares));
    bars.forEach(({ bar, length, share }, i) => {
      const value = drawn ? shares[i] : 0;
      bar.classList.toggle('best', drawn && i === best);
      length.style.setProperty('--share', value);
      share.textContent = drawn ? percent(value) : '';
    });
    $('label').textContent = drawn ? labels[best] : '?';
    $('sure').textContent = drawn ? confidence(shares, best, labels) : 'draw something';
    document.body.dataset.prediction = drawn ? labels[best] : '';
    $('hint').hidden = drawn;
    $('undo').disabled = $('clear').disabled = !drawn;
  }

  let due = false;
  const sheet = new Sheet($('paper'), () => {
    if (due) return;
    due = true;
    requestAnimationFrame(() => { due = false; judge(); });
  });
  $('clear').addEventListener('click', () => sheet.keep(0));
  $('undo').addEventListener('click', () => sheet.keep(sheet.strokes.length - 1));
  sheet.paint();
  judge();
  const image = eye.look([]);
  let least = Infinity; // whatever else the machine does only adds to it
  function clock() {
    least = Math.min(least, program.time([image], sizes));
    $('run-time').textContent = humanTime(least);
  }
  for (const wait of [0, 300, 1500]) setTimeout(clock, wait); // browsers make it faster by and by
  $('paper').addEventListener('pointerup', () => setTimeout(clock, 50));
});
