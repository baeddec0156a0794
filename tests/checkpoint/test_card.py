from cfer.checkpoint.card import model_card


def test_every_figure_of_the_card_comes_from_the_checkpoint(basic_run):
    _, checkpoint = basic_run
    card = model_card(checkpoint)
    test = checkpoint.facts.basic.test
    assert f"accuracy **{100 * test.accuracy:.1f} %**" in card.replace("\n", " ")
    assert f"macro recall **{100 * test.macro_recall:.1f} %**" in card
    for name, row in zip(checkpoint.names, test.counts, strict=True):
        assert f"| {name} | " + " | ".join(map(str, row)) + " |" in card
    assert "## Limits" in card
    assert "continual phase" not in card
