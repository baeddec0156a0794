"""Many pictures: rows in, rows out; over several processes, resumable, or called by an engine of other people's."""

from cfer.batch.pictures import Listed, list_pictures
from cfer.batch.rows import as_frame, read_rows
from cfer.batch.run import Done, read_many
from cfer.batch.table import BatchError

__all__ = ["BatchError", "Done", "Listed", "as_frame", "list_pictures", "read_many", "read_rows"]
