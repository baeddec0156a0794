"""Files that a visitor takes away: a picture to share, the numbers as a table and as JSON, the evidence as a zip."""

import csv
import io
import json
import zipfile

import gradio as gr

import cfer
from cfer.app.panels.map_kinds import raw_maps
from cfer.app.panels.verdict import doubt_words, plain_title
from cfer.app.server.safety import complaint, taking_folder
from cfer.app.server.visitors import Visitor
from cfer.app.tabs.explore import Explore, ExploreState
from cfer.app.texts import Speech
from cfer.reading.doubts import doubts_about
from cfer.reading.draw import result_picture
from cfer.reading.evidence import write_evidence
from cfer.reading.face import FaceReading
from cfer.reading.plain import READING_SCHEMA
from cfer.reading.reader import Reader


class TakeAway:
    """Handler of the button, over the Explore tab."""

    def __init__(self, explore: Explore) -> None:
        """Keep the tab's handlers."""
        self.explore = explore

    def files(
        self, shown: ExploreState | None, left: str, middle: str, right: str, view: str, visitor: Visitor
    ) -> gr.File:
        """Files about the face and the maps that are shown."""
        say = visitor.speech
        if shown is None or not middle:
            raise complaint(say("bring_first"))
        names = [left, middle, right]
        reader, face = self.explore.reread(shown, names, visitor)
        folder = taking_folder()
        raws = raw_maps(reader, face, names, view)
        note = say("picture_note", digest=reader.digest[:12], version=cfer.__version__)
        titles = [f"{say.name(name)} {say.percent(face.probabilities[name])}" for name in names]
        result_picture(face.crop, plain_title(face, say), titles, raws, note).save(folder / "cfer.png")
        (folder / "cfer.csv").write_text(as_table(face), encoding="utf-8")
        (folder / "cfer.json").write_text(as_json(reader, face, middle), encoding="utf-8")
        write_evidence(reader, face, names, folder / "evidence", command="the app")
        with zipfile.ZipFile(folder / "evidence.zip", "w", zipfile.ZIP_DEFLATED) as bundle:
            for path in sorted((folder / "evidence").iterdir()):
                bundle.write(path, f"evidence/{path.name}")
        made = [folder / name for name in ("cfer.png", "cfer.csv", "cfer.json", "evidence.zip")]
        return gr.File([str(path) for path in made], visible=True)


def as_table(face: FaceReading) -> str:
    """A face's numbers as CSV: what it is of, name, value from 0 to 1."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(("kind", "name", "value"))
    rows.writerows(("expression", name, f"{p:.6f}") for name, p in face.probabilities.items())
    rows.writerows(("action unit", f"AU{u.number} {u.name}", f"{u.intensity:.4f}") for u in face.units)
    return out.getvalue()


def as_json(reader: Reader, face: FaceReading, name: str) -> str:
    """A face's numbers as `cfer read --json` gives them, why to take care, what the class in the middle is made of."""
    made = face.composition(name)
    plain = {
        "schema_version": READING_SCHEMA,
        "model_sha256": reader.digest,
        "lessons": [lesson.name for lesson in reader.lessons],
        "read_with_care": [
            doubt_words(doubt, Speech()).replace("\N{NO-BREAK SPACE}", " ") for doubt in doubts_about(face)
        ],
        "faces": [face.to_dict()],
        "composition": {name: made.to_dict()} if made else {},
    }
    return json.dumps(plain, indent=1) + "\n"
