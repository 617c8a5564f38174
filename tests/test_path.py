"""One counter in two contexts: the kernel that PyTorch takes instead is named as the cause."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconcile.explain import Explanation
from tests.shared import audit_of

LAYERS = str(Path(__file__).parent / "cases" / "layers.py")


def _causes(why: Explanation) -> dict[str, int]:
    return {cause.cause: cause.amount for cause in why.causes}


@pytest.mark.parametrize(
    ("model", "kernel", "macs", "scores"),
    [
        # Four projections, and scores and values over two heads of four.
        ("torch.nn:MultiheadAttention", "_native_multi_head_attention", 4 * (1 * 7 * 8 * 8), 2 * 2 * (7 * 7 * 4)),
        (
            "torch.nn:TransformerEncoderLayer",
            "_transformer_encoder_layer_fwd",
            4 * (1 * 7 * 8 * 8) + 2 * (1 * 7 * 8 * 16),
            2 * 2 * (7 * 7 * 4),
        ),
    ],
)
def test_the_fast_path_is_a_cause_that_names_its_kernel(model: str, kernel: str, macs: int, scores: int) -> None:
    own = f"{Path(__file__).parent / 'cases' / 'contexts.py'}:{model.rpartition(':')[2]}"
    audit = audit_of(own, "1,7,8", ("torch@grad", "torch@no_grad"))
    why = audit.explanation("torch@grad", "torch@no_grad")
    assert why.complete
    # With gradients the products are counted twice a multiply-add, but for the fused attention on a CPU.
    assert _causes(why) == {"path": macs + scores, "mac-weight": macs, "unseen": -scores}
    sentences = {cause.cause: cause.because for cause in why.causes}
    assert kernel in sentences["path"]
    assert "_scaled_dot_product_flash_attention_for_cpu" in sentences["unseen"]


def test_an_op_met_whole_in_inference_mode_is_another_path() -> None:
    audit = audit_of(
        "reconcile.models:LeNet", "1,1,28,28", ("ptflops:aten", "ptflops:aten@inference_mode", "reference")
    )
    why = audit.explanation("ptflops:aten", "ptflops:aten@inference_mode")
    assert why.complete
    reference = audit.run.count("reference")
    assert reference is not None
    assert _causes(why)["path"] == reference.total
    assert "conv2d" in next(cause.because for cause in why.causes if cause.cause == "path")


def test_a_kernel_without_a_formula_is_out_of_sight() -> None:
    audit = audit_of("torch.nn:LSTM", "5,2,8", ("torch", "reference"), {"input_size": 8, "hidden_size": 4})
    why = audit.explanation("torch", "reference")
    # Four gates, two steps of a batch, input and state.
    assert _causes(why) == {"unseen": -(5 * 2 * 4 * 4 * (8 + 4))}
    assert "mkldnn_rnn_layer" in why.causes[0].because
