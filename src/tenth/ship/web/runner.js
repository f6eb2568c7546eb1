/* Runs one program of tenth: its WebAssembly, its weights, and the places of its arrays. */
class Program {
  static async open(wasm, weights, face) {
    const { instance } = await WebAssembly.instantiate(wasm, {});
    return new Program(instance.exports, weights, face);
  }

  constructor(exports, weights, face) {
    this.exports = exports;
    this.face = face;
    this.end = Program.aligned(exports.__heap_base.value);
    const loaded = this.call('weights_bytes') >>> 0;
    this.weights = this.take(loaded);
    const start = this.end;
    const built = exports[`${face.name}_file`]; // small weights are built in
    const file = built ? built.value : this.take(weights.length);
    if (!built) new Uint8Array(exports.memory.buffer).set(weights, file);
    this.check(this.call('load', file, face.weights_bytes, this.weights, loaded));
    this.end = start; // the file is read: its place is free again
  }

  /* One Float32Array or BigInt64Array an input, one number a free size; a list of
     { shape, data } comes back. */
  run(inputs, sizes) {
    const start = this.end;
    try {
      const { call, output } = this.prepare(inputs, sizes);
      call();
      return output();
    } finally {
      this.end = start;
    }
  }

  /* Milliseconds of a run: clocks in browsers are coarse, so many runs share one reading. */
  time(inputs, sizes, budget = 5) {
    const start = this.end;
    try {
      const { call } = this.prepare(inputs, sizes);
      call();
      for (let repeats = 1; ; repeats *= 2) {
        const from = performance.now();
        for (let i = 0; i < repeats; i++) call();
        const spent = performance.now() - from;
        if (spent >= budget) return spent / repeats;
      }
    } finally {
      this.end = start;
    }
  }

  shape(side, which, sizes) {
    const rank = this.face[`${side}s`][which].shape.length;
    const start = this.end;
    const place = this.take(8 * Math.max(1, rank));
    this.check(this.call(`${side}_shape`, which, ...sizes.map(BigInt), place));
    const shape = new BigInt64Array(this.exports.memory.buffer, place, rank);
    this.end = start;
    return Array.from(shape, Number);
  }

  prepare(inputs, sizes) {
    const big = sizes.map(BigInt);
    const places = inputs.map((data) => this.take(data.byteLength));
    const outputs = this.face.outputs.map((_, i) => {
      const shape = this.shape('output', i, sizes);
      const count = shape.reduce((product, size) => product * size, 1);
      return { shape, count, place: this.take(4 * count) };
    });
    const arenaBytes = this.call('arena_bytes', ...big, 1) >>> 0;
    if (!arenaBytes) throw new Error(`the program cannot run with sizes ${sizes.join(', ')}`);
    const arena = this.take(arenaBytes);
    inputs.forEach((data, i) =>
      new data.constructor(this.exports.memory.buffer, places[i], data.length).set(data));
    const passed = [this.weights, ...places, ...outputs.map((o) => o.place), ...big,
      arena, arenaBytes, 0];
    return {
      call: () => this.check(this.call('run', ...passed)),
      output: () => outputs.map(({ shape, count, place }) =>
        ({ shape, data: new Float32Array(this.exports.memory.buffer, place, count).slice() })),
    };
  }

  /* A place of so many bytes; memory grows where it must, which moves every older view of it. */
  take(bytes) {
    const place = this.end;
    this.end = Program.aligned(place + bytes);
    const missing = this.end - this.exports.memory.buffer.byteLength;
    if (missing > 0) this.exports.memory.grow(Math.ceil(missing / 65536));
    return place;
  }

  call(name, ...values) {
    return this.exports[`${this.face.name}_${name}`](...values);
  }

  check(status) {
    if (status) throw new Error(`the program ended with ${this.face.status[status] ?? status}`);
  }

  static aligned(place) {
    return Math.ceil(place / 64) * 64;
  }
}
