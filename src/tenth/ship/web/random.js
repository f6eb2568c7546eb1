/* A network of any kind on random input: what comes out, and how long it takes. */
start((program, { example_sizes }) => {
  const { face } = program;
  const ids = face.inputs.some((port) => port.dtype === 'int64') ? tableSize() : 0;
  const fields = face.sizes.map((size) => {
    const label = document.createElement('label');
    const field = document.createElement('input');
    Object.assign(field, { type: 'number', min: 1, value: example_sizes[size] });
    label.append(`${size} `, field);
    $('sizes').append(label);
    field.addEventListener('change', again);
    return field;
  });

  /* How many ids the tables hold, as far as that is found out in a moment: others are refused. */
  function tableSize() {
    const sizes = face.sizes.map(() => 1);
    const begun = performance.now();
    const holds = (id) => {
      try {
        program.run(face.inputs.map((port, i) => filledInput(port, i, sizes, () => id)), sizes);
        return performance.now() - begun < 300;
      } catch {
        return false;
      }
    };
    let known = 0;
    let refused = 1;
    while (holds(refused)) [known, refused] = [refused, 2 * refused];
    while (refused - known > 1) {
      const middle = Math.floor((known + refused) / 2);
      if (holds(middle)) known = middle;
      else refused = middle;
    }
    return known + 1;
  }

  function filledInput(port, which, sizes, id) {
    const shape = program.shape('input', which, sizes);
    const count = shape.reduce((product, size) => product * size, 1);
    return port.dtype === 'int64'
      ? BigInt64Array.from({ length: count }, () => BigInt(id()))
      : Float32Array.from({ length: count }, () => 2 * Math.random() - 1);
  }

  function randomId() {
    return Math.floor(Math.random() * ids);
  }

  function row(name, shape, data) {
    const item = document.createElement('div');
    const head = item.appendChild(document.createElement('h2'));
    head.textContent = `${name} [${shape.join(', ')}]`;
    const numbers = item.appendChild(document.createElement('pre'));
    const shown = Array.from(data.slice(0, 12), (value) => value.toPrecision(4)).join('  ');
    numbers.textContent = data.length > 12 ? `${shown}  …` : shown;
    const sum = data.reduce((total, value) => total + value, 0);
    const about = item.appendChild(document.createElement('p'));
    about.textContent = `${data.length} numbers, mean ${(sum / data.length).toPrecision(4)}`;
    return item;
  }

  function again() {
    const sizes = fields.map((field) => Math.max(1, Math.floor(Number(field.value)) || 1));
    try {
      const inputs = face.inputs.map((port, i) => filledInput(port, i, sizes, randomId));
      const outputs = program.run(inputs, sizes);
      $('results').replaceChildren(
        ...outputs.map(({ shape, data }, i) => row(face.outputs[i].name, shape, data)));
      document.body.dataset.ids = ids;
      $('run-time').textContent = humanTime(program.time(inputs, sizes));
      $('failure').hidden = true;
      document.body.dataset.outputs = outputs.map(({ data }) => data.length).join(' ');
    } catch (error) {
      $('failure').textContent = error.message;
      $('failure').hidden = false;
    }
  }

  $('again').addEventListener('click', again);
  again();
});
