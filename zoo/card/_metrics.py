"""What each metric on a card says, and which way is better."""

from __future__ import annotations

from zoo.card._blocks import NotMeasured, Table, table
from zoo.card._names import METRICS, metric_label
from zoo.card._records import CardRecords
from zoo.records import better_of

MEANINGS = {
    "f_score": "Precision and recall in one, their harmonic mean",
    "precision": "Share of what the file finds that is there for the reference or in the labels",
    "recall": "Share of what is there for the reference or in the labels that the file finds",
    "mean_iou": "Of boxes that both find: their intersection over their union, on the average",
    "keypoint_error": "Of boxes that both find: mean distance of their key points, in sides of the box",
    "labelled_recall": "Share of labelled faces that the file finds",
    "landmark_error": "Mean distance of points from the reference's, in longer sides of the box around these",
    "pck": "Share of points that lie within 5% of the box's longer side of the reference's",
    "presence_agreement": "Share of regions where both find something or neither does",
    "handedness_agreement": "Of hands that both find: share with the same answer, left or right",
    "world_error": "Mean distance of points in space from the reference's, in metres",
    "mask_iou": "Intersection over union of the masks, on the average",
    "ap": "COCO's average precision, mean over IoU 0.5 to 0.95",
    "ap50": "COCO's average precision at IoU 0.5",
    "oks_ap": "COCO's average precision of poses, by the similarity of their labelled points (OKS)",
    "oks_ap50": "The same where a similarity of 0.5 is enough",
    "oks_ap75": "The same where a similarity of 0.75 is asked for",
    "pck10": "Share of labelled points found within a tenth of the longer side of the box",
    "pdj20": "Share of labelled points found within a fifth of the torso",
    "mean_error": "Mean distance of found points from the labelled ones, in longer sides of the box",
    "pck5": "Share of labelled points found within 5% of the longer side of the box",
    "pck20": "Share of labelled points found within 20% of the longer side of the box",
    "pck_area": "Area below the curve of that share over the distance, up to 20%",
    "found": "Share of what is labelled that was found at all",
}
"""A phrase for each metric. Definitions: zoo.evaluate."""


def metrics_table(records: CardRecords) -> Table | NotMeasured:
    """The metrics that this card has numbers of, in the card's order."""
    quality, fairness = records.quality, records.fairness
    measured = [*quality.variants, *(one for labels in quality.labels for one in labels.variants)] if quality else []
    names = {name for variant in measured for name in variant.metrics}
    names |= {column.metric for column in fairness.columns} if fairness else set()
    if not names:
        return NotMeasured("Metrics of quality", "no record holds one")
    known = [name for name in METRICS if name in names]
    words = {"lower": "less", "higher": "more"}
    rows = [(metric_label(name), MEANINGS[name], words[better_of(name)]) for name in known]
    rows += [(metric_label(name), "A metric of this build's own", "not known") for name in sorted(names - set(METRICS))]
    return table("What is measured of quality, and which way is better", "Metric | What it says | Better", rows)
