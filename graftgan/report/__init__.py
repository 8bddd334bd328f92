"""Floor 5: what a run shows of itself: one page that opens offline. Knows arrays and words, no network."""

from graftgan.report.page import Layer, MetricRow, Neighbour, Report, write_report

__all__ = ["Layer", "MetricRow", "Neighbour", "Report", "write_report"]
