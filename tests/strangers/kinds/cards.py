"""Metadata of ONNX models, their model cards among them, and damaged models."""
from __future__ import annotations

import json
from argparse import Namespace
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnx
from hypothesis import strategies as st
from onnx import TensorProto, helper

from emonext.classifier import OnnxClassifier
from emonext.command import info
from emonext.metadata import KEY
from tests.strangers.campaign import Kind
from tests.strangers.wild import CHANGES, EDITS, Change, Edit, change, damage

CLASSES, SIZE = 3, 8


class Case(NamedTuple):
    changes: list[Change]
    edits: list[Edit]  # of the metadata
    damage: list[Edit]  # of the file
    reader: str


NONE = st.just([])
CASES = st.builds(Case, CHANGES, NONE | EDITS, NONE | NONE | EDITS, st.sampled_from(['classify', 'card', 'json']))


@cache
def model() -> bytes:
    """A model of three classes for faces of 8 x 8 pixels."""
    nodes = [helper.make_node('Cast', ['faces'], ['floats'], to=TensorProto.FLOAT),
             helper.make_node('GlobalAveragePool', ['floats'], ['means']),
             helper.make_node('Flatten', ['means'], ['flat']),
             helper.make_node('MatMul', ['flat', 'weights'], ['logits']),
             helper.make_node('Softmax', ['logits'], ['probabilities'])]
    weights = helper.make_tensor('weights', TensorProto.FLOAT, [1, CLASSES], [0.1, 0.2, 0.3])
    graph = helper.make_graph(
        nodes, 'it', [helper.make_tensor_value_info('faces', TensorProto.UINT8, ['N', 1, SIZE, SIZE])],
        [helper.make_tensor_value_info('probabilities', TensorProto.FLOAT, ['N', CLASSES])], [weights])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 17)])
    made.ir_version = 9
    return made.SerializeToString()


def card() -> dict[str, Any]:
    figures = {key: dict(accuracy=70.0, ci95_low=68.0, ci95_high=72.0, macro_f1=66.0, uar=65.0, ece=2.0)
               for key in ('single_view', 'ten_crops')}
    conditions = dict(dataset={'type': 'FER2013'}, split='PublicTest', samples=9)
    figures.update(conditions=conditions, classes={'sad': {'recall': 50.0}},
                   goals={'blur': {'loss': 1.0, 'condition': 'x'}})
    return dict(format=1, classes=['sad', 'happy', 'fear'], size=SIZE, channels=1, crop=1.0, config='it', epoch=3,
                weights='EMA', provenance={'data': 'x', 'commit': 'y'}, figures=figures)


def write(case: Case, folder: Path) -> None:
    text = json.dumps(change(card(), case.changes)).encode()
    made = onnx.load_from_string(model())
    entry = made.metadata_props.add()
    entry.key, entry.value = KEY, damage(text, case.edits).decode('utf-8', 'replace')
    (folder / 'it.onnx').write_bytes(damage(made.SerializeToString(), case.damage))


def read(case: Case, folder: Path) -> None:
    path = folder / 'it.onnx'
    if case.reader == 'classify':
        classifier = OnnxClassifier(path, threads=1)
        shape = 2, classifier.channels, classifier.size, classifier.size
        assert classifier(np.zeros(shape, np.uint8)).shape == (2, len(classifier.classes))
    else:
        info.run(Namespace(model=path, json=case.reader == 'json'))


KIND = Kind(CASES, write, read)
