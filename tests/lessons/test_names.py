import pytest

from cfer.lessons.names import LessonError, clean_name, same_name


@pytest.mark.parametrize("name", ["My-Smirk", "my smirk", "MY_SMIRK", "  my - smirk "])
def test_case_hyphens_and_spaces_do_not_make_another_name(name):
    assert clean_name(name, ()) in {"my smirk", "my-smirk"}
    with pytest.raises(LessonError, match="'my smirk' already"):
        clean_name(name, ("happy", "my smirk"))


def test_a_name_is_found_by_any_of_its_spellings():
    names = ("happy", "happily surprised", "my-smirk")
    assert same_name("Happiness", names) == "happy"
    assert same_name("HAPPILY-surprised", names) == "happily surprised"
    assert same_name("my smirk", names) == "my-smirk"
    assert same_name("bored", names) is None


@pytest.mark.parametrize("name", ["müde", "усталый", "疲れた", "level 3"])
def test_letters_of_every_script_will_do(name):
    assert clean_name(name, ()) == name


@pytest.mark.parametrize(
    "name",
    ["मुस्कान", "हल्की मुस्कान", "ยิ้ม", "মুচকি হাসি", "اِبْتِسَام", "نیم\u200cخند", "cafe\u0301", "Straße", "微笑", "İyi"],
)
def test_letters_with_marks_are_letters(name):
    clean = clean_name(name, ())
    assert clean
    assert clean_name(clean, ()) == clean  # a name that was written can be read


def test_composed_or_not_an_accent_is_the_same_letter():
    assert clean_name("cafe\u0301", ()) == clean_name("caf\u00e9", ()) == "caf\u00e9"
    with pytest.raises(LessonError, match="knows 'caf\u00e9' already"):
        clean_name("CAFE\u0301", ("caf\u00e9",))
    assert same_name("نیم\u200cخند", ("نیمخند",)) == "نیمخند"


@pytest.mark.parametrize("name", ["\u0301", "\u200d", "a\u200e", "a\u202eb", "\u0301abc", "a \u0301", "-\u200c-"])
def test_marks_without_a_letter_are_none(name):
    with pytest.raises(LessonError):
        clean_name(name, ())


@pytest.mark.parametrize("name", ["null", "NaN", "None", "NA", " nil ", "n-a"])
def test_words_that_tables_take_for_nothing_are_refused(name):
    with pytest.raises(LessonError, match="Tables take"):
        clean_name(name, ())


@pytest.mark.parametrize("name", ["འཛུམ་པ", "м\u2019яч", "col·lega", "רך־לב", "ደስ፡ብሎታል", "ញញឹម\u200bស្រាល"])
def test_signs_that_scripts_write_inside_of_words_are_theirs(name):
    clean = clean_name(name, ())
    assert clean_name(clean, ()) == clean


def test_an_apostrophe_is_one_however_it_is_typed():
    assert clean_name("l'oeil", ()) == clean_name("l\u2019oeil", ()) == "l\u2019oeil"
    with pytest.raises(LessonError):
        clean_name("'", ())


def test_what_is_not_seen_makes_no_other_name():
    assert clean_name("a\u034fb", ()) == "ab"
    assert same_name("葛\U000e0100", ("葛",)) == "葛"
