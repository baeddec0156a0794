from collections import Counter

import pytest

from cfer.emotions import (
    BASICS,
    CODES,
    COMPOUNDS,
    DERIVED,
    EXPRESSIONS,
    UNIT_NAMES,
    Kind,
    find,
    prototype,
    prototype_row,
)


def test_there_are_seven_basics_and_fifteen_compounds_in_cfee_order():
    assert len(BASICS) == 7
    assert len(COMPOUNDS) == 15
    assert list(CODES["cfee"].values()) == [*BASICS, *COMPOUNDS]
    assert CODES["cfee"]["01"] == "neutral"
    assert CODES["cfee"]["22"] == "awed"


def test_every_compound_has_two_different_basic_constituents():
    for name in COMPOUNDS:
        first, second = EXPRESSIONS[name].constituents
        assert {EXPRESSIONS[first].kind, EXPRESSIONS[second].kind} == {Kind.BASIC}
        assert first != second


def test_only_the_pairs_of_appalled_hatred_and_awed_occur_twice():
    pairs = Counter(frozenset(EXPRESSIONS[n].constituents) for n in COMPOUNDS)
    assert {frozenset(p): n for p, n in pairs.items() if n > 1} == {
        frozenset({"angry", "disgusted"}): 3,
        frozenset({"fearful", "surprised"}): 2,
    }
    assert len(DERIVED) == 12


def test_prototypes_are_those_of_the_published_table():
    hatred, awed = EXPRESSIONS["hatred"], EXPRESSIONS["awed"]
    assert hatred.required == (4, 10)
    assert dict(hatred.optional) == {7: 0.57, 9: 0.27, 17: 0.63, 24: 0.37}
    assert awed.required == (1, 2, 5, 25)
    assert dict(awed.optional) == {4: 0.21, 20: 0.62, 26: 0.56}
    # 47 of the 50 required units of compounds are required by a constituent; the other three are all unit 5
    foreign = [
        unit
        for name in COMPOUNDS
        for unit in EXPRESSIONS[name].required
        if not any(unit in EXPRESSIONS[p].required for p in EXPRESSIONS[name].constituents)
    ]
    assert foreign == [5, 5, 5]
    assert sum(len(EXPRESSIONS[n].required) for n in COMPOUNDS) == 50


def test_required_and_optional_units_do_not_overlap():
    for expression in EXPRESSIONS.values():
        assert not set(expression.required) & set(expression.optional)


def test_other_data_sets_codes_name_known_classes():
    for codes in CODES.values():
        assert set(codes.values()) <= set(EXPRESSIONS)
    assert len(CODES["raf-db compound"]) == 11
    assert len(CODES["raf-ce"]) == 12
    assert CODES["raf-ce"]["8"] == "fearfully disgusted"
    assert CODES["raf-ce"]["11"] == "disgustedly surprised"
    assert CODES["affectnet"]["3"] == "surprised"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Happiness", "happy"),
        ("sadly_angry", "sadly angry"),
        (" Fearfully-Surprised ", "fearfully surprised"),
        ("anger", "angry"),
        ("contempt", None),
        ("", None),
    ],
)
def test_labels_are_found_as_people_write_them(text, name):
    assert find(text) == name


def test_a_prototype_is_one_share_a_unit():
    assert prototype("sad") == {4: 1.0, 15: 1.0, 1: 0.6, 6: 0.5, 11: 0.26, 17: 0.67}
    assert prototype_row("happy", (6, 12, 4)) == (0.51, 1.0, 0.0)
    assert prototype_row("neutral", (6, 12)) == (0.0, 0.0)
    assert prototype_row("smirking", (6, 12)) is None
    named = {unit for name in EXPRESSIONS for unit in prototype(name)}
    assert named <= set(UNIT_NAMES)
    assert UNIT_NAMES[4] == "brow lowerer"
