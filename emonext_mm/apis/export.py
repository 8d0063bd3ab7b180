"""Export a whole model, Spatial Transformer included, to ONNX or as a program of ``torch.export``."""
from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.runner import load_checkpoint
from mmpretrain.models import ImageClassifier
from mmpretrain.registry import DATASETS
from torch import Tensor, nn

from emonext.metadata import FORMAT, KEY
from emonext_mm import compat
from emonext_mm.apis.geometry import read_faces
from emonext_mm.emotions import find_order
from emonext_mm.engine.hooks.class_order import classes_of
from emonext_mm.engine.hooks.trained_options import warn_of_changes
from emonext_mm.evaluation.rounding import RoundingCost, measure_rounding
from emonext_mm.models.face_classifier import LIMIT, FaceClassifier
from emonext_mm.utils.checkpoint_content import check_class_names, stored_classes
from emonext_mm.utils.command_line import read_config
from emonext_mm.utils.files import write_atomic
from emonext_mm.utils.models import build_model
from emonext_mm.utils.options import merge_options
from emonext_mm.utils.plain import to_plain
from emonext_mm.utils.work_dir import find_checkpoint

OPSET = 18  # what ONNX Runtime 1.19 and TensorRT read alike
BATCHES = (1, 2, 5)
CARD = ('config', 'weights', 'provenance', 'figures')  # entries of a published model that the file repeats

Runner = Callable[[Tensor], Tensor]  # probabilities of faces
Writer = Callable[[Path, dict[str, Tensor]], Runner]  # writes a file with some weights changed, and loads it


@dataclass(frozen=True)
class Exported:
    """An exported model.

    Attributes:
        path: the file.
        meta: its metadata.
        difference: largest difference of a probability to PyTorch with the same weights.
        rounding: cost of rounding the weights; None without rounding, a text where it could not be measured.
    """

    path: Path
    meta: dict
    difference: float
    rounding: RoundingCost | str | None


def export(
    config: str | Path | Config,
    checkpoint: str | Path,
    out: str | Path,
    *,
    half: bool = False,
    cfg_options: dict[str, Any] | None = None,
) -> Exported:
    """Write a model as one file: bytes of faces in, calibrated probabilities and warped faces out.

    The graph takes ``faces`` (N, C, S, S) uint8 and returns ``probabilities`` (N, K) float32 and ``warped``
    (N, C, h, w) uint8, what the STN made of them, (N, 0, 0, 0) without view and STN. N is free. Before the file is
    written, its probabilities are compared with PyTorch's, for batches of 1, 2 and 5, also with an STN that warps.

    Args:
        config: file, or config. Its test pipeline tells the side S of the faces and the part of the face that they
            show; where it loads no file, a sample of the test data tells the channels C.
        checkpoint: file, or the work dir of a training.
        out: file to write: .onnx, or .pt2 for ``torch.export.load``.
        half: round the weights to float16, which halves the file; computed in float32. The cost is measured on the
            validation split, if the data are there.
        cfg_options: changes to the config by dotted key.

    Raises:
        ValueError: unknown suffix, or a test pipeline, a preprocessor or a model that cannot be exported; the graph
            differs from PyTorch by more than 1e-5, or a softmax from the scores that the model predicts; wrong data to
            measure the cost of rounding on, or no class names.
        ImportError: onnx or onnxscript is missing.
        OSError: a file cannot be read or written.
        CheckpointError: the checkpoint was refused.
    """
    compat.setup()
    out = Path(out)
    if out.suffix not in CONVERTERS:
        raise ValueError(f'{out}: models are exported to {" or ".join(CONVERTERS)}')
    cfg = read_config(config)
    merge_options(cfg, cfg_options)
    classifier, meta = load_classifier(cfg, find_checkpoint(checkpoint), half)
    _replace_gelu(classifier)
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder) / out.name
        write = CONVERTERS[out.suffix](classifier, meta)
        difference = max(_write_checked(write, classifier, weights, meta, draft) for weights in _weights(classifier))
        # Before the file is written, so that wrong data leave no file.
        rounding = _measure_rounding(cfg, checkpoint, classifier) if half else None
        write_atomic(out, draft.read_bytes())
    return Exported(out, meta, difference, rounding)


def _measure_rounding(cfg: Config, checkpoint: str | Path, rounded: FaceClassifier) -> RoundingCost | str:
    """Cost of rounding on the validation split, or a text if there are no data."""
    try:
        dataset = DATASETS.build(dict(cfg.val_dataloader.dataset, pipeline=cfg.test_dataloader.dataset.pipeline))
    except OSError as error:
        return f'cost of rounding not measured, because there are no data: {error}'
    model, meta = load_model(cfg, find_checkpoint(checkpoint))
    order = find_order(classes_of(dataset) or meta['classes'], meta['classes'])
    return measure_rounding(dataset, *(partial(_predict_stored, each, order)
                                       for each in (FaceClassifier(model, rounded.colour), rounded)))


def _predict_stored(classifier: FaceClassifier, order: list[int], images: Tensor) -> Tensor:
    """Probabilities (N, K) of images (N, C, H, W) of a data set, in the order of its classes.

    MMCV loads BGR, and the classifier takes RGB.
    """
    return _predict(classifier, images.flip(1) if classifier.colour else images)[:, order]


def load_classifier(cfg: Config, checkpoint: Path, half: bool = False) -> tuple[FaceClassifier, dict[str, Any]]:
    """Load a model that takes faces as an exported file does, and the metadata of that file.

    Raises:
        ValueError: see :func:`export`.
        CheckpointError: the checkpoint was refused.
    """
    geometry = read_faces(cfg.test_dataloader.dataset)
    model, meta = load_model(cfg, checkpoint, half)
    classifier = FaceClassifier(model, geometry['channels'] == 3)
    classifier.check_scores(_noise(2, geometry))
    return classifier, {**meta, **geometry}


def load_model(cfg: Config, checkpoint: Path, half: bool = False) -> tuple[ImageClassifier, dict[str, Any]]:
    """Build a model with the weights of a checkpoint, and describe it for the metadata; see :func:`export`.

    Raises:
        ValueError: the checkpoint has no class names, or not as many as the model has classes.
        CheckpointError: the checkpoint was refused.
    """
    cfg.model.backbone.init_cfg = None  # the checkpoint replaces pretrained weights
    model = build_model(cfg).float()
    content = load_checkpoint(model, str(checkpoint), map_location='cpu', strict=True, logger='silent')
    meta, classes = content.get('meta') or {}, stored_classes(content)
    if classes is None:
        raise ValueError(f'{checkpoint}: no dataset_meta with the class names, which a checkpoint of a training has')
    check_class_names(str(checkpoint), content, model)
    warn_of_changes(content, cfg)
    if half:
        for value in model.state_dict().values():
            if value.is_floating_point():
                value.copy_(value.half())
    name = Path(cfg.filename).stem if cfg.filename else None
    card = {'config': name, **{key: meta[key] for key in CARD if key in meta}}
    for key, value in (('epoch', meta.get('epoch')), ('iteration', meta.get('iter'))):
        if value:  # a training by iterations stores epoch 0
            card[key] = value
    return model, to_plain(dict(format=FORMAT, classes=list(classes), **card))


class ErfGELU(nn.Module):
    """GELU in a form that ONNX Runtime fuses into one operation, unlike the form of PyTorch's exporter."""

    def forward(self, x: Tensor) -> Tensor:
        return 0.5 * x * (1 + torch.erf(x / math.sqrt(2)))


def _replace_gelu(classifier: FaceClassifier) -> None:
    for module in list(classifier.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.GELU) and child.approximate == 'none':
                setattr(module, name, ErfGELU())


def _weights(classifier: FaceClassifier) -> list[dict[str, Tensor]]:
    """Weights to write and check, the model's own last. An STN at the identity is also checked with random maps."""
    localization = getattr(classifier.model.data_preprocessor, 'localization', None)
    if localization is None:
        return [{}]
    last = localization.regressor[-1].weight
    name = next(name for name, value in classifier.named_parameters() if value is last)
    own = last.detach().clone()
    return [{name: torch.randn(own.shape, generator=torch.Generator().manual_seed(0)) / 20}, {name: own}]


def _write_checked(write: Writer, classifier: FaceClassifier, weights: dict[str, Tensor], meta: dict, path: Path
                   ) -> float:
    """Write a model with some weights changed, and return its largest difference to PyTorch."""
    for name, value in weights.items():
        classifier.get_parameter(name).data.copy_(value)
    run = write(path, weights)
    differences = [float((run(faces) - _predict(classifier, faces)).abs().max())
                   for faces in (_noise(count, meta) for count in BATCHES)]
    if not max(differences) <= LIMIT:  # not a number is an error too
        raise ValueError(f'{path.name} was not written: its probabilities differ from PyTorch by '
                         f'{max(differences):.1e}')
    return max(differences)


@torch.no_grad()
def _predict(classifier: FaceClassifier, faces: Tensor) -> Tensor:
    return classifier(faces)[0]


def _noise(count: int, meta: dict) -> Tensor:
    """Faces (count, C, S, S) of smooth random blobs, which an STN warps differently."""
    generator = torch.Generator().manual_seed(count)
    coarse = torch.rand(count, meta['channels'], 6, 6, generator=generator)
    smooth = torch.nn.functional.interpolate(coarse, (meta['size'],) * 2, mode='bicubic', align_corners=False)
    return (255 * smooth.clamp(0, 1)).to(torch.uint8)


def _to_onnx(classifier: FaceClassifier, meta: dict) -> Writer:
    """ONNX, weights that float16 holds exactly in float16."""
    import onnx
    import onnxruntime

    program = torch.onnx.export(
        classifier, (_noise(2, meta),), dynamo=True, opset_version=OPSET, verbose=False, external_data=False,
        input_names=['faces'], output_names=['probabilities', 'warped'],
        dynamic_shapes=({0: torch.export.Dim('batch')},))

    def write(path: Path, weights: dict[str, Tensor]) -> Runner:
        program.apply_weights(weights)
        model = program.model_proto
        _halve_exact(model)
        for node in model.graph.node:  # stack traces, with the folders of this machine
            del node.metadata_props[:]
        onnx.helper.set_model_props(model, {KEY: json.dumps(meta, allow_nan=False)})
        path.write_bytes(model.SerializeToString())
        session = onnxruntime.InferenceSession(str(path), providers=['CPUExecutionProvider'])
        return lambda faces: torch.from_numpy(session.run(['probabilities'], {'faces': faces.numpy()})[0])

    return write


def _halve_exact(model: Any) -> None:
    """Store large weights that are exact in float16 as float16, each with a cast to float32."""
    from onnx import TensorProto, helper, numpy_helper

    casts = []
    for tensor in model.graph.initializer:
        if tensor.data_type != TensorProto.FLOAT:
            continue
        value = numpy_helper.to_array(tensor)
        with np.errstate(over='ignore'):
            half = value.astype(np.float16)
        if value.size < 64 or not np.array_equal(half.astype(np.float32), value):
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(half, f'{name}.half'))
        casts.append(helper.make_node('Cast', [f'{name}.half'], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def _to_program(classifier: FaceClassifier, meta: dict) -> Writer:
    """A program of ``torch.export``."""
    program = torch.export.export(classifier, (_noise(2, meta),), dynamic_shapes=({0: torch.export.Dim('batch')},))

    def write(path: Path, weights: dict[str, Tensor]) -> Runner:
        for name, value in weights.items():
            program.state_dict[name].data.copy_(value)
        torch.export.save(program, path, extra_files={f'{KEY}.json': json.dumps(meta, allow_nan=False)})
        module = torch.export.load(path).module()
        return lambda faces: module(faces)[0].detach()

    return write


CONVERTERS = {'.onnx': _to_onnx, '.pt2': _to_program}
