/* A network of any kind on random input: what comes out, and how long it takes. */
start((program, { example_sizes, ids }) => {
  const { face } = program;
  const fields = face.sizes.map((size) => {
    const label = document.createElement('label');
    const field = document.createElement('input');
    Object.assign(field, { type: 'number', min: 1, value: example_sizes[size] });
    label.append(`${size} `, field);
    $('sizes').append(label);
    field.addEventListener('change', again);
    return field;
  });

  function randomInput(port, which, sizes) {
    const shape = program.shape('input', which, sizes);
    const count = shape.reduce((product, size) => product * size, 1);
    return port.dtype === 'int64'
      ? BigInt64Array.from({ length: count }, () => BigInt(Math.floor(Math.random() * (ids[port.name] ?? 1))))
      : Float32Array.from({ length: count }, () => 2 * Math.random() - 1);
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
      const inputs = face.inputs.map((port, i) => randomInput(port, i, sizes));
      const outputs = program.run(inputs, sizes);
      $('results').replaceChildren(
        ...outputs.map(({ shape, data }, i) => row(face.outputs[i].name, shape, data)));
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
