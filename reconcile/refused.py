"""What the Paddle mirror refuses by name, and why; anything else that it does not know is named where it is met."""

from __future__ import annotations

from collections.abc import Mapping

from reconcile.language import later

_LOSS = later("it compares an output with a target, so it is no part of a model that is counted")
_INDICES = later("it gives or takes the places of maxima, which Paddle numbers in another way")
_RANDOM = later("it draws random numbers, so nothing could be certified")
_NONE = later("no mirror is written for it")
_OWN = later("it is PyTorch's own plumbing, which models do not call")
_LAZY = later("PyTorch makes the plain layer of it in the first call, which comes before the mirror")

FUNCTIONS: Mapping[str, str] = {
    **dict.fromkeys(
        "binary_cross_entropy binary_cross_entropy_with_logits cosine_embedding_loss cross_entropy ctc_loss "
        "gaussian_nll_loss hinge_embedding_loss huber_loss kl_div l1_loss linear_cross_entropy margin_ranking_loss "
        "mse_loss multi_margin_loss multilabel_margin_loss multilabel_soft_margin_loss nll_loss poisson_nll_loss "
        "smooth_l1_loss soft_margin_loss triplet_margin_loss triplet_margin_with_distance_loss".split(),
        _LOSS,
    ),
    **dict.fromkeys(
        "adaptive_max_pool1d_with_indices adaptive_max_pool2d_with_indices adaptive_max_pool3d_with_indices "
        "max_pool1d_with_indices max_pool2d_with_indices max_pool3d_with_indices "
        "max_unpool1d max_unpool2d max_unpool3d".split(),
        _INDICES,
    ),
    **dict.fromkeys(
        "fractional_max_pool2d fractional_max_pool2d_with_indices fractional_max_pool3d "
        "fractional_max_pool3d_with_indices gumbel_softmax".split(),
        _RANDOM,
    ),
    **dict.fromkeys(
        "conv_tbc embedding_bag grouped_mm lp_pool1d lp_pool2d lp_pool3d pdist scaled_grouped_mm scaled_mm".split(),
        _NONE,
    ),
    **dict.fromkeys("assert_int_or_pair boolean_dispatch multi_head_attention_forward".split(), _OWN),
}
"""Functions of `torch.nn.functional` without a mirror."""

LAYERS: Mapping[str, str] = {
    **dict.fromkeys(
        "AdaptiveLogSoftmaxWithLoss BCELoss BCEWithLogitsLoss CTCLoss CosineEmbeddingLoss CrossEntropyLoss "
        "GaussianNLLLoss HingeEmbeddingLoss HuberLoss KLDivLoss L1Loss LinearCrossEntropyLoss MSELoss "
        "MarginRankingLoss MultiLabelMarginLoss MultiLabelSoftMarginLoss MultiMarginLoss NLLLoss NLLLoss2d "
        "PoissonNLLLoss SmoothL1Loss SoftMarginLoss TripletMarginLoss TripletMarginWithDistanceLoss".split(),
        _LOSS,
    ),
    **dict.fromkeys("MaxUnpool1d MaxUnpool2d MaxUnpool3d".split(), _INDICES),
    **dict.fromkeys("FractionalMaxPool2d FractionalMaxPool3d".split(), _RANDOM),
    **dict.fromkeys("CrossMapLRN2d EmbeddingBag LPPool1d LPPool2d LPPool3d".split(), _NONE),
    **dict.fromkeys("Container DataParallel Module RNNBase RNNCellBase SyncBatchNorm".split(), _OWN),
    **dict.fromkeys(
        "LazyBatchNorm1d LazyBatchNorm2d LazyBatchNorm3d LazyConv1d LazyConv2d LazyConv3d LazyConvTranspose1d "
        "LazyConvTranspose2d LazyConvTranspose3d LazyInstanceNorm1d LazyInstanceNorm2d LazyInstanceNorm3d "
        "LazyLinear".split(),
        _LAZY,
    ),
}
"""Layers of `torch.nn` without a mirror."""


def by_reason(names: Mapping[str, str]) -> dict[str, list[str]]:
    """The names under each reason.

    >>> by_reason({"b": "why", "a": "why"})
    {'why': ['a', 'b']}
    """
    found: dict[str, list[str]] = {}
    for name, why in sorted(names.items()):
        found.setdefault(why, []).append(name)
    return found
