"""Read tables as people have them: any usual encoding, commas, semicolons or tabs."""

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from cfer.data.names import listed
from cfer.pictures import PictureError

_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_LONGEST = 16_000_000  # characters of a field: FER2013 keeps whole pictures in one


@dataclass(frozen=True)
class Table:
    """Rows of a text table.

    Attributes:
        columns: Names in the header.
        rows: A value for every column, "" where a row is short.
        lines: The line in the file of each row, for messages.
        oddities: Sentences about what was unusual in the file.
        name: What to call it in messages.
    """

    columns: tuple[str, ...]
    rows: tuple[dict[str, str], ...]
    lines: tuple[int, ...]
    oddities: tuple[str, ...] = ()
    name: str = "The table"

    def column(self, aliases: Sequence[str]) -> str | None:
        """The column that goes by the first of some names, in any case; None where there is none.

        Raises:
            PictureError: Two columns have that name, and may say different things.
        """
        for alias in aliases:
            found = [column for column in self.columns if column.lower() == alias]
            if len(found) > 1:
                raise PictureError(f"{self.name} has {len(found)} columns called {alias!r}. Rename or remove one.")
            if found:
                return found[0]
        return None

    def unused(self, aliases: Sequence[str]) -> list[str]:
        """A sentence where further columns go by one of some names that mean the same."""
        used = self.column(aliases)
        others = [c for c in self.columns if c.lower() in aliases and c != used]
        return [f"{self.name} is read by its column {used!r}; {listed(others)} is not used."] if others else []


def read_table(data: bytes, name: str) -> Table:
    """Read a table.

    Args:
        data: The file's content.
        name: What to call it in messages.

    Raises:
        PictureError: It is empty, no text, not a table, or has a header and no row.
    """
    text, encoding = decoded(data, name)
    oddities = [f"{name} is read as {encoding}."] if encoding else []
    first = text.split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=first.count)
    if first.count(delimiter) == 0:
        delimiter = ","
    if delimiter != ",":
        oddities.append(f"{name} is separated by {_DELIMITERS[delimiter]}.")
    previous = csv.field_size_limit(_LONGEST)
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
        columns = tuple((c or "").strip() for c in reader.fieldnames or ())
        rows, lines = [], []
        for row in reader:
            rows.append({(k or "").strip(): (v or "").strip() for k, v in row.items() if k is not None})
            lines.append(reader.line_num)
            if None in row:
                oddities.append(f"{name}, line {reader.line_num}, has more fields than the header has columns.")
    except csv.Error as error:
        raise PictureError(f"{name} is not a table that can be read: {error}.") from error
    finally:
        csv.field_size_limit(previous)
    if not columns or not any(columns):
        raise PictureError(f"{name} is empty.")
    if not rows:
        raise PictureError(f"{name} has a header and no row.")
    counted = Counter(column.lower() for column in columns if column)
    oddities += [f"{name} has {count} columns called {column!r}." for column, count in counted.items() if count > 1]
    surplus = [line for line in oddities if "more fields" in line]
    if len(surplus) > 3:
        oddities = [o for o in oddities if o not in surplus[1:]] + [f"So have {len(surplus) - 1:,} more lines."]
    return Table(columns, tuple(rows), tuple(lines), tuple(oddities), name)


def decoded(data: bytes, name: str) -> tuple[str, str | None]:
    """A file's text, and the name of its encoding where that is not UTF-8.

    Raises:
        PictureError: It is no text.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return data.decode("utf-16"), "UTF-16"
        except UnicodeDecodeError as error:
            raise PictureError(f"{name} is cut off or not a text file.") from error
    if b"\0" in data:
        raise PictureError(f"{name} is not a text file.")
    try:
        return data.decode("utf-8-sig"), None
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace"), "Windows-1252 (it is not UTF-8)"
