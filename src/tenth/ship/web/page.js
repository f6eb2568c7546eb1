/* What both kinds of page share: opening the program, and the figures below it. */
const $ = (id) => document.getElementById(id);

function bytesOf(id) {
  return Uint8Array.from(atob($(id).textContent.trim()), (letter) => letter.charCodeAt(0));
}

function humanTime(ms) {
  const [value, unit] = ms >= 1000 ? [ms / 1000, 's'] : ms >= 0.1 ? [ms, 'ms'] : [ms * 1000, 'µs'];
  return `${Number(value.toPrecision(2))} ${unit}`;
}

function humanBytes(bytes) {
  const [value, unit] = bytes >= 1e6 ? [bytes / 1e6, 'MB'] : [bytes / 1e3, 'kB'];
  return `${Number(value.toPrecision(3))} ${unit}`;
}

async function start(show) {
  try {
    const facts = JSON.parse($('facts').textContent);
    $('page-size').textContent = humanBytes(facts.page_bytes);
    const program = await Program.open(bytesOf('wasm'), bytesOf('weights'), facts.face);
    show(program, facts);
    document.body.dataset.ready = 'yes';
  } catch (error) {
    $('failure').textContent = `This browser cannot run the network: ${error.message}`;
    $('failure').hidden = false;
    document.body.dataset.ready = 'failed';
  }
}
