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
