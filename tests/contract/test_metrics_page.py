"""docs/operations/metrics.md explains each label that a metric has, and no other; names follow the house's form."""

import re

from prometheus_client.metrics import MetricWrapperBase

from maoga.metrics_page import LABELS, labels_of, meaning_of, name_of, record

OURS = [metric for metric in record().collectors if isinstance(metric, MetricWrapperBase)]


def test_every_label_is_explained_once() -> None:
    assert {label for metric in OURS for label in labels_of(metric)} == LABELS.keys()


def test_names_begin_with_maoga_and_each_metric_says_what_it_means() -> None:
    names = [name_of(metric) for metric in OURS]
    assert len(names) == len(set(names)) > 40
    for metric, name in zip(OURS, names, strict=True):
        assert re.fullmatch(r"maoga_[a-z_]+", name)
        assert len(meaning_of(metric)) > 10
