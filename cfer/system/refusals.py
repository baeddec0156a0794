"""Refusals: errors whose sentence is meant for people, with the sentence's template and what stands in its places."""

from types import MappingProxyType
from typing import Any


class RefusalError(ValueError):
    """Refusal of what somebody brought or asked for.

    `str` of it is the sentence in English. Whoever speaks another language finds the translation by `template`.

    Attributes:
        template: The sentence with its named places open.
        values: What stands in them.
    """

    def __init__(self, template: str, **values: Any) -> None:
        """Say a sentence; with `values` it is a template for `str.format`, without any it is said as it stands."""
        self.template, self.values = template, MappingProxyType(values)
        super().__init__(template.format(**values) if values else template)

    def __reduce__(self) -> tuple[Any, ...]:
        """Contents that go to another process."""
        return _again, (type(self), self.template, dict(self.values))


def _again(kind: type[RefusalError], template: str, values: dict[str, Any]) -> RefusalError:
    return kind(template, **values)
