"""Floor 5: what a run shows of itself: pages that open offline. Knows arrays and words, no network."""

from graftgan.report.advice import AdvicePage, SourceShown, write_advice
from graftgan.report.comparison import write_comparison
from graftgan.report.contenders import Column, Comparison, Contender, Draw
from graftgan.report.content import Choice, Layer, LayerShare, MetricRow, Neighbour, Report, Score
from graftgan.report.evaluation import Evaluation, write_evaluation
from graftgan.report.markdown import summary_markdown
from graftgan.report.metric_table import GROUPS
from graftgan.report.page import write_report
from graftgan.report.zoo import SourceEntry, ZooPage, write_zoo

__all__ = [
    "GROUPS",
    "AdvicePage",
    "Choice",
    "Column",
    "Comparison",
    "Contender",
    "Draw",
    "Evaluation",
    "Layer",
    "LayerShare",
    "MetricRow",
    "Neighbour",
    "Report",
    "Score",
    "SourceEntry",
    "SourceShown",
    "ZooPage",
    "summary_markdown",
    "write_advice",
    "write_comparison",
    "write_evaluation",
    "write_report",
    "write_zoo",
]
