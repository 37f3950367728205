"""Procedures: methods of both clients that make several calls, one topic per file."""

from .._core.declare import Declarations
from .evidence import Evidence as Evidence
from .once import Once as Once
from .paging import Paging as Paging
from .report_files import ReportFiles as ReportFiles
from .waiting import Waiting as Waiting


class Procedures(Waiting, Paging, ReportFiles, Evidence, Once, Declarations):
    """Every method that makes several calls."""
