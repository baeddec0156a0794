"""Handlers of the Teach tab: lessons as records, what each cost, trying it, taking it home."""

import base64
import html
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from cfer.app.panels.lesson import effect_panel, lesson_list, preview, teaching_words
from cfer.app.panels.map_kinds import raw_maps
from cfer.app.panels.maps import class_panels, panels
from cfer.app.panels.verdict import answer_title, bars, doubt_words
from cfer.app.server.safety import handed_out
from cfer.app.server.visitors import MOST_LESSONS, Sessions, Visitor
from cfer.app.tabs.explore import read_path
from cfer.app.texts import Speech
from cfer.lessons.effect import Effect
from cfer.lessons.lesson_file import merged, pack_lessons, unpack_lessons
from cfer.lessons.names import LessonError, clean_name
from cfer.lessons.record import MOST_PICTURES
from cfer.pictures import PictureError
from cfer.pictures.near_duplicates import first_same
from cfer.reading.doubts import doubts_about
from cfer.reading.reader import FaceReading, Reader
from cfer.reading.teaching import shown

Shown = dict[str, Any]
"""What a handler shows, by the names in `PARTS`."""
PARTS = ("seen", "verdict", "maps", "lessons", "choice", "undo", "kept", "file")


class Teach:
    """Handlers of the tab."""

    def __init__(self, sessions: Sessions) -> None:
        """Keep the sessions."""
        self.sessions = sessions

    def look(self, files: list[str] | None, cropped: bool, visitor: Visitor) -> str:
        """Answers for the pictures now, and which of them are poor: before anything is taught."""
        if not files:
            return ""
        if len(files) > MOST_PICTURES:
            return _complaint(visitor.speech("teach_most_pictures", most=MOST_PICTURES))
        reader, say = self.sessions.reader(visitor.key), visitor.speech
        lines: list[str] = []
        faces: dict[int, FaceReading] = {}  # by the numbers of their pictures
        for number, path in enumerate(files, 1):
            try:
                found = reader.read(Path(path), already_cropped=cropped).faces
            except PictureError as error:
                lines.append(say("teach_picture", number=number, what=say.refusal(error)))
                continue
            if not found:
                lines.append(say("teach_picture", number=number, what=say("teach_no_face")))
                continue
            if len(found) > 1:
                lines.append(say("teach_picture", number=number, what=say("teach_several", count=len(found))))
            same = first_same([shown(found[0])], [shown(face) for face in faces.values()])[0]
            doubts = [] if same is None else [say("teach_same", other=list(faces)[same])]
            doubts += [doubt_words(doubt, say) for doubt in doubts_about(found[0])]
            lines += [say("teach_picture", number=number, what=doubt) for doubt in doubts]
            faces[number] = found[0]
        return preview(list(faces.values()), lines, say)

    def teach(
        self,
        name: str,
        files: list[str] | None,
        photo: str | None,
        constituents: list[str] | None,
        units: list[int] | None,
        against: list[str] | None,
        eager: str,
        cropped: bool,
        consent: bool,
        visitor: Visitor,
    ) -> Shown:
        """Give a lesson, or improve one of that name; on any complaint what was taught before stays as it was."""
        say = visitor.speech
        shots = [*(files or []), *([photo] if photo else [])]

        def give() -> Shown:
            if shots and not consent:
                raise LessonError(say("teach_consent"))
            reader = self.sessions.reader(visitor.key)
            known = {lesson.name: lesson for lesson in reader.lessons}
            meant = clean_name(name, reader.base.names)
            if meant not in known and len(known) >= MOST_LESSONS:
                raise LessonError(say("teach_most_lessons", most=MOST_LESSONS))
            if max(len(shots), len(against or [])) > MOST_PICTURES:
                raise LessonError(say("teach_most_pictures", most=MOST_PICTURES))
            faces = [self._face(reader, i, path, cropped, say) for i, path in enumerate(shots, 1)]
            others = [self._face(reader, i, path, cropped, say) for i, path in enumerate(against or [], 1)]
            rest = reader.with_lessons([lesson for lesson in reader.lessons if lesson.name != meant])
            given: dict[str, Any] = {
                "constituents": tuple(constituents or ()),
                "units": tuple(units or ()),
                "eager": eager,
                "keep_crops": False,  # the page says that of pictures features alone are kept
            }
            taught, effect = rest.teach(meant, faces, against=others, **given)
            self.sessions.change(visitor.key, lambda now: now.changed(taught, effect))
            told = self._told(visitor, effect_panel(effect, say), self._maps(taught, faces, effect, say))
            return {"seen": ""} | told  # what the pictures were called before is in the effect

        return self._answer(give, visitor)

    def try_it(self, path: str | None, chosen: str | None, visitor: Visitor) -> str:
        """Read a further picture with the lessons, with the taught class's map beside its nearest ones."""
        say, reader = visitor.speech, self.sessions.reader(visitor.key)
        if not path:
            return ""
        try:
            faces = reader.read(read_path(path, say)).faces
        except PictureError as error:
            return _complaint(say.refusal(error))
        if not faces:
            return _complaint(say("no_face"))
        face = faces[0]
        name = chosen if chosen in reader.names else face.top
        names = reader.trio(face, name)
        likely = bars(say("journey_answers"), face.probabilities, say, name)
        maps = panels(face.crop, class_panels(face, names, raw_maps(reader, face, names, reader.methods[0]), say), say)
        return f"<h3>{answer_title(face, say)}</h3><div class='cfer-strip one'>{likely}</div>{maps}"

    def rename(self, chosen: str | None, name: str, visitor: Visitor) -> Shown:
        """Give a lesson another name."""

        def go() -> Shown:
            reader = self.sessions.reader(visitor.key)
            mine = self._chosen(reader, chosen, visitor.speech)
            taken = [*reader.base.names, *(x.name for x in reader.lessons if x.name != mine.name)]
            new = replace(mine, name=clean_name(name, taken))
            lessons = [new if x.name == mine.name else x for x in reader.lessons]
            done = dict(self.sessions.visit(visitor.key).effects).get(mine.name)  # what it did, it did by any name
            self._keep(visitor, reader.with_lessons(lessons), *([replace(done, name=new.name)] if done else []))
            return self._told(visitor, _said(visitor.speech("teach_renamed", old=mine.name, new=new.name)))

        return self._answer(go, visitor)

    def remove(self, chosen: str | None, visitor: Visitor) -> Shown:
        """Forget one lesson, whichever it is; the others stay as they are."""

        def go() -> Shown:
            reader = self.sessions.reader(visitor.key)
            mine = self._chosen(reader, chosen, visitor.speech)
            self._keep(visitor, reader.with_lessons([x for x in reader.lessons if x.name != mine.name]))
            return self._told(visitor, _said(visitor.speech("teach_removed", name=mine.name)))

        return self._answer(go, visitor)

    def undo(self, visitor: Visitor) -> Shown:
        """Go back by one change, of lessons or of the camera."""

        def go() -> Shown:
            self.sessions.undo(visitor.key)
            return self._told(visitor, _said(visitor.speech("teach_undone")))

        return self._answer(go, visitor)

    def reset(self, visitor: Visitor) -> Shown:
        """Forget all lessons; that can be undone, too."""

        def go() -> Shown:
            self._keep(visitor, self.sessions.reader(visitor.key).with_lessons(()))
            return self._told(visitor, _said(visitor.speech("teach_reset")))

        return self._answer(go, visitor)

    def save(self, visitor: Visitor) -> str:
        """All lessons as a file to take home."""
        reader = self.sessions.reader(visitor.key)
        return handed_out("lessons.safetensors", pack_lessons(reader.base, reader.lessons))

    def bring(self, path: str | None, visitor: Visitor) -> Shown:
        """Add the lessons of a file; of two lessons of one name the one that is there stays."""
        if not path:
            return {"undo": bool(self.sessions.visit(visitor.key).earlier)}
        return self._answer(lambda: self._brought(Path(path).read_bytes(), visitor), visitor)

    def again(self, kept: str | None, visitor: Visitor) -> Shown:
        """Bring back what the browser kept; what it kept may be anything."""

        def go() -> Shown:
            try:
                data = base64.b64decode(kept or "", validate=True)
            except ValueError:
                raise LessonError(visitor.speech("teach_not_kept")) from None
            return self._brought(data, visitor)

        return self._answer(go, visitor)

    def standing(self, visitor: Visitor) -> Shown:
        """The list of lessons as it is."""
        told = self._told(visitor, "")
        return {name: value for name, value in told.items() if name not in ("verdict", "maps")}

    def _brought(self, data: bytes, visitor: Visitor) -> Shown:
        say, reader = visitor.speech, self.sessions.reader(visitor.key)
        found, refused = merged(reader.lessons, unpack_lessons(reader.base, data))
        if len(found) > MOST_LESSONS:
            raise LessonError(say("teach_most_lessons", most=MOST_LESSONS))
        taught, measured = reader.with_lessons(found), dict(self.sessions.visit(visitor.key).effects)
        self._keep(visitor, taught, *(taught.effect(lesson) for lesson in found if lesson.name not in measured))
        words = say("teach_brought", names=say.both([x.name for x in found]))
        for same in ("name", "picture"):
            if names := [each.name for each in refused if each.same == same]:
                words += " " + say(f"teach_left_out_{same}", names=say.both(names))
        return self._told(visitor, _said(words))

    def _keep(self, visitor: Visitor, reader: Reader, *new: Effect) -> None:
        self.sessions.change(visitor.key, lambda now: now.changed(reader, *new))

    @staticmethod
    def _chosen(reader: Reader, chosen: str | None, say: Speech) -> Any:
        mine = next((x for x in reader.lessons if x.name == chosen), None)
        if mine is None:
            raise LessonError(say("teach_choose"))
        return mine

    def _answer(self, go: Callable[[], Shown], visitor: Visitor) -> Shown:
        """Do something; a complaint is shown in place and leaves everything else as it was."""
        try:
            return go()
        except (LessonError, PictureError) as error:
            return {"verdict": _complaint(visitor.speech.refusal(error))}

    def _told(self, visitor: Visitor, verdict: str, maps: str = "") -> Shown:
        visit, say = self.sessions.visit(visitor.key), visitor.speech
        lessons = visit.reader.lessons
        packed = base64.b64encode(pack_lessons(visit.reader.base, lessons)).decode() if lessons else ""
        return {
            "verdict": verdict,
            "maps": maps,
            "lessons": lesson_list(visit, say),
            "choice": [x.name for x in lessons],
            "undo": bool(visit.earlier),
            "kept": packed,
            "file": self.save(visitor) if lessons else None,
        }

    @staticmethod
    def _maps(reader: Reader, faces: list[FaceReading], effect: Any, say: Speech) -> str:
        if not faces:
            return ""
        face = reader.reread(faces[0])
        names = reader.trio(face, effect.name)
        if len(reader.constituents(effect.name)) != 2:
            near = [name for name, _ in effect.nearest if reader.is_basic(name)][:2]
            names = [near[0], effect.name, near[1]]
        words = f"<p>{html.escape(teaching_words(effect, face, say))}</p>"
        return words + panels(
            face.crop, class_panels(face, names, raw_maps(reader, face, names, reader.methods[0]), say), say
        )

    @staticmethod
    def _face(reader: Reader, number: int, path: str, cropped: bool, say: Speech) -> FaceReading:
        try:
            return reader.face(Path(path), already_cropped=cropped)
        except PictureError as error:
            raise PictureError(say("teach_picture", number=number, what=say.refusal(error))) from error


def _complaint(message: str) -> str:
    return f'<p class="cfer-complaint warn" role="alert">{html.escape(message)}</p>'


def _said(message: str) -> str:
    return f'<p class="cfer-complaint">{html.escape(message)}</p>'
