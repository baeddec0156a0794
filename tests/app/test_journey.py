import re

import pytest
import torch

from cfer.app.server.visitors import Sessions, Visitor
from cfer.app.tabs.explore import Explore, ExploreState, example_paths
from cfer.app.tabs.journey import Journey, learned_at, likeness, recall_plot, recalls, stage, streams_plot
from cfer.app.texts import Speech

SAY = Speech()


@pytest.fixture(scope="module")
def face(reader):
    return reader.read(example_paths()[0]).faces[0]


def test_after_a_step_the_model_knows_what_it_had_learned_by_then(reader, face):
    then = reader.at_step(3)
    assert then.names == reader.names[:10]
    seen = then.reread(face)
    assert seen.passes is face.passes  # no pass of the backbone
    logits = torch.nn.functional.linear(face.maps.features, *reader.checkpoint.heads[3])
    assert torch.allclose(seen.maps.logits, logits, atol=1e-4)
    with pytest.raises(ValueError, match="no step 16"):
        reader.at_step(16)


def test_the_last_step_is_the_model(reader, face):
    last = reader.at_step(reader.steps - 1).reread(face)
    assert last.probabilities == pytest.approx(face.probabilities, abs=1e-5)


def test_a_class_is_learned_in_its_step(reader):
    assert learned_at(reader, "happy") == 0
    assert learned_at(reader, reader.names[7]) == 1
    assert learned_at(reader, reader.names[-1]) == reader.steps - 1


def test_a_stage_shows_the_answer_then_and_three_moments_of_a_map(reader, face):
    html = stage(reader, face, 15, "happy", SAY)
    assert "Step 15 of 15" in html
    assert html.count("<canvas") == 3
    assert "when learned (step 0)" in html
    assert "likeness to its first map: 1.00" in html
    early = stage(reader, face, 0, "awed", SAY)
    assert "7 basic expressions at once" in early
    assert "awed was not known yet" in early


def test_likeness_of_maps_is_a_cosine_of_what_they_show():
    a = torch.tensor([[1.0, 0.0], [0.0, -5.0]])
    assert likeness(a, 3 * a) == pytest.approx(1)
    assert likeness(a, torch.tensor([[0.0, 1.0], [0.0, 0.0]])) == 0
    assert likeness(a, torch.zeros(2, 2)) == 0


def test_recalls_are_those_of_every_steps_head(reader):
    found = recalls(reader)
    assert found.shape == (reader.steps, len(reader.names))
    x, y = reader.checkpoint.check_features, reader.checkpoint.checks.y
    last = torch.nn.functional.linear(x, *reader.checkpoint.head).argmax(1)
    happy = reader.names.index("happy")
    assert float(found[-1, happy]) == pytest.approx(float((last[y == happy] == happy).float().mean()))
    assert torch.isnan(found[0, 7:]).all()


def test_the_plots_show_this_model_beside_learners_under_one_protocol(reader):
    lines = {line.name: line for line in streams_plot(reader, SAY).data}
    assert len(lines) == 6
    own = reader.checkpoint.facts.continual.scores["test"].step_accuracy
    assert list(lines["this model, test pictures"].y) == pytest.approx([100 * v for v in own])
    assert len(recall_plot(reader, SAY).data[0].y) == len(reader.names)


def test_the_slider_and_a_missing_face_are_answered(reader, face):
    journey = Journey(Explore(Sessions(reader)))
    assert "Read a face in Explore first" in journey.go(None, 3, "happy", Visitor())
    shown = ExploreState((face,), 0)
    slider, name, html, curves, matrix, mark = journey.enter(shown, 1, None, "", Visitor())
    assert slider.maximum == 15
    assert name.value == face.top
    assert re.search("Step 15 of 15", html)
    assert curves is not None
    assert matrix is not None
    slider, name, html, *_ = journey.enter(shown, 3, "hatred", mark, Visitor())  # back from another tab
    assert (slider.value, name.value) == (3, "hatred")
    assert "Step 3 of 15" in html
    slider, name, *_ = journey.enter(shown, 3, "hatred", "another face", Visitor())
    assert (slider.value, name.value) == (15, face.top)
    assert "Step 4 of 15" in journey.go(shown, 4, "happy", Visitor())
