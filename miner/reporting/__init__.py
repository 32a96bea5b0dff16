"""The report: a data set in numbers, plots and rows, as one HTML page."""

from miner.reporting.build import Report, report

__all__ = ["Report", "report"]
