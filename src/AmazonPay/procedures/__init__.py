"""Procedures: methods of both clients that make several calls, one topic a file."""

from .._core.declare import Iteration, Procedure
from .evidence import Evidence as Evidence
from .once import Once as Once
from .paging import Paging as Paging
from .report_files import ReportFiles as ReportFiles
from .waiting import Waiting as Waiting


class Procedures(Waiting, Paging, ReportFiles, Evidence, Once):
    """The index of the procedures."""

    def __init_subclass__(cls, **kwargs: object) -> None:
        """Place real functions on a class that can perform steps."""
        super().__init_subclass__(**kwargs)
        if not hasattr(cls, "perform"):
            return
        for base in Procedures.__mro__:
            for name, declared in vars(base).items():
                if (
                    isinstance(declared, (Procedure, Iteration))
                    and getattr(cls, name) is declared
                ):
                    setattr(cls, name, declared.placed_on(cls))
