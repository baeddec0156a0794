from PIL import Image

from cfer.data.check import describe
from cfer.data.readers import read_data


def test_a_data_set_is_described_in_plain_words(ferplus_folder):
    text = "\n".join(describe(read_data(ferplus_folder)))
    assert "FER+: 296 pictures (face crops)." in text
    assert "happily surprised 22" in text
    assert "No person is named" in text
    assert "train 192, validation 52, test 52" in text
    assert "0 cannot be read" in text
    assert "Compounds without a picture: happily disgusted" in text


def test_what_is_missing_leaking_and_broken_is_said(tmp_path):
    for part, person, name in (("train", "anna", "1"), ("test", "anna", "2"), ("train", "bert", "3")):
        path = tmp_path / part / "happy" / person / f"{name}.png"
        path.parent.mkdir(parents=True)
        Image.new("RGB", (20, 20), (int(name),) * 3).save(path)
    broken = tmp_path / "train" / "happy" / "bert" / "4.png"
    broken.write_bytes(b"broken")
    text = "\n".join(describe(read_data(tmp_path)))
    assert "2 people are named." in text
    assert "1 pictures are left out" in text
    assert "Missing for the basic phase: neutral, sad, fearful, angry, surprised, disgusted." in text
    assert "nothing for the continual phase" in text
    assert "1 cannot be read" in text
    assert "train/happy/bert/4.png" in text
