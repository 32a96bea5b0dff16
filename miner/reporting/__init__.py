"""The report: a data set in numbers, plots and rows, as one HTML page."""

from miner.reporting.report import Report, report

__all__ = ["Report", "report"]
