"""Rows to a file: CSV or Parquet, a part at a time, so that a large table is never in memory."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from cfer.batch.rows import Row, as_frame
from cfer.reading.reader import Reader
from cfer.system.files import moved_into_place

CSV, PARQUET = ".csv", ".parquet"


class BatchError(ValueError):
    """A table cannot be made; the message says why and what to do."""


def check_table(out: Path) -> None:
    """See that a table can be written; nothing is written yet.

    Raises:
        BatchError: It exists, its ending is not known, or Parquet cannot be written here.
    """
    if out.suffix.lower() not in {CSV, PARQUET}:
        raise BatchError(f"{out.name} must end in {CSV} or {PARQUET}: that is how the kind of table is chosen.")
    if os.path.lexists(out):
        raise BatchError(f"{out} exists. Choose another name, or delete it first.")
    if out.suffix.lower() == PARQUET:
        _parquet()


def write_table(parts: Iterator[Sequence[Row]], out: Path, reader: Reader) -> None:
    """Write parts' rows as one table, in one move.

    Args:
        parts: Rows, some at a time.
        out: A file that `check_table` has seen.
        reader: Who read.
    """
    frames = (as_frame(rows, reader) for rows in parts)
    with moved_into_place(out) as partial:
        if out.suffix.lower() == PARQUET:
            pa, pq = _parquet()
            writer: Any = None
            for frame in frames:
                table = pa.Table.from_pandas(frame, preserve_index=False)
                writer = writer or pq.ParquetWriter(partial, table.schema)
                writer.write_table(table)
            writer.close()
            return
        for number, frame in enumerate(frames):
            frame.to_csv(partial, mode="a", header=not number, index=False)


def _parquet() -> tuple[Any, Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise BatchError("Parquet needs pyarrow: pip install pyarrow, or write a .csv.") from None
    return pyarrow, pyarrow.parquet
