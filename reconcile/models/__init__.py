"""Networks with published numbers, written from their published structure, for claims, reports and tests.

Those for Paddle are in `reconcile.models.in_paddle`, which imports Paddle.
"""

from __future__ import annotations

from reconcile.models.mobilenet import MobileNetV1
from reconcile.models.small import ArticleNet, Functional, Layers, LeNet, TestNet
from reconcile.models.yolo import YOLOv5s

__all__ = ["ArticleNet", "Functional", "Layers", "LeNet", "MobileNetV1", "TestNet", "YOLOv5s"]
