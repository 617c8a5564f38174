"""The networks with published numbers have the published parameters, module by module."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from reconcile.models import ArticleNet, LeNet, MobileNetV1, TestNet, YOLOv5s
from tests.shared import audit_of


def _parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


YOLO = {
    0: 32 * 3 * 6 * 6 + 2 * 32,
    1: 18560,
    2: 18816,
    3: 73984,
    4: 115712,
    5: 295424,
    6: 625152,
    7: 1180672,
    8: 1182720,
    9: 656896,
    10: 131584,
    11: 0,
    12: 0,
    13: 361984,
    14: 33024,
    15: 0,
    16: 0,
    17: 90880,
    18: 147712,
    19: 0,
    20: 296448,
    21: 590336,
    22: 0,
    23: 1182720,
    24: 229245,
}
"""The published table of YOLOv5s: parameters by module."""


def test_every_module_of_yolov5s_has_its_published_parameters() -> None:
    model = YOLOv5s()
    assert {index: _parameters(module) for index, module in enumerate(model.model)} == YOLO
    assert (_parameters(model), len(list(model.modules()))) == (7235389, 270)


def test_fusing_takes_away_the_normalisations_and_nothing_else() -> None:
    model, fused = YOLOv5s(), YOLOv5s(fused=True)
    norms = {name for name, module in model.named_modules() if isinstance(module, nn.BatchNorm2d)}
    gone = dict(model.named_modules()).keys() - dict(fused.named_modules()).keys()
    assert gone == norms
    assert (len(norms), len(list(fused.modules()))) == (57, 270 - 57)
    channels = sum(module.num_features for module in model.modules() if isinstance(module, nn.BatchNorm2d))
    assert _parameters(model) - _parameters(fused) == channels == 7235389 - 7225885
    assert not any(parameter.requires_grad for parameter in fused.parameters())


def test_a_fused_block_computes_what_it_computed_before() -> None:
    from reconcile.models.yolo import Conv

    generator = torch.Generator().manual_seed(1)
    block = Conv(3, 8, 3, 2).eval()
    assert isinstance(block.bn, nn.BatchNorm2d)
    with torch.no_grad():
        for tensor in (block.bn.weight, block.bn.bias, block.bn.running_mean, block.bn.running_var):
            assert tensor is not None
            tensor.copy_(torch.rand(tensor.shape, generator=generator) + 0.5)
        x = torch.rand((1, 3, 9, 9), generator=generator)
        before = block(x)
        block.fuse()
        assert torch.allclose(before, block(x), atol=1e-5)
        block.conv.bias += 1.0
        assert not torch.allclose(before, block(x), atol=1e-5)


MOBILENET = (
    (32, 64),
    (64, 128),
    (128, 128),
    (128, 256),
    (256, 256),
    (256, 512),
    *((512, 512),) * 5,
    (512, 1024),
    (1024, 1024),
)
"""Input and output channels of the blocks in the paper's table."""


def test_every_layer_of_mobilenet_has_the_filters_of_the_papers_table() -> None:
    model = MobileNetV1()
    assert _parameters(model.stem) == 3 * 3 * 3 * 32 + 2 * 32
    for block, (inputs, outputs) in zip(model.blocks, MOBILENET, strict=True):
        assert _parameters(block.depthwise) == 3 * 3 * inputs
        assert _parameters(block.pointwise) == 1 * 1 * inputs * outputs
        assert _parameters(block.norm1) + _parameters(block.norm) == 2 * inputs + 2 * outputs
    assert model.fc is not None
    assert _parameters(model.fc) == 1024 * 1000 + 1000
    assert round(_parameters(model) / 1e6, 1) == 4.2


def test_mobilenet_executes_the_papers_multiply_adds() -> None:
    reference = audit_of("reconcile.models:MobileNetV1", "1,3,224,224", ("thop",)).run.reference
    assert reference is not None
    assert round(reference.total / 1e6) == 569


@pytest.mark.parametrize(
    ("model", "parameters"),
    [(ArticleNet, 8660042), (LeNet, 60 + 2416 + 48120 + 10164 + 850), (TestNet, 4 * 2 * 3 * 3 + 4)],
)
def test_small_networks_have_their_published_parameters(model: type[nn.Module], parameters: int) -> None:
    assert _parameters(model()) == parameters
