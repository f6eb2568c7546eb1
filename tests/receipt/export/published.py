"""The published schemas themselves, where a folder of them is named by TENTH_SCHEMAS.

boamps/*_schema.json     model/ of github.com/Boavizta/BoAmps
spdx-json-schema.json    https://spdx.org/schema/3.0.1/spdx-json-schema.json
"""

import json
import os
from pathlib import Path

import pytest
from jsonschema import Draft4Validator, Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT4

_FOLDER = Path(os.environ.get("TENTH_SCHEMAS", "/nowhere"))


def boamps():
    texts = {path.name: _read(path) for path in (_FOLDER / "boamps").glob("*_schema.json")}
    if not texts:
        pytest.skip("TENTH_SCHEMAS names no folder with boamps/*_schema.json")
    known = Registry().with_resources(
        (text["id"], DRAFT4.create_resource(text)) for text in texts.values()
    )
    return Draft4Validator(texts["report_schema.json"], registry=known)


def spdx():
    path = _FOLDER / "spdx-json-schema.json"
    if not path.exists():
        pytest.skip("TENTH_SCHEMAS names no folder with spdx-json-schema.json")
    return Draft202012Validator(_read(path))


def _read(path):
    return json.loads(path.read_text(encoding="utf-8"))
