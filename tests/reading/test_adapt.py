import copy
import json
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image, ImageFilter
from typer.testing import CliRunner

from cfer.checkpoint import CheckpointError, load_checkpoint, save_checkpoint
from cfer.cli import app
from cfer.explain.methods import GRAD_CAM
from cfer.learners.base import Head
from cfer.lessons.lesson_file import merged, pack_lessons, unpack_lessons
from cfer.lessons.names import LessonError
from cfer.network.camera import look_of
from cfer.pictures import PictureError
from cfer.reading.adapt import LEAST, WORTH, AdaptError, adapt, camera_shift, reference_means, unadapted
from cfer.reading.reader import Reader
from cfer.system.resources import EXAMPLES

runner = CliRunner()


@pytest.fixture(scope="module")
def checkpoint(basic_run):
    return basic_run[1]


def faces(checkpoint, count, moved, seed=0):
    """Features of check pictures, drawn with repetition and moved."""
    rows = torch.randint(len(checkpoint.checks.x), (count,), generator=torch.Generator().manual_seed(seed))
    return checkpoint.checks.x[rows] + moved, checkpoint.checks.y[rows]


def test_a_shift_is_found_whatever_expressions_are_shown():
    means = torch.tensor([[0.0, 0, 0], [9, 0, 0], [0, 9, 0]])
    head = Head(means, -0.5 * means.square().sum(1))
    generator = torch.Generator().manual_seed(0)
    moved = torch.tensor([1.5, -1.0, 4.0])
    for shown in ([0] * 300 + [1] * 100, [2] * 300 + [1] * 100):
        x = means[shown] + moved + 0.1 * torch.randn(400, 3, generator=generator)
        torch.testing.assert_close(camera_shift(x, head, means) * (1 + WORTH / 400), moved, atol=0.05, rtol=0)


def test_a_moved_camera_is_brought_back(checkpoint):
    moved = torch.randn(checkpoint.model.num_features, generator=torch.Generator().manual_seed(1))
    moved = 1.5 * checkpoint.checks.x.std() * moved
    x, y = faces(checkpoint, 200, moved)
    before = float((F.linear(x, *checkpoint.head).argmax(1) == y).float().mean())
    adapted, done = adapt(checkpoint, x)
    after = float((F.linear(x, *adapted.head).argmax(1) == y).float().mean())
    home = float((F.linear(x - moved, *checkpoint.head).argmax(1) == y).float().mean())
    assert before < home - 0.1
    assert after > home - 0.05
    assert done.faces == 200
    assert done.changed > 0.1
    assert sum(done.before.values()) == sum(done.after.values()) == 200


def test_going_back_gives_the_same_numbers_and_adapting_again_starts_from_there(checkpoint):
    x, _ = faces(checkpoint, 30, 0.3)
    once, _ = adapt(checkpoint, x)
    twice, _ = adapt(once, x)
    assert torch.equal(once.head.bias, twice.head.bias)
    assert torch.equal(once.head.weight, checkpoint.head.weight)  # no weight is learned: maps are the same
    back = unadapted(once)
    assert back.shift is None
    assert back.facts.adapted is None
    torch.testing.assert_close(back.head.bias, checkpoint.head.bias)
    assert unadapted(checkpoint) is checkpoint


def test_it_is_saved_with_a_checkpoint(checkpoint, tmp_path):
    adapted, _ = adapt(checkpoint, faces(checkpoint, 30, 0.3)[0])
    save_checkpoint(adapted, tmp_path / "saved", "a card")
    loaded = load_checkpoint(tmp_path / "saved")
    assert loaded.facts.adapted == 30
    torch.testing.assert_close(loaded.shift, adapted.shift)
    torch.testing.assert_close(loaded.head, adapted.head)
    torch.testing.assert_close(unadapted(loaded).head.bias, checkpoint.head.bias)


def test_a_lesson_after_adapting_is_judged_where_the_camera_is(checkpoint):
    moved = torch.full((checkpoint.model.num_features,), 0.5)
    adapted, _ = adapt(checkpoint, faces(checkpoint, 100, moved)[0])
    torch.testing.assert_close(adapted.check_features, checkpoint.checks.x + adapted.shift)
    torch.testing.assert_close(
        F.linear(adapted.check_features, *adapted.head),
        F.linear(checkpoint.checks.x, *checkpoint.head),
        atol=1e-3,
        rtol=0,
    )


def test_too_few_faces_are_refused_and_one_sided_ones_warned_of(checkpoint):
    with pytest.raises(AdaptError, match=f"at least {LEAST} faces; there are 19"):
        adapt(checkpoint, faces(checkpoint, 19, 0.0)[0])
    happy = checkpoint.checks.x[checkpoint.checks.y == 1]
    _, done = adapt(checkpoint, happy.repeat(20, 1)[:40])
    assert "are called happy now" in done.warning
    _, mixed = adapt(checkpoint, faces(checkpoint, 60, 0.0)[0])
    assert mixed.warning is None


def test_the_means_are_those_of_base_classes(checkpoint):
    classes, means = reference_means(checkpoint)
    assert classes == list(range(7))
    torch.testing.assert_close(means[2], checkpoint.checks.x[checkpoint.checks.y == 2].mean(0))


def test_pictures_of_a_poor_camera_are_put_right_before_they_are_read(reader, photograph, tmp_path):
    face = photograph[0:260, 100:360]
    shades = [np.asarray(Image.fromarray(face).rotate(angle)) for angle in range(-10, 10)]
    shrink = reader.checkpoint.preprocessing.uncorrected.shrink
    plain = [reader.read_crop(shade) for shade in shades]
    look = look_of(torch.stack([shrink(f.crop) for f in plain]))
    here = Reader(replace(reader.unadapted().checkpoint, look=look))
    blurred = [np.asarray(Image.fromarray(s).filter(ImageFilter.GaussianBlur(2))) // 2 + 90 for s in shades]
    seen = [here.read_crop(b.astype(np.uint8)) for b in blurred]
    adapted, done = here.adapt(seen)
    assert done.faces == len(seen)
    off = torch.stack([f.passes.x - p.passes.x for f, p in zip(seen, plain, strict=True)])
    left = torch.stack([adapted.reread(f).passes.x - p.passes.x for f, p in zip(seen, plain, strict=True)])
    assert left.square().mean() < 0.2 * off.square().mean()
    again, _ = adapted.adapt([adapted.reread(f) for f in seen])  # from the pictures, not from what was put right
    assert again.checkpoint.preprocessing == adapted.checkpoint.preprocessing
    save_checkpoint(adapted.checkpoint, tmp_path / "saved", "a card")
    loaded = Reader(tmp_path / "saved")
    assert loaded.checkpoint.preprocessing == adapted.checkpoint.preprocessing
    assert loaded.checkpoint.look == look
    back = loaded.unadapted()
    assert back.checkpoint.preprocessing.camera is None
    assert back.reread(seen[0]).probabilities == pytest.approx(seen[0].probabilities, abs=1e-5)


def test_a_folder_is_adapted_to_and_read(tmp_path, photograph):
    picture = photograph[0:260, 100:360]
    folder = tmp_path / "mine"
    folder.mkdir()
    for number in range(LEAST):
        Image.fromarray((picture * (0.5 + number / 60)).astype(np.uint8)).save(folder / f"{number:02d}.png")
    done = runner.invoke(app, ["read", str(folder), "--adapt", "--json", "--save-adapted", str(tmp_path / "adapted")])
    assert done.exit_code == 0, done.output
    assert len([json.loads(line) for line in done.stdout.splitlines()]) == LEAST
    assert f"adapted to {LEAST} faces" in done.stderr
    assert "Adapting is safer with several expressions" in done.stderr
    reader = Reader(tmp_path / "adapted")
    assert reader.checkpoint.facts.adapted == LEAST
    assert reader.unadapted().checkpoint.shift is None
    refused = runner.invoke(app, ["read", str(folder / "00.png"), "--adapt"])
    assert refused.exit_code == 2
    assert "at least 20 faces; there is 1." in refused.stderr


def from_a_poor_camera(picture):
    blurred = Image.fromarray(picture).filter(ImageFilter.GaussianBlur(2))
    return (np.asarray(blurred) * 0.55 + 60).astype(np.uint8)


@pytest.fixture(scope="module")
def poor():
    """Faces of the examples by a poor camera, each a little turned: enough to adapt from."""
    faces = [Image.open(p).convert("RGB").resize((192, 192)) for p in sorted(EXAMPLES.glob("*.jpg"))]
    return [from_a_poor_camera(np.asarray(f.rotate(angle))) for angle in (-6, 0, 6) for f in faces]


@pytest.mark.parametrize("keep_crops", [True, False])
def test_a_picture_that_was_taught_stays_recognised_whatever_the_camera(reader, poor, keep_crops):
    """Taught before or while adapted, before and after adapting and going back.

    Where a lesson keeps no crops, what adapting does to pictures that were taught before is an estimate, and said.
    """
    for number in (1, 12, 21):
        shot = poor[number]
        taught, _ = reader.teach("smirking", [shot], keep_crops=keep_crops)
        adapted, done = taught.adapt(poor)
        assert done.estimated == (() if keep_crops else ("smirking",))
        while_adapted, effect = reader.adapt(poor)[0].teach("smirking", [shot], keep_crops=keep_crops)
        assert effect.recognised == 1.0
        exact = [taught, adapted.unadapted(), while_adapted, while_adapted.unadapted()]
        for one in [*exact, adapted] if keep_crops else exact:
            assert one.face(shot).top == "smirking"
    again = adapted.unadapted()
    assert torch.equal(again.lessons[0].shots, taught.lessons[0].shots)  # as it was, to the last bit
    if keep_crops:
        assert adapted.lessons[0].camera != ""


def test_a_lesson_of_a_file_is_used_as_it_is_by_an_adapted_reader(reader, poor):
    taught, _ = reader.adapt(poor)[0].teach("smirking", [poor[3]])
    (lesson,) = unpack_lessons(reader.base, pack_lessons(taught.base, taught.lessons))
    assert torch.allclose(lesson.shots, reader.lesson("smirking", [poor[3]]).shots, atol=1e-5)  # a file knows no camera
    assert reader.with_lessons([lesson]).face(poor[3]).top == "smirking"


def test_the_camera_is_not_taken_for_muscles(reader):
    """A checkpoint whose features are off by a shift reads the same muscles in features that are off by it."""
    shift = 0.3 * torch.randn(reader.checkpoint.model.num_features, generator=torch.Generator().manual_seed(0))
    face = reader.face(EXAMPLES / "2-happy.jpg")
    moved = Reader(reader.checkpoint.with_shift(shift, 20))
    seen = moved.reread(face)
    seen.maps = replace(seen.maps, features=seen.maps.features + shift)  # as the other camera gives them
    for name in ("happy", "sad"):
        plain, other = face.composition(name).to_dict(), seen.composition(name).to_dict()
        assert other["evidence"] == pytest.approx(plain["evidence"], abs=1e-3)
        assert json.dumps(other, sort_keys=True).count("AU") == json.dumps(plain, sort_keys=True).count("AU")
    assert [u.intensity for u in seen.units] == pytest.approx([u.intensity for u in face.units], abs=1e-4)
    assert torch.allclose(seen.landmarks, face.landmarks, atol=1e-4)


def test_the_heads_of_earlier_steps_follow_the_camera(reader):
    """What a step answered to a face it answers to the same face by another camera: the camera is not learned."""
    shift = 0.3 * torch.randn(reader.checkpoint.model.num_features, generator=torch.Generator().manual_seed(0))
    moved = reader.checkpoint.with_shift(shift, 20)
    x = reader.checkpoint.checks.x
    for before, after in zip(reader.checkpoint.heads, moved.heads, strict=True):
        torch.testing.assert_close(F.linear(x + shift, *after), F.linear(x, *before), atol=2e-3, rtol=0)
    back = moved.with_shift(None)
    for before, after in zip(reader.checkpoint.heads, back.heads, strict=True):
        torch.testing.assert_close(before.bias, after.bias, atol=1e-4, rtol=0)


def test_what_was_read_by_another_network_is_read_again(reader):
    """Features of other weights mean nothing here, however alike the networks are."""
    other = copy.deepcopy(reader)
    with torch.no_grad():
        for parameter in other.checkpoint.model.backbone.parameters():
            parameter += 0.02 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1))
    picture = EXAMPLES / "8-disgusted.jpg"
    foreign, own = other.face(picture), reader.face(picture)
    by_foreign, by_own = (reader.teach("smirking", [face])[0] for face in (foreign, own))
    assert torch.equal(by_foreign.lessons[0].shots, by_own.lessons[0].shots)
    assert by_foreign.face(picture).top == "smirking"
    assert reader.trio(foreign) == reader.trio(own)


def test_a_bad_picture_among_good_ones_costs_only_itself(reader, poor, tmp_path):
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"no picture")
    adapted, done = reader.adapt([*poor[:20], bad, None, *poor[20:]])
    assert done.faces == len(poor)
    assert [name for name, _ in done.left_out] == [str(bad), "picture 22"]
    expected, _ = reader.adapt(poor)
    assert torch.equal(adapted.checkpoint.shift, expected.checkpoint.shift)
    with pytest.raises(PictureError, match="A list of pictures is wanted"):
        reader.adapt("album")


def test_an_earlier_step_cannot_be_adapted_or_taught(reader, poor):
    then = reader.at_step(3)
    with pytest.raises(AdaptError, match="as the model was after step 3"):
        then.adapt(poor)
    with pytest.raises(LessonError, match="Use the reader that at_step was asked of"):
        then.teach("smirking", [poor[0]])
    last = reader.at_step(reader.steps - 1)
    assert last.teach("smirking", [poor[0]])[0].names[-1] == "smirking"


def test_lessons_within_a_checkpoint_are_named_as_estimated(reader, poor):
    inside = Reader(reader.teach("smirking", [poor[21]])[0].checkpoint)
    assert inside.lessons == ()
    _, done = inside.adapt(poor)
    assert done.estimated == ("smirking",)


@pytest.mark.parametrize("keep_crops", [True, False])
def test_one_picture_as_two_classes_is_refused_after_adapting_too(reader, poor, keep_crops):
    adapted = reader.teach("smirking", [poor[12]], keep_crops=keep_crops)[0].adapt(poor)[0]
    with pytest.raises(LessonError, match="One picture was brought as 'smirking' and as 'beaming'"):
        adapted.teach("beaming", [poor[12]], keep_crops=keep_crops)


def test_a_lesson_of_one_camera_is_not_used_as_it_is_by_another(reader, poor):
    one = reader.adapt(poor)[0]
    other = reader.adapt([(crop * 0.8 + 5).astype(np.uint8) for crop in poor])[0]
    lesson = one.lesson("smirking", [poor[5]], keep_crops=False)
    (seen,) = other.with_lessons([lesson]).lessons
    assert seen.camera == other.checkpoint.camera != one.checkpoint.camera
    assert torch.equal(seen.shots, lesson.plain.shots)
    plain = lesson_file(reader, lesson)
    assert merged([lesson], [plain]) == ((lesson,), ())  # one's own file says nothing new


def lesson_file(reader, lesson):
    (found,) = unpack_lessons(reader.base, pack_lessons(reader.base, [lesson]))
    return found


def test_pictures_without_a_face_are_named(reader, poor):
    empty, small = np.full((200, 200, 3), 90, np.uint8), np.full((900, 900, 3), 90, np.uint8)
    small[400:428, 400:428] = np.asarray(Image.fromarray(poor[4]).resize((28, 28)))
    _, done = reader.adapt([*poor, empty, small])
    assert [name for name, _ in done.left_out] == [f"picture {len(poor) + 1}", f"picture {len(poor) + 2}"]
    with pytest.raises(AdaptError, match=r"at least 20 faces; there is 0|there are 0\. 20 pictures could not be used"):
        reader.adapt(["missing.jpg"] * 20)


def test_an_earlier_step_stays_one_without_its_camera(reader, poor):
    step = reader.adapt(poor)[0].at_step(3)
    for then in (reader.at_step(3).unadapted(), step.unadapted()):
        assert then.names == reader.at_step(3).names
        with pytest.raises(LessonError, match="as the model was after step 3"):
            then.teach("smirking", [poor[0]])
    with pytest.raises(LessonError, match="as the model was after step 3"):
        step.effect(reader.lesson("smirking", [poor[0]]))
    with pytest.raises(TypeError):
        reader.at_step("3")


def test_an_earlier_step_is_not_saved_as_what_cannot_be_opened(reader, tmp_path):
    with pytest.raises(CheckpointError, match="cannot be saved"):
        save_checkpoint(reader.at_step(3).checkpoint, tmp_path / "step", "")
    assert not (tmp_path / "step").exists()


def test_what_a_camera_adds_is_no_evidence(reader):
    """A map's sum is the evidence that the corrected features hold, as it is for a reader that is not adapted."""
    shift = 0.3 * torch.randn(reader.checkpoint.model.num_features, generator=torch.Generator().manual_seed(0))
    moved = Reader(reader.checkpoint.with_shift(shift, 20))
    face = moved.face(EXAMPLES / "2-happy.jpg")
    checkpoint, k = moved.checkpoint, moved.names.index("happy")
    learned = checkpoint.head.weight @ face.features
    torch.testing.assert_close(face.maps.maps[0].sum((-2, -1)), learned, atol=1e-3, rtol=0)
    torch.testing.assert_close(face.maps.logits, checkpoint.model.head(face.maps.features))
    centred = learned[k] - learned.mean()
    assert float(face.explain("happy", GRAD_CAM).raw.sum()) == pytest.approx(float(centred), abs=1e-2)
    unit = checkpoint.model.action_units[0]
    wanted = float(checkpoint.model.units.weight[0] @ face.features)
    assert float(face.unit_maps[unit].sum()) == pytest.approx(wanted, abs=1e-3)
