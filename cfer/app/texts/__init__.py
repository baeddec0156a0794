"""Every sentence for a visitor, in one place and in several languages.

A sentence is a template with named places. Labels of controls are chosen in the browser (`labels`), sentences about a
face on the server (`Speech`), both by the languages that the browser asks for.
"""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import gradio as gr

from cfer.app.texts import (
    de,
    de_lessons,
    de_names,
    de_refusals,
    de_relations,
    de_steps,
    en,
    en_lessons,
    en_names,
    en_relations,
    en_steps,
)
from cfer.emotions import EXPRESSIONS
from cfer.system.refusals import RefusalError

LANGUAGES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "en": en.TEXTS | en_lessons.TEXTS | en_relations.TEXTS | en_steps.TEXTS,
        "de": de.TEXTS | de_lessons.TEXTS | de_relations.TEXTS | de_steps.TEXTS,
    }
)
NAMES: Mapping[str, Mapping[str, str]] = MappingProxyType({"en": {}, "de": de_names.NAMES})
"""Names of expressions, action units and parts of the face in other languages; English is what the package says."""
ADJECTIVES: Mapping[str, Mapping[str, str]] = MappingProxyType({"en": en_names.ADJECTIVES, "de": de_names.ADJECTIVES})
"""Expressions in the sentence "this face looks ...", where it is not their name."""
SIGHTS: Mapping[str, Mapping[int, str]] = MappingProxyType({"en": en_names.SIGHTS, "de": de_names.SIGHTS})
"""Action units, as people see them."""
REFUSALS: Mapping[str, Mapping[str, str]] = MappingProxyType({"en": {}, "de": de_refusals.REFUSALS})
"""The package's own sentences about what will not do, in other languages."""


def spoken(accepted: str | None) -> str:
    """The first language of an Accept-Language header that the app speaks; English if there is none."""
    for wish in (accepted or "").split(","):
        language = wish.split(";")[0].split("-")[0].strip().lower()
        if language in LANGUAGES:
            return language
    return "en"


class Html(str):
    """Text that is HTML already, everything in it escaped."""


@dataclass(frozen=True)
class Speech:
    """Sentences in one language."""

    language: str = "en"

    def __call__(self, key: str, **values: Any) -> str:
        """A sentence with its places filled, as plain text.

        Raises:
            KeyError: There is no such sentence, or a place is left open.
        """
        return LANGUAGES[self.language][key].format(**values)

    def html(self, key: str, **values: Any) -> str:
        """The same with everything that is filled in escaped unless it is `Html`, and **words** bold."""
        said = {name: x if isinstance(x, Html) else html.escape(str(x)) for name, x in values.items()}
        pieces = self(key, **said).split("**")
        return "".join(f"<b>{piece}</b>" if i % 2 else piece for i, piece in enumerate(pieces))

    def refusal(self, refused: RefusalError) -> str:
        """Sentence of the package's own about what will not do; one without a translation stays English."""
        here = REFUSALS[self.language].get(refused.template)
        if here is None:
            return str(refused)
        return here.format(**{key: self.name(x) if isinstance(x, str) else x for key, x in refused.values.items()})

    def name(self, english: str) -> str:
        """An expression, an action unit or a part of the face; what has no other name keeps its own."""
        return NAMES[self.language].get(english, english)

    def adjective(self, english: str) -> str:
        """An expression as a face can be said to look: gently, where its name would hurt or is no adjective."""
        return ADJECTIVES[self.language].get(english, self.name(english))

    def sight(self, number: int, english: str) -> str:
        """Everyday words for what is seen where a muscle works."""
        return SIGHTS[self.language].get(number, self.name(english))

    def muscle(self, number: int, english: str) -> "Html":
        """The same as HTML, with the action unit's code and name where the pointer rests."""
        code = html.escape(f"AU{number}, {self.name(english)}", quote=True)
        return Html(f'<abbr title="{code}">{html.escape(self.sight(number, english))}</abbr>')

    def both(self, names: list[str] | tuple[str, ...]) -> str:
        """Names joined: "a, b and c"."""
        said = [self.name(name) for name in names]
        return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} {self('and')} {said[-1]}"

    def either(self, names: Sequence[str]) -> str:
        """Names joined as possibilities: "a or b"."""
        return f" {self('or')} ".join(self.name(name) for name in names)

    def percent(self, share: float) -> str:
        """A share in whole percents, a small one in words; spaces that no line ends at."""
        return "<\N{NO-BREAK SPACE}1\N{NO-BREAK SPACE}%" if share < 0.01 else f"{100 * share:.0f}\N{NO-BREAK SPACE}%"


_NAME = "name "
labels = gr.I18n(
    **{
        language: {**texts, **{_NAME + english: Speech(language).name(english) for english in EXPRESSIONS}}
        for language, texts in LANGUAGES.items()
    }
)
"""Labels by key, for Gradio to choose in the browser."""


def name_label(english: str) -> Any:
    """An expression's name as such a label."""
    return labels(_NAME + english)
