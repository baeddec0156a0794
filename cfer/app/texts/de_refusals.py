"""German, of what the package itself says when something will not do: sentences that it writes in English."""

REFUSALS = {
    "No face was found.": "Es wurde kein Gesicht gefunden.",
    "The face is too small.": "Das Gesicht ist zu klein.",
    "The file is empty.": "Die Datei ist leer.",
    "The file is over {} MB.": "Die Datei hat mehr als {} MB.",
    "The picture is damaged or incomplete.": "Das Bild ist beschädigt oder unvollständig.",
    "The picture is too large: at most {} megapixels.": "Das Bild ist zu groß: höchstens {} Megapixel.",
    "The picture is too large ({} x {}): at most {} megapixels.": (
        "Das Bild ist zu groß ({} x {}): höchstens {} Megapixel."
    ),
    "The picture is too small ({} x {}): at least {} pixels a side.": (
        "Das Bild ist zu klein ({} x {}): mindestens {} Pixel an jeder Seite."
    ),
    "There is not enough memory for this picture. Bring a smaller one.": (
        "Für dieses Bild reicht der Speicher nicht. Bringen Sie ein kleineres."
    ),
    "HEIC pictures cannot be read here. Save this one as JPEG, or install pillow-heif.": (
        "HEIC-Bilder können hier nicht gelesen werden. Speichern Sie es als JPEG."
    ),
    "This is not a picture that can be read. Use {}.": "Das ist kein Bild, das gelesen werden kann. Möglich: {}.",
    "This looks like a video or a picture of a kind that is not read. Use {}.": (
        "Das sieht nach einem Video aus oder nach einer Art Bild, die nicht gelesen wird. Möglich: {}."
    ),
    "A face crop is about square; this picture is {} x {}.": (
        "Ein Gesichtsausschnitt ist etwa quadratisch; dieses Bild hat {} x {}."
    ),
    "Give the new expression a name.": "Geben Sie dem neuen Ausdruck einen Namen.",
    "The name is too long: at most {} letters.": "Der Name ist zu lang: höchstens {} Buchstaben.",
    "Use letters, digits, spaces and hyphens for the name.": (
        "Der Name darf aus Buchstaben, Ziffern, Leerzeichen und Bindestrichen bestehen."
    ),
    "The model knows {} already. Choose another name.": "Das Modell kennt {} schon. Wählen Sie einen anderen Namen.",
    "This is not a lesson file.": "Das ist keine Lektionsdatei.",
    "This file is too large for lessons: at most {} MB.": "Diese Datei ist zu groß für Lektionen: höchstens {} MB.",
    "This lesson file was made by another version of cfer.": (
        "Diese Lektionsdatei stammt von einer anderen Version von cfer."
    ),
    "Adapting needs at least {} faces; there are {}.": "Zum Anpassen braucht es mindestens {} Gesichter; es sind {}.",
    "Adapting needs at least {} faces; there is 1.": "Zum Anpassen braucht es mindestens {} Gesichter; es ist 1.",
}
"""What stands in a place of the English sentence stands in the same one of the German."""
