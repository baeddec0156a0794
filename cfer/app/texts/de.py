"""German."""

TEXTS: dict[str, str] = {
    "and": "und",
    "or": "oder",
    "tab_explore": "Erkunden",
    "tab_teach": "Lehren",
    "tab_relations": "Beziehungen",
    "tab_journey": "Lernweg",
    "tab_compare": "Vergleichen",
    "tab_about": "Über cfer",
    "about_line": "Was ein Gesicht ausdrückt, woraus sich das zusammensetzt, wo die Hinweise darauf liegen und wie "
    "man dem Modell einen neuen Ausdruck beibringt.",
    # Explore: bringing a picture
    "picture": "Ein Bild mit einem Gesicht",
    "found": "Gefundene Gesichter",
    "cropped": "Das ist ein Gesichtsausschnitt",
    "cropped_info": "Ankreuzen, um die Suche nach Gesichtern zu überspringen.",
    "examples": "Oder ein gerendertes Gesicht, das niemandem gehört:",
    "which_face": "Welches Gesicht?",
    "faces_found": "{count} Gesichter: welches?",
    "kept": "Wird im Arbeitsspeicher gelesen, nach etwa einer Stunde gelöscht, nie zum Lernen benutzt. Gelesen wird, "
    "was ein Gesicht zeigt, nicht, was ein Mensch fühlt. Bilder von anderen bitte nur mit deren Einverständnis.",
    "start": "Bitte ein Bild mitbringen: hochladen, mit der Webcam aufnehmen oder aus der Zwischenablage einfügen.",
    "no_face": "In diesem Bild wurde kein Gesicht gefunden. Bitte eines versuchen, auf dem das Gesicht größer oder "
    "mehr von vorn zu sehen ist, oder, falls das Bild schon ein Gesichtsausschnitt ist, „Das ist ein "
    "Gesichtsausschnitt“ ankreuzen.",
    "bring_first": "Bitte zuerst ein Bild mitbringen.",
    "forgotten_class": "Das Modell kennt einen dieser Ausdrücke nicht mehr. Bitte das Bild noch einmal lesen lassen.",
    # the answer
    "answer": "Dieses Gesicht wirkt **{name}**",
    "answer_unseen": "Hier ist kein Gesicht zu sehen; als eines gelesen, wirkt es **{name}**",
    "certain": "Das Modell ist fast sicher{often}.",
    "fairly": "Das Modell ist ziemlich sicher{often}; an zweiter Stelle: {second}.",
    "rather": "Das Modell neigt dazu{often}; möglich ist auch „{second}“.",
    "unsure": "Das Modell ist nicht sicher: „{name}“ bekommt {p}, „{second}“ {q}.",
    "family": "Was davon, oder ob beides zugleich, ist nicht sicher: am ehesten „{name}“ ({p}), dann „{second}“ ({q}). "
    "Dass eines davon darin ist: {share}.",
    "family_one": "Was sonst noch darin ist, falls überhaupt etwas, ist nicht sicher: am ehesten „{name}“ ({p}), dann "
    "„{second}“ ({q}). Dass dies darin ist: {share}.",
    "alone_or_blended": "{name}, allein oder in einer Mischung",
    "of_ten": " (von 10 {kind}, von denen es das sagt, stimmt es bei {n})",
    "kind_photographs": "Fotos",
    "kind_rendered": "gerenderten Gesichtern",
    "made_of": "Es ist eine Mischung aus {parts}.",
    "shown_units": "Muskeln am Werk: {units}.",
    "no_units": "Keiner der Muskeln, die dieses Modell beurteilen kann, ist deutlich am Werk.",
    "weak_units": "Keiner der Muskeln, die dieses Modell beurteilen kann, ist deutlich am Werk: Die Antwort stützt "
    "sich auf schwache Zeichen.",
    # doubts
    "doubt_tiny": "Das Gesicht ist nur {pixels} Pixel breit: zu wenig, um es gut zu lesen.",
    "doubt_small": "Das Gesicht ist nur {pixels} Pixel breit; ab etwa {enough} wird es besser gelesen.",
    "doubt_tilted": "Der Kopf ist um {degrees} Grad oder mehr geneigt; vor dem Lesen wurde er in Richtung der "
    "Senkrechten gedreht.",
    "doubt_turned": "Der Kopf ist um etwa {degrees} Grad zur Seite gedreht; eine Gesichtshälfte ist kaum zu sehen.",
    "doubt_dark": "Das Gesicht ist sehr dunkel (mittlere Helligkeit {value} von 255).",
    "doubt_bright": "Das Gesicht ist überbelichtet (mittlere Helligkeit {value} von 255).",
    "doubt_flat": "Das Gesicht hat sehr wenig Kontrast; vieles von dem, was Muskeln tun, ist nicht zu sehen.",
    "doubt_strange": "Dieses Bild gleicht keinem Gesicht, das das Modell kennt ({share} der bekannten Bilder liegen "
    "näher beieinander). Der Antwort ist nicht zu trauen.",
    "doubt_no_face": "In diesem Ausschnitt ist kein Gesicht zu sehen. Das Modell antwortet, was immer man ihm zeigt.",
    "doubt_cropped": "Das Gesicht nimmt nur {share} der Breite ein, und das ganze Bild wurde als Gesicht gelesen, weil "
    "„Das ist ein Gesichtsausschnitt“ angekreuzt ist.",
    "doubt_neutral_units": "Das Modell nennt das Gesicht neutral, doch das ist zu sehen: {units}.",
    "doubt_unsure_family": "Welche Mischung es ist, darauf ist kein Verlass: Von {kind}, bei denen das Modell so "
    "unsicher war ({count} im Test), hat es {share} richtig benannt, wären alle Ausdrücke gleich häufig.",
    "doubt_unsure": "Auf diese Antwort ist kein Verlass: Von {kind}, bei denen das Modell so unsicher war ({count} im "
    "Test), hat es {share} richtig benannt, wären alle Ausdrücke gleich häufig.",
    # the strip
    "kinds_title": "Ein Grundausdruck oder eine Mischung?",
    "kind_basic": "Grundausdruck",
    "kind_compound": "gemischt oder beigebracht",
    "basics_title": "Wenn es ein Grundausdruck sein müsste",
    "compounds_title": "Wenn es ein Mischausdruck sein müsste",
    "made_title": "Was für „{name}“ spricht",
    "whose": "Muskeln von „{who}“",
    "whose_both": "Muskeln von beiden",
    "piece_other": "andere Muskeln",
    "piece_beyond": "was kein Muskel erklärt",
    "piece_absent": "ruhende Muskeln",
    "no_muscle_speaks": "Kein Muskel am Werk spricht dafür.",
    "absent_too": "Auch dass diese ruhen, spricht dafür: {units}.",
    "faint": "schwach: {unit}",
    "unit_key": "Der Code eines Muskels erscheint, wo der Mauszeiger auf ihm ruht: AU ist eine Action Unit des "
    "Kodierhandbuchs FACS.",
    "constituent": "{p} unter den Grundausdrücken",
    "pair_sum": "{parts} unter den Grundausdrücken: {share}, Platz {place} der 15 Paare.",
    "no_composition": "Dieses Modell liest keine Muskeln ab.",
    "all_expressions": "Alle {count} Ausdrücke",
    "hardly": "{title} ({p}, dass es einer ist)",
    # one's own neutral face
    "own_title": "Mein eigenes neutrales Gesicht",
    "own_about": "Manche Gesichter wirken in Ruhe traurig oder streng. Bringen Sie ein neutrales Bild der Person, "
    "deren andere Bilder Sie lesen, bei demselben Licht und mit derselben Kamera: Die Hälfte dessen, was diesem "
    "Gesicht eigen ist, wird dann aus jeder Antwort, jedem Muskel und jeder Karte des ganzen Gesichts herausgenommen. "
    "Ein Bild von einer anderen Gelegenheit schadet eher. Es wird nach etwa einer Stunde gelöscht.",
    "own_picture": "Dieselbe Person, neutral",
    "own_go": "Als Nullpunkt nehmen",
    "own_back": "Ohne es lesen",
    "own_bring": "Bringen Sie zuerst ein neutrales Bild.",
    "own_done": "Gesichter werden jetzt mit diesem verglichen: {share} dessen, was es von üblichen neutralen "
    "Gesichtern unterscheidet, wird herausgenommen. Das gilt nur für diese Person.",
    "own_not_neutral": "Das Modell nennt dieses Bild {name}, nicht neutral. Ist das Gesicht in Ruhe?",
    "own_dropped": "Gesichter werden wieder wie für alle gelesen.",
    "own_note": "Gelesen im Vergleich mit dem eigenen neutralen Gesicht dieser Person.",
    # the maps
    "map_alt": "Wo die Hinweise auf „{name}“ liegen.",
    "strength": "Stärke",
    "strength_title": "Wie viele Hinweise diese Karte enthält, neben der stärksten der Karten hier.",
    "no_evidence": "in diesem Gesicht nirgends ein Hinweis darauf",
    "same_map": "dieselbe Karte wie daneben: Das Modell unterscheidet die beiden hier nicht",
    "disbelieved": "hier unwahrscheinlich ({p})",
    "densest": "Die Hinweise auf „{name}“ liegen hier am dichtesten: {where}.",
    "region_density": "{region} (das {density}-Fache des Flächenanteils)",
    "no_change_maps": "Dieses Netz kann nicht zeigen, was von einem neutralen Gesicht abweicht: Dies sind Karten des "
    "ganzen Gesichts.",
    "grid_title": "Alle Verfahren an diesem Gesicht",
    "grid_note": "Dieselben drei Ausdrücke mit jedem Verfahren, und wie ähnlich die Karten einander sind. Das dauert "
    "einige Sekunden.",
    "grid_button": "Nebeneinander zeigen",
    "grid_classes": "Ähnlichkeit der mittleren Karte mit der ähnlicheren daneben: {likeness}.",
    "grid_classless": "Diese Karten hängen hier nicht vom Ausdruck ab.",
    "grid_twin": "Hier dieselbe Karte wie „{other}“ (Ähnlichkeit {likeness}).",
    "left_map": "Linke Karte",
    "middle_map": "Mittlere Karte",
    "right_map": "Rechte Karte",
    "method": "Was die Karten zeigen",
    "method_integrated_gradients": "Abweichung von einem neutralen Gesicht (integrierte Gradienten)",
    "method_grad_cam": "Das ganze Gesicht (Grad-CAM)",
    "method_log_odds": "Das ganze Gesicht, gegen seine Rivalen hier",
    "method_known_rendered": "Bei gerenderten Gesichtern liegt auf dem, was sich bewegt hat, das {ratio}-Fache dessen, "
    "was zufällig auf einer so großen Fläche läge ({low} bis {high}); die mittlere Karte anderer Gesichter hat {mean}.",
    "method_known_photographs": "Bei Fotos liegt dort, wo die Muskeln dessen zu sehen sind, was auf ihnen steht, das "
    "{ratio}-Fache dessen, was zufällig auf einer so großen Fläche läge ({low} bis {high}); die mittlere Karte anderer "
    "Gesichter hat {mean}.",
    "method_classless": "Seine Karten hängen kaum davon ab, nach welchem Ausdruck gefragt wird (Ähnlichkeit "
    "{likeness}).",
    "method_twin": "Bei Fotos sind seine Karten kaum von denen von „{other}“ zu unterscheiden (Ähnlichkeit "
    "{likeness}).",
    "method_unknown": "Wie gut diese Karten zutreffen, wurde nicht gemessen.",
    "method_scaled": "Dieses Verfahren skaliert jede Karte für sich: Ihre Stärken lassen sich nicht vergleichen.",
    "legend_none": "durchsichtig: nichts",
    "legend_most": "am meisten",
    "legend_against": "dagegen",
    "opacity": "Deckkraft",
    "contrast": "Kontrast",
    "scale": "Skala",
    "scale_own": "je eine eigene",
    "scale_common": "eine für alle",
    "show": "Anzeigen",
    "show_for": "Hinweise dafür",
    "show_both": "dafür und dagegen",
    "show_difference": "Unterschied zu den anderen beiden",
    "colours": "Farben",
    "how_to_read": "Dasselbe Gesicht, dasselbe Modell. Die Karten zeigen, wo die Hinweise liegen, auf die sich das "
    "Modell stützt. Sie zeigen keine Ursachen, und zwei Karten eines Gesichts sehen sich immer etwas ähnlich.",
    # depth
    "by_muscle": "Muskel für Muskel",
    "by_muscle_note": "Was den Wert von „{name}“ von dem eines neutralen Gesichts unterscheidet, Muskel für Muskel, "
    "und was kein Muskel erklärt. Die Zahlen sind die von oben und ergeben zusammen die letzte.",
    "unit_speaks": "Hinweise: {evidence}",
    "unit_rest": "andere Muskeln",
    "unit_beyond": "jenseits der Muskeln",
    "unit_sum": "die Summe: {name}",
    "by_region": "Teil für Teil",
    "region_title": "Hinweise auf „{name}“ nach Teilen des Gesichts, geteilt durch den Flächenanteil des Teils "
    "(1 = gleichmäßig verteilt)",
    "relation_none": "„{name}“ ist nicht aus zwei Grundausdrücken gemischt: Es gibt keine Verbindung zu messen.",
    # relation
    "tie_both": "In diesem Gesicht liegen die Hinweise auf „{name}“ am meisten dort, wo die auf „{first}“ und die auf "
    "„{second}“ liegen: mehr als dort, wo die auf irgendeinen anderen Grundausdruck liegen.",
    "tie_one": "In diesem Gesicht liegen die Hinweise auf „{name}“ am meisten dort, wo die auf „{first}“ liegen, aber "
    "dort, wo die auf „{second}“ liegen, nicht mehr als bei einem anderen Grundausdruck.",
    "tie_none": "In diesem Gesicht liegen die Hinweise auf „{name}“ am meisten dort, wo die auf „{winner}“ liegen, das "
    "kein Teil davon ist: Eine Verbindung zu „{first}“ oder „{second}“ ist nicht zu sehen.",
    "tie_nothing": "In diesem Gesicht spricht nichts für „{name}“; eine Verbindung zu „{first}“ oder „{second}“ ist "
    "deshalb nicht zu sehen.",
    "tie_ranked": "Ähnlichkeit: {order}.",
    "tie_more": "Das ist mehr als Zufall: Bei einem Modell, das nichts gelernt hat, zeigt weniger als eines von "
    "zwanzig Gesichtern ebenso viel.",
    "tie_within": "Das kann Zufall sein: Auch ein Modell, das nichts gelernt hat, zeigt oft ebenso viel.",
    "tie_unknown": "Wie stark eine Verbindung durch Zufall ausfällt, wurde bei diesem Modell nicht gemessen.",
    "numbers": "Zahlen: „{name}“ und die sechs Grundausdrücke",
    "column_basic": "Grundausdruck",
    "column_grad_cam": "Ähnlichkeit der Karten: ganzes Gesicht",
    "column_integrated_gradients": "Ähnlichkeit der Karten: was von neutral abweicht",
    "column_rows": "Ähnlichkeit des Gesuchten",
    "column_lost": "Verlust ohne seine Hinweise",
    "row_gap": "seine beiden Grundausdrücke minus die übrigen",
    "no_number": "keine Hinweise",
    "explain_likeness": "Ähnlichkeit der Karten: 1, wenn zwei Karten gleich sind, 0, wenn sie keine Stelle gemeinsam "
    "haben. In der letzten Zeile ergibt der Zufall 0.",
    "explain_rows": "Ähnlichkeit des Gesuchten: wie ähnlich die Gewichte des Modells für zwei Ausdrücke sind, gleich "
    "welches Gesicht es sieht. Karten ergeben sich aus diesen Gewichten und dem Gesicht; ein Teil jeder Ähnlichkeit "
    "von Karten ist also diese.",
    "explain_lost": "Verlust ohne seine Hinweise: wie viel weniger das Modell an den Mischausdruck glaubt, wenn das "
    "Fünftel des Gesichts mit den meisten Hinweisen auf den Grundausdruck verwischt wird. Ebenso viele zufällig "
    "gewählte Stellen zu verwischen kostet {random}.",
    "explain_mixture": "Die beiden ({parts}) erklären zusammen {share} der Hinweise auf den Mischausdruck im ganzen "
    "Gesicht: Platz {place} unter den 15 Paaren von Grundausdrücken; 8 wäre Zufall.",
    # take away
    "take_title": "Zum Mitnehmen",
    "take_button": "Dateien erstellen",
    "take_files": "Ein Bild zum Teilen, die Zahlen und die Hinweise mit allen Karten",
    "take_note": "Die Dateien entstehen aus dem, was gezeigt wird, mit dem Namen des Modells und einer kurzen "
    "Leseanleitung.",
    "picture_note": "Was für ein Modell ein Hinweis ist und wo er liegt, nicht, was ein Mensch fühlt. Karten zeigen "
    "keine Ursachen; jede hat ihre eigene Skala. cfer {version}, Modell {digest}.",
    # Relations
    "relations_question": "## Sieht das Modell einen Mischausdruck dort, wo es dessen Grundausdrücke sieht?\nZeilen "
    "sind Mischausdrücke, Spalten die sechs Grundausdrücke; die beiden eigenen einer Zeile sind unterstrichen. Hell: "
    "Die beiden Karten liegen auf denselben Gesichtern ähnlich. Bitte ein Feld wählen.",
    "relations_built_in": "Gemessen an gerenderten Menschen, die im Training nie vorkamen. Sie bewegen die Muskeln, "
    "die in der Tabelle des Kodierhandbuchs stehen; was mit dieser Tabelle übereinstimmt, ist also zum Teil in sie "
    "eingebaut. Zwei Karten eines Gesichts sehen sich immer ähnlich: Bevor man einer Zahl glaubt, bitte „Karten von“ "
    "auf eine Kontrolle umstellen.",
    "relations_other_model": "**An einem anderen Modell gemessen als dem, das geladen ist.**",
    "relations_by": "Vergleichen nach",
    "relations_of": "Karten von",
    "relations_pick": "Bitte ein Feld wählen, um seine Karten und Gesichter zu sehen.",
    "relations_fold": "Zahlen über alle Mischausdrücke und was der Zufall ergibt",
    "relations_mean": "Mittlere Hinweise auf „{name}“",
    "relations_change": "Abweichung von einem neutralen Gesicht",
    "relations_part": "einer seiner Grundausdrücke",
    "relations_no_part": "keiner seiner Grundausdrücke",
    "relations_cell": "„{compound}“ und „{basic}“ ({part}): Ähnlichkeit ihrer Karten {likeness} ({measure})",
    "relations_faces": "Gerenderte Gesichter, die niemandem gehören und „{name}“ zeigen:",
    # Journey
    "about_limits": """## Zuerst die Grenzen
- Das Modell liest, was ein Gesicht zeigt, so wie es die Beschriftungen seiner Daten nennen. Es sagt nichts darüber,
  was ein Mensch fühlt, meint oder ist.
- Wie gut es je nach Alter, Geschlecht oder Hautton abschneidet, wurde nicht gemessen. Gesichter, Kameras und
  Beschriftungen, die anders sind als die, aus denen es gelernt hat, kann es falsch lesen.
- Eine Karte zeigt, wo die Hinweise liegen, auf die sich das Modell stützt. Sie zeigt keine Ursache und beweist
  nicht, dass die Antwort stimmt.
- **Nicht für Entscheidungen über Menschen**: Einstellung, Schule, Polizei, Medizin oder Überwachung. In der
  Europäischen Union ist es verboten, am Arbeitsplatz und in der Bildung Emotionen auszulesen (KI-Verordnung,
  Artikel 5).""",
    "about_maps": """## Wie man eine Karte liest
Alle Karten zeigen dasselbe Gesicht und stammen vom selben Modell: farbig, wo etwas eher für diesen Ausdruck spricht
als für den durchschnittlichen, unverändert, wo nichts dafür spricht. *Abweichung von einem neutralen Gesicht*
verteilt, wie sehr sich der Wert von dem eines neutralen, gerenderten Gesichts unterscheidet; auf einem Foto können
dabei auch Haare oder Schatten aufleuchten, die gerenderten Gesichtern fehlen. *Das ganze Gesicht* ist Grad-CAM in der
letzten Schicht; *gegen seine Rivalen hier* gewichtet alle anderen Ausdrücke danach, wie wahrscheinlich sie in diesem
Gesicht sind. Zunächst hat jede Karte ihre eigene Skala, und ein Balken zeigt ihre Stärke neben der stärksten; *eine
für alle* macht die Farben vergleichbar. Karten sind grob, nur wenige Felder breit, und vergrößert. Zwei Karten eines
Gesichts sehen sich immer etwas ähnlich, weil Augen und Mund in allen Gesichtern an derselben Stelle sind.""",
    "about_pictures": """## Ihre Bilder
Ein Bild wird im Arbeitsspeicher gelesen und in einer temporären Datei, die nach spätestens etwa einer Stunde gelöscht
wird. Über seinen Inhalt wird nichts protokolliert, nichts wird zum Training verwendet, und was Sie dem Modell
beibringen, gehört nur Ihnen: Es bleibt, bis Sie gehen, höchstens eine Stunde.""",
    "about_results": "## Ergebnisse nach Datensatz\nTestteile, alle Klassen des Modells als mögliche Antworten. "
    "Fotos und gerenderte Gesichter stehen getrennt. Das Mittel über Klassen (mean over classes) zählt eine Klasse mit "
    "drei Bildern wie eine mit tausend: Wo Mischungen selten und nach geteilten Stimmen beschriftet sind, ist es "
    "niedrig.",
    "about_confusion": "Zeilen zeigen, was die Beschriftungen der Testbilder sagen, Spalten, was das Modell "
    "antwortet, in Anteilen einer Zeile.",
    "about_card": "Die vollständige Beschreibung des Modells",
}
