"""German, of what the package itself says when something will not do: by the templates that it writes in English."""

from cfer.faces.detect import NO_FACE
from cfer.faces.detect import TOO_SMALL as FACE_TOO_SMALL
from cfer.lessons.names import BOTH
from cfer.pictures.errors import TOO_LARGE, TOO_SMALL

REFUSALS = {
    "{name} is not made of two basic expressions that the model knows.": (
        "„{name}“ ist nicht aus zwei Grundausdrücken gemischt, die das Modell kennt."
    ),
    "{count} faces are too few for a mean: bring at least {least}.": (
        "{count} Gesichter sind zu wenige für ein Mittel: Bitte mindestens {least} mitbringen."
    ),
    NO_FACE: "Es wurde kein Gesicht gefunden.",
    FACE_TOO_SMALL: "Das Gesicht ist zu klein.",
    "The file is empty.": "Die Datei ist leer.",
    "The file is over {most} MB.": "Die Datei hat mehr als {most} MB.",
    "The picture is damaged or incomplete.": "Das Bild ist beschädigt oder unvollständig.",
    "The picture holds values that are not numbers.": "Das Bild enthält Werte, die keine Zahlen sind.",
    "The picture is too large: at most {most} megapixels.": "Das Bild ist zu groß: höchstens {most} Megapixel.",
    TOO_LARGE: "Das Bild ist zu groß ({width} x {height}): höchstens {most} Megapixel.",
    TOO_SMALL: "Das Bild ist zu klein ({width} x {height}): mindestens {least} Pixel an jeder Seite.",
    "There is not enough memory for this picture. Bring a smaller one.": (
        "Für dieses Bild reicht der Speicher nicht. Bringen Sie ein kleineres."
    ),
    "HEIC pictures cannot be read here. Save this one as JPEG, or install pillow-heif.": (
        "HEIC-Bilder können hier nicht gelesen werden. Speichern Sie es als JPEG."
    ),
    "This is not a picture that can be read. Use {kinds}.": (
        "Das ist kein Bild, das gelesen werden kann. Möglich: {kinds}."
    ),
    "This looks like a video or a picture of a kind that is not read. Use {kinds}.": (
        "Das sieht nach einem Video aus oder nach einer Art Bild, die nicht gelesen wird. Möglich: {kinds}."
    ),
    "This is a placeholder of git-lfs, not the picture itself. Run 'git lfs pull' in its repository.": (
        "Das ist ein Platzhalter von git-lfs, nicht das Bild selbst. „git lfs pull“ im Repositorium holt es."
    ),
    "A face crop is about square; this picture is {width} x {height}.": (
        "Ein Gesichtsausschnitt ist etwa quadratisch; dieses Bild hat {width} x {height}."
    ),
    "Bring a picture of the neutral face.": "Bringen Sie ein Bild des neutralen Gesichts.",
    "This checkpoint keeps too few features of neutral faces to compare yours with.": (
        "Dieses Modell hat zu wenige Merkmale neutraler Gesichter, mit denen Ihres verglichen werden könnte."
    ),
    "Give the new expression a name.": "Geben Sie dem neuen Ausdruck einen Namen.",
    "The name is too long: at most {most} letters.": "Der Name ist zu lang: höchstens {most} Buchstaben.",
    "Use letters, digits, spaces and hyphens for the name.": (
        "Der Name darf aus Buchstaben, Ziffern, Leerzeichen und Bindestrichen bestehen."
    ),
    "Tables take {name!r} for an empty field. Choose another name.": (
        "Tabellen halten „{name}“ für ein leeres Feld. Wählen Sie einen anderen Namen."
    ),
    "The model knows {name!r} already. Choose another name.": (
        "Das Modell kennt „{name}“ schon. Wählen Sie einen anderen Namen."
    ),
    "{name!r} is not a class of this model.": "„{name}“ ist keine Klasse dieses Modells.",
    "{name!r} is not the name of a lesson.": "„{name}“ ist kein Name einer Lektion.",
    "An expression is made of two others at most, not of {count}.": (
        "Ein Ausdruck besteht aus höchstens zwei anderen, nicht aus {count}."
    ),
    "The constituents are a list: [{given!r}].": "Die Bestandteile sind eine Liste: [{given!r}].",
    "Action units are a list of their numbers: [6, 12].": "Action Units sind eine Liste ihrer Nummern: [6, 12].",
    "There is no action unit {unit} here.": "Eine Action Unit {unit} gibt es hier nicht.",
    "A lesson is {ways}; {way!r} is none of these.": "Eine Lektion ist {ways}; „{way}“ gehört nicht dazu.",
    "A lesson has at most {most} pictures.": "Eine Lektion hat höchstens {most} Bilder.",
    "Every picture of a lesson needs both of its readings.": "Jedes Bild einer Lektion braucht beide Lesungen.",
    "Bring a picture of the new expression, or say which two basic expressions it blends, or which muscles it shows.": (
        "Bringen Sie ein Bild des neuen Ausdrucks, oder sagen Sie, welche zwei Grundausdrücke er mischt oder welche "
        "Muskeln er zeigt."
    ),
    BOTH: "Bild {number} ist als „{name}“ gebracht und als nicht „{name}“. Lassen Sie es auf einer Seite weg.",
    f"Check {BOTH[0].lower()}{BOTH[1:]}": (
        "Prüfbild {number} ist als „{name}“ gebracht und als nicht „{name}“. Lassen Sie es auf einer Seite weg."
    ),
    "A picture is brought as {name!r} and as not it. Leave it out of one of the two.": (
        "Ein Bild ist als „{name}“ gebracht und als nicht „{name}“. Lassen Sie es auf einer Seite weg."
    ),
    "One picture was brought as {one!r} and as {other!r}. Keep one of the two lessons, or bring another picture.": (
        "Ein Bild wurde als „{one}“ und als „{other}“ gebracht. Behalten Sie eine der beiden Lektionen, oder bringen "
        "Sie ein anderes Bild."
    ),
    "There is no lesson to save yet.": "Es gibt noch keine Lektion, die gespeichert werden könnte.",
    "This is not a lesson file.": "Das ist keine Lektionsdatei.",
    "A lesson file holds one to {most} lessons.": "Eine Lektionsdatei enthält eine bis {most} Lektionen.",
    "This file is too large for lessons: at most {most} MB.": (
        "Diese Datei ist zu groß für Lektionen: höchstens {most} MB."
    ),
    "This lesson file was made by another version of cfer.": (
        "Diese Lektionsdatei stammt von einer anderen Version von cfer."
    ),
    "The lesson {name!r} was made with another network.": (
        "Die Lektion „{name}“ wurde mit einem anderen Netz gemacht."
    ),
    "The lesson {name!r} is made of expressions that this model does not know.": (
        "Die Lektion „{name}“ besteht aus Ausdrücken, die dieses Modell nicht kennt."
    ),
    "These lessons were made with another network than the one that is loaded; features of one mean nothing to "
    "another.": (
        "Diese Lektionen wurden mit einem anderen Netz gemacht als dem geladenen; die Merkmale des einen bedeuten dem "
        "anderen nichts."
    ),
    "This lesson file is damaged: its parts do not belong together.": (
        "Diese Lektionsdatei ist beschädigt: Ihre Teile gehören nicht zusammen."
    ),
    "This lesson file is damaged: its features have a wrong shape.": (
        "Diese Lektionsdatei ist beschädigt: Ihre Merkmale haben eine falsche Form."
    ),
    "This lesson file is damaged: its features are not numbers that a face can have.": (
        "Diese Lektionsdatei ist beschädigt: Ihre Merkmale sind keine Zahlen, die ein Gesicht haben kann."
    ),
    "Adapting needs at least {least} faces; there are {count}.": (
        "Zum Anpassen braucht es mindestens {least} Gesichter; es sind {count}."
    ),
    "Adapting needs at least {least} faces; there is 1.": (
        "Zum Anpassen braucht es mindestens {least} Gesichter; es ist 1."
    ),
    "This checkpoint keeps too few features of photographs to compare yours with.": (
        "Dieses Modell hat zu wenige Merkmale von Fotos, mit denen Ihre verglichen werden könnten."
    ),
}
"""Sentences by the English templates; both have the same named places."""
