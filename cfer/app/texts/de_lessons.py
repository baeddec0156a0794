"""German, of lessons."""

from cfer.lessons.record import EAGER

_TAKES = "{:.0f}, {:.0f} oder {:.0f}".format(*(100 * limit.of_one for limit in EAGER.values()))

TEXTS = {
    "teach_step_1": "## 1. Zeigen und benennen",
    "teach_step_2": "## 2. An einem weiteren Bild ausprobieren",
    "teach_step_3": "## 3. Ihre Lektionen",
    "teach_files": "Bilder des neuen Ausdrucks (1 bis 20)",
    "teach_photo": "Foto aufnehmen",
    "teach_name": "Name des neuen Ausdrucks",
    "teach_more": "Mehr: woraus er besteht, was er nicht ist",
    "teach_parts": "Besteht aus",
    "teach_parts_info": "Zwei Grundausdrücke, die er mischt. Sie genügen allein, ohne Bild.",
    "teach_units": "Muskeln, die er zeigt",
    "teach_units_info": "Aus dem Kodierhandbuch. Auch sie genügen allein.",
    "teach_against": "Bilder, die ihn nicht zeigen",
    "teach_eager": "Wie stark er zieht",
    "teach_eager_info": "Wie viele von 100 zurückbehaltenen Gesichtern er jedem alten Ausdruck etwa nehmen darf: "
    f"{_TAKES}.",
    "eager_careful": "vorsichtig",
    "eager_balanced": "ausgewogen",
    "eager_eager": "eifrig",
    "teach_go": "Lehren",
    "teach_try": "Ein weiteres Bild",
    "teach_choice": "Lektion",
    "teach_new_name": "Neuer Name",
    "teach_rename": "Umbenennen",
    "teach_remove": "Entfernen",
    "teach_undo": "Rückgängig",
    "teach_reset_button": "Alles vergessen",
    "teach_save": "Lektionen als Datei sichern",
    "teach_bring": "Lektionsdatei laden",
    "teach_again": "Meine letzten Lektionen zurückholen",
    "teach_keep": "Meine Lektionen in diesem Browser behalten (Merkmale und Namen, kein Foto)",
    "teach_picture": "Bild {number}: {what}",
    "teach_no_face": "Es wurde kein Gesicht gefunden.",
    "teach_same": "Dasselbe wie Bild {other}; es zählt einmal.",
    "teach_several": "{count} Gesichter gefunden; das größte wird genommen.",
    "teach_called": "Heißt jetzt {name}: {count}.",
    "teach_will_collide": "Das Modell ist sich sicher: Das ist {names}. Ein neuer Name dafür wird dort Gesichter "
    "wegnehmen.",
    "teach_faces": "Die Gesichter, aus denen gelernt wird:",
    "teach_consent": "Bitte bestätigen, dass diese Bilder verwendet werden dürfen.",
    "teach_most_lessons": "Höchstens {most} Lektionen auf einmal. Bitte zuerst eine entfernen.",
    "teach_most_pictures": "Höchstens {most} Bilder je Lektion.",
    "teach_renamed": "„{old}“ heißt jetzt „{new}“.",
    "teach_removed": "„{name}“ ist vergessen; alles andere ist, als wäre es nie gelehrt worden.",
    "teach_undone": "Die letzte Änderung ist rückgängig gemacht.",
    "teach_reset": "Alle Lektionen sind vergessen. „Rückgängig“ holt sie zurück.",
    "teach_not_kept": "Was dieser Browser behalten hat, ist keine Lektionsdatei.",
    "teach_brought": "Jetzt vorhandene Lektionen: {names}.",
    "teach_left_out_name": "Ausgelassen, weil es eine Lektion dieses Namens schon gibt: {names}.",
    "teach_left_out_picture": "Ausgelassen, weil eine Ihrer Lektionen dasselbe Bild hat: {names}.",
    "teach_choose": "Bitte zuerst eine Lektion wählen.",
    "teach_nothing": "Noch nichts gelehrt. Was Sie lehren, bleibt bei Ihnen und wird vergessen, wenn Sie gehen.",
    "teach_kept_features": "Von Ihren Bildern werden nur Merkmale behalten, Zahlen, aus denen kein Bild zu sehen "
    "ist; höchstens eine Stunde.",
    "lesson_title": "Gelernt: {name}",
    "lesson_fine": "Gut: Die alten Ausdrücke änderten sich im Mittel um {change} Punkte.",
    "lesson_lost": "Am meisten verlor {name}: Von den zurückbehaltenen Gesichtern wurden vorher {before} erkannt, "
    "jetzt {after}.",
    "lesson_costs": "Es kostet: Die alten Ausdrücke änderten sich im Mittel um {change} Punkte. Mehr Bilder oder "
    "„vorsichtig“ kosten weniger.",
    "lesson_collides": "Kollision mit {other}: {share} der zurückbehaltenen Gesichter von {other} heißen jetzt "
    "{name}. Bilder hinzufügen, die den Unterschied zeigen, oder vorsichtiger lehren.",
    "lesson_shots": "Gelehrte Bilder, die erkannt werden: {share} von {count}.",
    "lesson_measured": "Von {count} Bildern, jedes mit einer Lektion ohne dieses geprüft, wurden {share} unter "
    "allen Ausdrücken erkannt (harmonisches Mittel mit den alten: {harmonic}).",
    "lesson_one": "Aus einem Bild lässt sich nicht sagen, wie gut der Ausdruck in anderen erkannt wird: an einem "
    "weiteren Bild ausprobieren oder ein zweites hinzufügen.",
    "lesson_none": "Ohne Bild gelehrt: bitte an einem Bild ausprobieren.",
    "lesson_near": "Nächste bekannte Ausdrücke: {names}.",
    "lesson_now": "Das erste Bild: vorher {was}, jetzt {now} ({p}).",
    "cost_name": "Ausdruck",
    "cost_before": "vorher",
    "cost_after": "nachher",
    "cost_to": "heißt jetzt wie der neue",
    "cost_mean": "alle alten, Mittel",
    "cost_rest": "{count} weitere",
    "cost_note": "Erkannt unter allen Ausdrücken, an zurückbehaltenen Gesichtern, an die nichts angepasst wurde; "
    "jede Hälfte mit einer Lektion, die nach der anderen Hälfte gestellt wurde.",
    "lesson_pictures": "Bilder: {count}",
    "lesson_against": "zeigen ihn nicht: {count}",
    "lesson_is_fine": "gut",
    "lesson_is_costs": "kostet",
    "lesson_is_collides": "Kollision",
    # Camera
    "consent": "Ich darf diese Bilder verwenden (ich selbst oder mit Erlaubnis)",
    "camera_title": "An die eigene Kamera anpassen",
    "camera_about": "Licht, Objektiv und Ausschnitt verändern alle Bilder einer Kamera gleich. 20 oder mehr "
    "eigene Bilder mit mehreren Ausdrücken, ganz ohne Beschriftung, zeigen dem Modell, wie, und es rechnet das "
    "heraus: fehlenden Kontrast und etwas Unschärfe im Bild, den Rest in seinen Antworten. Nichts davon wird "
    "behalten, und es lässt sich rückgängig machen.",
    "camera_files": "20 oder mehr Bilder",
    "camera_go": "Anpassen",
    "camera_undo": "Anpassung zurücknehmen",
    "camera_bring": "Bringen Sie {least} oder mehr Bilder von Ihrer Kamera oder Sammlung.",
    "camera_most": "Höchstens {most} Bilder auf einmal; Sie brachten {count}.",
    "camera_estimated": "Vorher gelernt: {names}. Die Bilder dazu sind nicht aufbewahrt; was die Kamera mit ihnen "
    "macht, ist deshalb nur geschätzt. Lehren Sie sie noch einmal, wenn sie nicht erkannt werden.",
    "camera_refused": "Dateien, die nicht als Bilder zu lesen waren: {count}.",
    "camera_done": "### An {count} Gesichter angepasst\n{changed} davon werden jetzt anders beantwortet. Am "
    "häufigsten genannt vorher: {before}; jetzt: {after}.",
    "camera_one_sided": "{count} von {all} Gesichtern heißen jetzt {name}. Mit mehreren Ausdrücken unter den Bildern "
    "ist das Anpassen sicherer: Was alle gemeinsam haben, gilt als Kamera.",
    "camera_forgotten": "Das Modell ist wieder wie vor der Anpassung.",
}
