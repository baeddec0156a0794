"""German, of relations over all faces."""

TEXTS = {
    "of_model": "das Modell",
    "of_random_head": "ein Kopf aus Zufallszeilen",
    "of_permuted": "ein Kopf, der von vertauschten Namen gelernt hat",
    "of_quarter": "ein Netz mit durchmischtem letztem Viertel",
    "of_half": "ein Netz mit durchmischter zweiter Hälfte",
    "of_shuffled": "ein Netz mit durchmischten Gewichten",
    "of_elsewhere": "Karten der Basisausdrücke von einer anderen Person",
    "of_mean_face": "mittlere Karten der Basisausdrücke über alle Gesichter",
    "of_change": "Änderung gegenüber neutral: das Modell",
    "of_change_random_head": "Änderung gegenüber neutral: ein Kopf aus Zufallszeilen",
    "of_change_permuted": "Änderung gegenüber neutral: ein Kopf, der von vertauschten Namen gelernt hat",
    "of_change_quarter": "Änderung gegenüber neutral: ein Netz mit durchmischtem letztem Viertel",
    "of_change_half": "Änderung gegenüber neutral: ein Netz mit durchmischter zweiter Hälfte",
    "of_change_shuffled": "Änderung gegenüber neutral: ein Netz mit durchmischten Gewichten",
    "of_change_elsewhere": "Änderung gegenüber neutral: Karten der Basisausdrücke von einer anderen Person",
    "of_change_mean_face": "Änderung gegenüber neutral: mittlere Karten der Basisausdrücke über alle Gesichter",
    "summary_of": "Karten von",
    "summary_gap": "Abstand",
    "summary_interval": "95-%-Intervall",
    "summary_measure": "Abstand: mittlere Ähnlichkeit mit den eigenen Basisausdrücken weniger der mit den übrigen;"
    " 0 bei Zufall. Karten der Änderung gegenüber neutral sind von {people} der Personen.",
    "summary_head": "Kosinus der Zeilen des Kopfes. Bei einem linearen Kopf folgen die Karten aus diesen Zeilen"
    " und den Merkmalen des Gesichts; die Ähnlichkeit der Karten wiederholt diese Tabelle also "
    "zum Teil.",
    "summary_deletion": "Was der Wert einer Mischung verliert, wenn das stärkste Fünftel der Anhaltspunkte eines "
    "Basisausdrucks verwischt wird; ebenso viele zufällige Stellen kosten {random}.",
    "summary_mixture": "Anteile der Karten der Basisausdrücke, jede mit Summe 1, an der Summe, die der Karte einer"
    " Mischung am nächsten kommt; keine zählt negativ.",
    "summary_units": "Kosinus der Muskelbewegungen, die Menschen zeigen (Du, Tao & Martinez, 2014): was das "
    "Handbuch erwartet, gleich was ein Modell tut. Die gerenderten Gesichter, an denen hier "
    "alles gemessen wurde, führen diese Bewegungen aus.",
    "summary_agreement": "Übereinstimmung mit der Tabelle des Handbuchs: Spearman {value} ({low} bis {high}), p = "
    "{chance}, wenn die Zeilen der Tabelle neu auf die Mischungen verteilt werden. Die "
    "gerenderten Gesichter führen diese Bewegungen aus; ein Teil der Übereinstimmung ist also "
    "eingebaut.",
    "set_title": "Ihre eigenen Bilder",
    "set_about": "Bitte Bilder von Menschen mitbringen, die einen Mischausdruck zeigen: mittlere Karten auf dem "
    "mittleren Gesicht, wie ähnlich die Hinweise auf jeden Grundausdruck denen auf die Mischung sind, mit "
    "Intervallen, und was der Zufall ergibt. Jedes Bild zählt als ein anderer Mensch. Mehr Bilder, und mehrere je "
    "Mensch: `cfer relate` auf der Kommandozeile.",
    "set_files": "Bilder mit je einem Gesicht",
    "set_class": "Was sie zeigen",
    "set_go": "Vergleichen",
    "set_bring": "Bitte mindestens {least} Bilder mitbringen und sagen, was sie zeigen.",
    "set_most": "{count} Bilder sind mehr als die {most}, die diese Seite auf einmal nimmt; `cfer relate` nimmt mehr.",
    "set_left_out": "{count} Bilder wurden ausgelassen: Es wurde kein Gesicht gefunden, oder sie waren nicht zu lesen.",
    "relations_tie_none": "Kein Beleg, dass {name} an {parts} hängt, über das hinaus, was je zwei Karten eines "
    "Gesichts gemeinsam haben: Ein Netz, das weniger gelernt hat, zeigt dasselbe.",
    "relations_tie_expressions": "{name}: hängt mehr an {parts} als an anderen Basisausdrücken, aber nicht messbar "
    "mehr, als wenn deren Karten von einer anderen Person sind. Das Band liegt zwischen den Ausdrücken, nicht im "
    "Gesicht.",
    "relations_tie_face": "{name}: hängt mehr an {parts} als an anderen Basisausdrücken, und auf demselben Gesicht "
    "mehr als über Personen hinweg (Abstand {here} gegen {elsewhere}).",
}
