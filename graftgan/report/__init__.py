"""Floor 5: what a run shows of itself: pages that open offline. Knows arrays and words, no network."""

from graftgan.report.advice import AdvicePage, SourceShown, write_advice
from graftgan.report.comparison import write_comparison
from graftgan.report.contenders import Column, Comparison, Contender, Draw
from graftgan.report.content import Choice, Layer, LayerShare, MetricRow, Neighbour, Report, Score
from graftgan.report.evaluation import Evaluation, write_evaluation
from graftgan.report.markdown import summary_markdown
from graftgan.report.metric_table import GROUPS
from graftgan.report.page import write_report

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
    "SourceShown",
    "summary_markdown",
    "write_advice",
    "write_comparison",
    "write_evaluation",
    "write_report",
]
