"""What tables and charts call the metrics."""

from __future__ import annotations

METRIC_TITLES = {
    "auroc": "AUROC",
    "aupro": "AUPRO",
    "average_precision": "AP",
    "best_f1": "best F1",
    "image_auroc": "image AUROC",
    "dice_paper": "Dice",
    "iou_paper": "IoU",
    "dice_defective": "Dice (defective)",
    "iou_defective": "IoU (defective)",
    "dice_pooled": "Dice (pooled)",
    "iou_pooled": "IoU (pooled)",
}
"""By the metric's name."""


def metric_title(name: str) -> str:
    """The title of a metric; its name in words where it has none."""
    return METRIC_TITLES.get(name, name.replace("_", " "))
