"""Render what `examples/` holds: pictures for the app, and the mini set for tests and demonstrations.

python tools/make_examples.py
"""

from pathlib import Path

from PIL import Image

from cfer.synth.dataset import Plan, Shot, render_folder, take

EXAMPLES = Path(__file__).parent.parent / "examples"
MINI = Plan(people=6, per_class=1, first=100)
PICTURES = (
    *(Shot(203, "happily surprised", 0), Shot(213, "happy", 0), Shot(208, "angrily surprised", 0)),
    *(Shot(207, "surprised", 0), Shot(206, "fearfully surprised", 0), Shot(210, "sadly angry", 0)),
    *(Shot(209, "happily disgusted", 0), Shot(204, "disgusted", 0)),
)


def main() -> None:
    """Render."""
    EXAMPLES.mkdir(exist_ok=True)
    for number, shot in enumerate(PICTURES, 1):
        picture, _ = take(shot, 384)
        name = f"{number}-{shot.expression.replace(' ', '-')}.jpg"
        Image.fromarray(picture).save(EXAMPLES / name, quality=90)
    render_folder(MINI, EXAMPLES / "mini")


if __name__ == "__main__":
    main()
