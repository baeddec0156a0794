"""German sentences about how a model learned, step by step, and about two models beside each other."""

TEXTS = {
    "journey_intro": "## Ein Gesicht, Schritt für Schritt\nDas Modell lernte zuerst die Grundausdrücke, dann einen "
    "Mischausdruck nach dem anderen. Bitte den Regler bewegen: Was antwortete es bei jedem Schritt zu dem Gesicht "
    "aus „Erkunden“, und was wurde aus seinen Karten?",
    "journey_slider": "Schritt",
    "journey_class": "Karten von",
    "journey_empty": "Bitte zuerst in „Erkunden“ ein Gesicht lesen lassen.",
    "journey_base": "{count} Grundausdrücke auf einmal",
    "journey_new": "„{name}“ war neu",
    "journey_step": "Schritt {step} von {last}: {new}",
    "journey_answers": "Wahrscheinlichste Ausdrücke",
    "journey_maps": "Karten von „{name}“. {method}",
    "journey_then": "beim Lernen (Schritt {step})",
    "journey_here": "bei diesem Schritt ({step})",
    "journey_end": "heute (Schritt {step})",
    "journey_unborn": "„{name}“ war noch nicht bekannt",
    "journey_drift": "Ähnlichkeit mit der ersten Karte: {value}",
    "journey_axis": "Schritt",
    "journey_curves": "Trefferquote über alle bis dahin bekannten Klassen",
    "journey_this": "dieses Modell, Testbilder",
    "journey_old": "alt: Grundausdrücke, aufbewahrte Bilder",
    "journey_later": "neu: spätere Klassen, aufbewahrte Bilder",
    "journey_compositional": "Lernverfahren dieses Projekts, Vergleichstest",
    "journey_predictive-replay": "Verfahren der Veröffentlichung, Vergleichstest",
    "journey_fine-tuning": "ohne Schutz, Vergleichstest",
    "journey_matrix": "Wer wann noch erkannt wird:<br>{count} aufbewahrte Bilder, Zeilen wie gelernt wurde",
    "journey_note": "*Aufbewahrte Bilder* sind Validierungsmerkmale im Checkpoint, an die nichts angepasst wurde. "
    "Kurven aus dem *Vergleichstest* stammen von anderen Menschen und anderen Reihenfolgen der Klassen, nach einem "
    "Protokoll für alle Lernverfahren und mit allen Bildern jeder Klasse (docs/benchmark.md); sie lassen sich "
    "untereinander vergleichen, aber nicht mit den übrigen Kurven. Fällt eine Kurve alter Klassen, so ist das "
    "Vergessen.",
    # Compare
    "compare_intro": "## Zwei auf einmal\nZwei Bilder von einem Modell gelesen oder ein Bild vom Modell zu zwei "
    "Zeitpunkten, mit Karten dessen, was eine der Seiten antwortet.",
    "compare_upload": "Ein Bild; leer: das Gesicht aus „Erkunden“",
    "compare_time": "Das Modell",
    "compare_button": "Vergleichen",
    "compare_now": "wie es jetzt ist",
    "compare_before": "vor Ihren Lektionen",
    "compare_step": "nach Schritt {step} ({name})",
    "compare_picture": "Das Bild {side}: {why}",
    "compare_side_0": "links",
    "compare_side_1": "rechts",
    "compare_other": "Ein anderer öffentlicher Checkpoint vom Hugging Face Hub, nach Namen",
    "compare_open": "Öffnen",
    "compare_no_checkpoint": "{name} ist kein Checkpoint, der hier gelesen werden kann.",
    "compare_closed": "{name} ist nicht mehr offen: Öffnen Sie ihn noch einmal.",
    "compare_maps": "Karten dessen, was eine der Seiten antwortet, und dessen, was sonst beide kennen. {method}",
    "compare_unknown": "Auf dieser Seite nicht bekannt: {names}.",
    # About
}
