"""Which model a variant comes from, and which tensor from which."""

import numpy as np
import pytest

from tenth.keep import match
from tenth.keep.match import Candidate, Part, Pool, Seen

from .test_sketch import bf16


def seen(name, words, shape=None, dtype="BF16", read=True):
    data = words.tobytes()
    return Seen(
        id=f"{hash(data):x}",
        name=name,
        dtype=dtype,
        shape=shape or words.shape,
        sketch=match.sketch(data, dtype),
        read=(lambda start, size: data[start : start + size]) if read else None,
    )


def weights(*shape, seed=0, scale=0.02):
    return bf16(np.random.default_rng(seed).normal(0, scale, shape))


def tuned(words, ratio=1e-2, seed=99):
    values = (words.astype(np.uint32) << 16).view(np.float32)
    noise = np.random.default_rng(seed).normal(0, 0.02 * ratio, words.shape)
    return bf16(values + noise)


WIDTH = 64


def network(seed=0, layers=2, vocabulary=500):
    rows = {"embed": weights(vocabulary, WIDTH, seed=seed)}
    for layer in range(layers):
        for place, name in enumerate(("q", "k", "v", "o")):
            number = 100 * seed + 10 * layer + place + 1
            rows[f"{layer}.{name}"] = weights(WIDTH, WIDTH, seed=number)
        rows[f"{layer}.up"] = weights(4 * WIDTH, WIDTH, seed=100 * seed + 10 * layer + 9)
        rows[f"{layer}.bias"] = weights(WIDTH, seed=100 * seed + 10 * layer + 8, scale=0.5)
    return rows


def tensors(rows, **more):
    return [seen(name, words, **more) for name, words in rows.items()]


def tune(rows, ratio=1e-2):
    return {name: tuned(words, ratio, seed=k) for k, (name, words) in enumerate(rows.items())}


BASE = network(1)
POOL = Pool(tensors(BASE, read=False))
IDS = {tensor.name: tensor.id for tensor in tensors(BASE)}
TWO = 2  # bytes of a number


def parts(tensor):
    found = match.parts(tensor, POOL)
    if found is not None:
        assert sum(part.size for part in found) == tensor.size_bytes
    return found


def test_a_tensor_of_the_same_name():
    tensor = seen("0.q", tuned(BASE["0.q"]))
    assert parts(tensor) == (Part(tensor.size_bytes, IDS["0.q"], 0, "BF16"),)


def test_the_one_of_the_same_name_is_preferred_where_it_pays():
    pool = Pool(tensors({"other": tuned(BASE["0.q"], 1e-3), "0.q": BASE["0.q"]}))
    (part,) = match.parts(seen("0.q", tuned(BASE["0.q"], 2e-3)), pool) or ()
    assert part.base == IDS["0.q"]


def test_an_equal_tensor_under_any_name():
    assert parts(seen("other", BASE["1.v"])) == (Part(WIDTH * WIDTH * TWO, IDS["1.v"], 0, "BF16"),)


def test_a_renamed_tensor_is_found_by_its_sketch():
    for name in ("0.k", "1.o", "0.up", "1.bias", "embed"):
        found = parts(seen(f"model.{name}", tuned(BASE[name])))
        assert found is not None
        assert [part.base for part in found] == [IDS[name]]


def test_names_that_were_exchanged():
    found = parts(seen("0.q", tuned(BASE["1.k"])))
    assert found is not None
    assert found[0].base == IDS["1.k"]


def test_another_shape_of_as_many_numbers():
    found = parts(seen("flat", tuned(BASE["0.up"]).reshape(-1)))
    assert found is not None
    assert found[0].base == IDS["0.up"]


def test_a_stranger_has_no_base():
    assert parts(seen("0.q", weights(WIDTH, WIDTH, seed=77))) is None
    assert parts(seen("new", weights(7, 11, seed=77))) is None
    assert match.parts(seen("0.q", BASE["0.q"]), Pool([])) is None


def test_a_tensor_without_numbers_or_dimensions():
    assert parts(seen("none", weights(0, 4))) is None
    assert parts(seen("one", np.array(3, np.uint16), shape=())) is None


def test_query_key_and_value_in_one():
    fused = np.concatenate([tuned(BASE[f"1.{name}"], seed=k) for k, name in enumerate("qkv")])
    block = WIDTH * WIDTH * TWO
    assert parts(seen("attn.qkv", fused)) == tuple(
        Part(block, IDS[f"1.{name}"], 0, "BF16") for name in "qkv"
    )


def test_one_of_a_fused_tensor():
    fused = np.concatenate([BASE[f"1.{name}"] for name in "qkv"])
    pool = Pool([seen("attn.qkv", fused)])
    for place, name in enumerate("qkv"):
        tensor = seen(f"1.{name}", tuned(BASE[f"1.{name}"]))
        (part,) = match.parts(tensor, pool) or ()
        assert part.base_start == place * WIDTH * WIDTH * TWO
        assert part.size == tensor.size_bytes


def test_heads_of_fewer_values_than_queries():
    fused = np.concatenate([weights(4 * WIDTH, WIDTH, seed=3), *(BASE[f"0.{n}"] for n in "kv")])
    pool = Pool([seen("attn.qkv", fused)])
    for place, name in enumerate("kv"):
        (part,) = match.parts(seen(name, tuned(BASE[f"0.{name}"])), pool) or ()
        assert part.base_start == (4 + place) * WIDTH * WIDTH * TWO


@pytest.mark.parametrize("more", [1, 3, 64])
def test_a_vocabulary_that_grew(more):
    grown = np.concatenate([tuned(BASE["embed"]), weights(more, WIDTH, seed=5)])
    row = WIDTH * TWO
    assert parts(seen("embed", grown)) == (
        Part(500 * row, IDS["embed"], 0, "BF16"),
        Part(more * row),
    )


def test_a_vocabulary_that_shrank():
    found = parts(seen("embed", tuned(BASE["embed"][:400])))
    assert found == (Part(400 * WIDTH * TWO, IDS["embed"], 0, "BF16"),)


@pytest.mark.parametrize("shard", [0, 1, 2, 3])
def test_shards_of_rows(shard):
    rows = slice(shard * WIDTH, (shard + 1) * WIDTH)
    found = parts(seen(f"0.up.{shard}", tuned(BASE["0.up"][rows])))
    block = WIDTH * WIDTH * TWO
    assert found == (Part(block, IDS["0.up"], shard * block, "BF16"),)


def test_without_a_way_to_read_only_whole_tensors_are_compared():
    fused = np.concatenate([tuned(BASE[f"1.{name}"]) for name in "qkv"])
    assert parts(seen("attn.qkv", fused, read=False)) is None


def single(words):
    return (words.astype(np.uint32) << 16).view(np.float32)


def half(words):
    return single(words).astype(np.float16)


@pytest.mark.parametrize(("dtype", "made"), [("F32", single), ("F16", half)])
def test_a_base_of_another_float_type_is_cast(dtype, made):
    variant = made(tuned(BASE["0.up"], 1e-4))
    found = match.match(seen("0.up", variant, dtype=dtype), POOL)
    assert found.parts == (Part(variant.nbytes, IDS["0.up"], 0, "BF16"),)
    assert found.bits < 2
    renamed = match.match(seen("new", variant, dtype=dtype), POOL)
    assert renamed.parts == found.parts


def test_between_equals_the_base_that_need_not_be_cast():
    rows = {"0.q": single(BASE["0.q"])}
    pool = Pool([*tensors(rows, dtype="F32"), *tensors({"q": BASE["0.q"]})])
    found = match.match(seen("new", tuned(BASE["0.q"])), pool)
    assert found.parts[0].dtype == "BF16"


def test_whole_numbers_are_not_cast():
    whole = np.zeros((WIDTH, WIDTH), np.int32)
    whole[:, ::2] = 5
    assert parts(seen("0.q", whole, dtype="I32")) is None
    pool = Pool([seen("w", whole, dtype="I32"), seen("v", whole, dtype="U8", shape=(4, 4096))])
    assert match.parts(seen("w", BASE["0.q"]), pool) is None


@pytest.mark.parametrize("sketch", [b"", b"123", bytes(2), bytes(8192), bytes(8194), bytes(9000)])
def test_a_sketch_of_another_length_is_no_base(sketch):
    wrong = seen("0.q", BASE["0.q"])._replace(sketch=sketch, id="wrong")
    pool = Pool([wrong, *(wrong._replace(id=f"wrong{k}") for k in range(9))])
    tensor = seen("0.q", tuned(BASE["0.q"]))
    if len(sketch) == 8192:
        assert match.match(tensor, pool).bits == pytest.approx(match.match(tensor, pool).raw)
    assert match.parts(tensor, pool) is None


def test_many_tensors_of_one_size():
    experts = {f"expert.{k}": weights(32, 32, seed=1000 + k) for k in range(300)}
    pool = Pool(tensors(experts))
    for k in (0, 17, 299):
        found = match.parts(seen("renamed", tuned(experts[f"expert.{k}"])), pool)
        assert found is not None
        assert found[0].base == seen("", experts[f"expert.{k}"]).id


def test_the_key_knows_shapes_only():
    assert match.key(tensors(BASE)) == match.key(tensors(network(2)))
    renamed = {f"model.{name}": words for name, words in reversed(BASE.items())}
    assert match.key(tensors(renamed)) == match.key(tensors(BASE))
    assert match.key(tensors(network(1, vocabulary=501))) != match.key(tensors(BASE))


def store(**models):
    """Candidates, and a count of how often each is loaded."""
    loads = dict.fromkeys(models, 0)

    def load(name):
        def loaded():
            loads[name] += 1
            return tensors(models[name], read=False)

        return loaded

    return [Candidate(n, match.key(tensors(m)), load(n)) for n, m in models.items()], loads


STORE, LOADS = store(
    one=network(1), two=network(2), three=network(3), large=network(4, 3), grown=network(5)
)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_base_is_found(seed):
    found = match.find(tensors(tune(network(seed))), STORE)
    name = ["one", "two", "three"][seed - 1]
    assert found.name == found.ranking[0][0] == name
    assert found.bits < 0.5 * found.raw_bits
    assert found.warnings == ()


def test_other_structures_are_looked_at_only_if_no_kin_pays():
    candidates, loads = store(one=network(1), large=network(4, 3))
    match.find(tensors(tune(network(1))), candidates)
    assert loads == {"one": 1, "large": 0}
    found = match.find(tensors(tune(network(4, 2))), candidates)
    assert loads["large"] == 1
    assert found.name == "large"


def test_renamed_fused_and_grown_at_once():
    made = tune(network(2))
    fused = {}
    for layer in range(2):
        fused[f"h.{layer}.qkv"] = np.concatenate([made[f"{layer}.{n}"] for n in "qkv"])
        fused |= {f"h.{layer}.{n}": made[f"{layer}.{n}"] for n in ("o", "up", "bias")}
    fused["wte"] = np.concatenate([made["embed"], weights(12, WIDTH, seed=8)])
    found = match.find(tensors(fused), STORE)
    assert found.name == "two"
    assert found.bits < 0.6 * found.raw_bits


def test_a_stranger_has_no_stored_base():
    found = match.find(tensors(network(9)), STORE)
    assert found.name is None
    assert found.bits == found.raw_bits
    assert match.find(tensors(network(9)), []).name is None
    assert match.find([], STORE).name is None


def test_of_two_kin_the_nearer():
    candidates, _ = store(far=tune(BASE, 0.3), near=tune(BASE, 1e-3), base=tune(BASE, 0.05))
    assert match.find(tensors(tune(BASE, 1e-3)), candidates).name == "near"


def test_a_declared_base_that_is_wrong_is_told():
    found = match.find(tensors(tune(network(1))), STORE, declared=["two"])
    assert found.name == "one"
    assert "two is named as the base" in found.warnings[0]
    found = match.find(tensors(network(9)), STORE, declared=["two"])
    assert found.name is None
    assert "the model alone" in found.warnings[0]


def test_a_declared_base_that_pays_less_is_told():
    candidates, _ = store(far=tune(BASE, 0.3), near=tune(BASE, 1e-3))
    found = match.find(tensors(BASE), candidates, declared=["far"])
    assert found.name == "near"
    assert "near is nearer" in found.warnings[0]


def test_a_declared_base_is_believed_where_it_is_nearly_the_best():
    first, second = tune(BASE, 1e-2), tune(BASE, 1.03e-2)
    candidates, _ = store(first=first, second=second)
    for name in ("first", "second"):
        found = match.find(tensors(tune(BASE, 0)), candidates, declared=[name])
        assert (found.name, found.warnings) == (name, ())


def test_a_declared_base_of_another_structure_is_looked_at():
    candidates, loads = store(one=network(1), large=network(4, 3))
    match.find(tensors(tune(network(1))), candidates, declared=["large"])
    assert loads == {"one": 1, "large": 1}
