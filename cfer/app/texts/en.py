"""English."""

TEXTS = {
    "and": "and",
    "or": "or",
    "tab_explore": "Explore",
    "tab_teach": "Teach",
    "tab_relations": "Relations",
    "tab_journey": "Journey",
    "tab_compare": "Compare",
    "tab_about": "About",
    "about_line": "What a face expresses, what that is made of, where the evidence lies, and how to teach a new one.",
    # Explore: bringing a picture
    "picture": "A picture with a face",
    "found": "Faces found",
    "cropped": "This is a face crop",
    "cropped_info": "Tick it to skip the search for faces.",
    "examples": "Or a rendered face of nobody:",
    "which_face": "Which face?",
    "faces_found": "{count} faces: which one?",
    "kept": "Read in memory, deleted within about an hour, never used for training. It reads what a face shows, not "
    "what a person feels. Please bring pictures of others only if they agree.",
    "start": "Bring a picture: an upload, the webcam or the clipboard.",
    "no_face": "No face was found in this picture. Try one with a larger or more frontal face, or, if the "
    "picture is a face crop already, tick “This is a face crop”.",
    "bring_first": "Bring a picture first.",
    "forgotten_class": "The model does not know one of these expressions any more. Read the picture again.",
    # the answer
    "answer": "This face looks **{name}**",
    "answer_unseen": "No face is seen here; read as one, it looks **{name}**",
    "certain": "The model is almost certain{often}.",
    "fairly": "The model is fairly sure{often}; next is {second}.",
    "rather": "The model leans that way{often}; {second} is possible.",
    "unsure": "The model is not sure: {name} has {p}, {second} {q}.",
    "family": "Which, or both at once, it is not sure: most like {name} ({p}), then {second} ({q}). That one of them "
    "is in it: {share}.",
    "family_one": "What else is in it, if anything, it is not sure of: most like {name} ({p}), then {second} ({q}). "
    "That this is in it: {share}.",
    "alone_or_blended": "{name}, alone or in a blend",
    "of_ten": " ({n} of 10 {kind} that it says this of are)",
    "kind_photographs": "photographs",
    "kind_rendered": "rendered faces",
    "made_of": "It is a blend of {parts}.",
    "shown_units": "Muscles at work: {units}.",
    "no_units": "None of the muscles that this model can judge is clearly at work.",
    "weak_units": "None of the muscles that this model can judge is clearly at work: the answer rests on weak signs.",
    # doubts
    "doubt_tiny": "The face is only {pixels} pixels wide: too few to be read well.",
    "doubt_small": "The face is only {pixels} pixels wide; from about {enough} on it is read better.",
    "doubt_tilted": "The head is tilted by {degrees} degrees or more; it was turned towards upright before reading.",
    "doubt_turned": "The head is turned to the side by roughly {degrees} degrees; one half of the face is hardly seen.",
    "doubt_dark": "The face is very dark (mean brightness {value} of 255).",
    "doubt_bright": "The face is overexposed (mean brightness {value} of 255).",
    "doubt_flat": "The face has very little contrast; much of what muscles do cannot be seen.",
    "doubt_strange": "This is unlike every face that the model knows ({share} of known pictures lie closer to "
    "each other). Do not trust the answer.",
    "doubt_no_face": "No face is seen in this crop. The model answers whatever it is shown.",
    "doubt_cropped": "The face fills {share} of the width only, and the whole picture was read as a face, because "
    "“This is a face crop” is ticked.",
    "doubt_neutral_units": "It is called neutral, but this can be seen: {units}.",
    "doubt_unsure_family": "Do not rely on which blend it is: of {kind} about which the model was as unsure ({count} "
    "in its test), it named {share} rightly, were all expressions equally frequent.",
    "doubt_unsure": "Do not rely on this answer: of {kind} about which the model was as unsure ({count} in its test), "
    "it named {share} rightly, were all expressions equally frequent.",
    # the strip
    "kinds_title": "One basic expression or a blend?",
    "kind_basic": "basic",
    "kind_compound": "compound or taught",
    "basics_title": "If it had to be a basic expression",
    "compounds_title": "If it had to be a compound",
    "made_title": "What speaks for {name}",
    "whose": "muscles of {who}",
    "whose_both": "muscles of both",
    "piece_other": "other muscles",
    "piece_beyond": "what no muscle explains",
    "piece_absent": "muscles at rest",
    "no_muscle_speaks": "No muscle at work speaks for it.",
    "absent_too": "That these are at rest speaks for it, too: {units}.",
    "faint": "faintly {unit}",
    "unit_key": "Rest the pointer on a muscle for its code: AU is an action unit of the coding manual FACS.",
    "constituent": "{p} among the basics",
    "pair_sum": "{parts} among the basics: {share}, place {place} of the 15 pairs.",
    "no_composition": "This model reads no muscles.",
    "all_expressions": "All {count} expressions",
    "hardly": "{title} ({p} that it is one)",
    # one's own neutral face
    "own_title": "My own neutral face",
    "own_about": "Some faces look sad or stern at rest. Bring a neutral picture of the person whose other pictures you "
    "read, in the same light and by the same camera: a half of what is peculiar to that face is then taken out of "
    "every answer, muscle and whole-face map. A picture of another occasion rather harms. It is deleted within about "
    "an hour.",
    "own_picture": "The same person, neutral",
    "own_go": "Use it as zero",
    "own_back": "Read without it",
    "own_bring": "Bring a neutral picture first.",
    "own_done": "Faces are read against this one now: {share} of what sets it apart from usual neutral faces is taken "
    "out. That is for this person alone.",
    "own_not_neutral": "The model calls this picture {name}, not neutral. Is it a face at rest?",
    "own_dropped": "Faces are read as for everybody again.",
    "own_note": "Read against this person's own neutral face.",
    # the maps
    "map_alt": "Where the evidence for {name} lies.",
    "strength": "strength",
    "strength_title": "How much evidence this map holds, beside the strongest of the maps here.",
    "no_evidence": "no evidence for it anywhere in this face",
    "same_map": "the same map as its neighbour: the model does not tell them apart here",
    "disbelieved": "unlikely here ({p})",
    "densest": "Evidence for {name} is densest on {where}.",
    "region_density": "the {region} ({density} times its share of the area)",
    "no_change_maps": "This network cannot show what differs from a neutral face: these are maps of the whole face.",
    "grid_title": "All methods on this face",
    "grid_note": "The same three expressions by every method, and how alike the maps are. This takes some seconds.",
    "grid_button": "Show them side by side",
    "grid_classes": "Likeness of the map in the middle to the more alike of its neighbours: {likeness}.",
    "grid_classless": "These maps do not depend on the expression here.",
    "grid_twin": "Here the same map as “{other}” (likeness {likeness}).",
    "left_map": "Left map",
    "middle_map": "Middle map",
    "right_map": "Right map",
    "method": "What the maps show",
    "method_integrated_gradients": "Change from a neutral face (integrated gradients)",
    "method_grad_cam": "The whole face (Grad-CAM)",
    "method_log_odds": "The whole face, against its rivals here",
    "method_known_rendered": "On rendered faces {ratio} times as much of its evidence lies on what moved as on as "
    "large an area by chance ({low} to {high}); the mean map of other faces has {mean}.",
    "method_known_photographs": "On photographs {ratio} times as much of its evidence lies where the muscles of what "
    "they are labelled show as on as large an area by chance ({low} to {high}); the mean map of other faces has "
    "{mean}.",
    "method_classless": "Its maps hardly depend on the expression asked for (likeness {likeness}).",
    "method_twin": "On photographs its maps are hardly told from those of “{other}” (likeness {likeness}).",
    "method_unknown": "How right these maps are was not measured.",
    "method_scaled": "This method scales every map by itself: their strengths cannot be compared.",
    "legend_none": "transparent: none",
    "legend_most": "most",
    "legend_against": "against",
    "opacity": "Opacity",
    "contrast": "Contrast",
    "scale": "Scale",
    "scale_own": "each its own",
    "scale_common": "one for all",
    "show": "Show",
    "show_for": "evidence for",
    "show_both": "for and against",
    "show_difference": "difference to the other two",
    "colours": "Colours",
    "how_to_read": "Same face, same model. Maps show where the model's evidence lies. They are not causes, and "
    "two maps of a face always look somewhat alike.",
    # depth
    "by_muscle": "Muscle by muscle",
    "by_muscle_note": "What sets the score of {name} apart from that of a neutral face, muscle by muscle, and what no "
    "muscle explains. The numbers are those above, and sum to the last.",
    "unit_speaks": "evidence {evidence}",
    "unit_rest": "other muscles",
    "unit_beyond": "beyond muscles",
    "unit_sum": "the sum: {name}",
    "by_region": "Part by part",
    "region_title": "Evidence for {name} by part of the face, over the part's share of the area (1 = evenly spread)",
    "relation_none": "{name} is not made of two basic expressions: there is no tie to measure.",
    # relation
    "tie_both": "On this face the evidence for {name} lies most where that for {first} and that for {second} lie: more "
    "than where that for any other basic expression does.",
    "tie_one": "On this face the evidence for {name} lies most where that for {first} lies, but no more where that for "
    "{second} lies than where that for another basic expression does.",
    "tie_none": "On this face the evidence for {name} lies most where that for {winner} lies, which is no part of it: "
    "no tie to {first} or {second} is seen.",
    "tie_nothing": "On this face nothing speaks for {name}, so that there is no tie to {first} or {second} to see.",
    "tie_ranked": "Likeness: {order}.",
    "tie_more": "That is more than chance: fewer than one face in twenty shows as much to a model that learned "
    "nothing.",
    "tie_within": "That may be chance: a model that learned nothing often shows as much.",
    "tie_unknown": "How strong a tie chance gives was not measured on this model.",
    "numbers": "Numbers: {name} and the six basics",
    "column_basic": "basic",
    "column_grad_cam": "likeness of maps: whole face",
    "column_integrated_gradients": "likeness of maps: what differs from neutral",
    "column_rows": "likeness of what is looked for",
    "column_lost": "score lost without its evidence",
    "row_gap": "its two basics less the others",
    "no_number": "no evidence",
    "explain_likeness": "Likeness of maps: 1 where two maps are the same, 0 where they share no place. In the "
    "last row chance gives 0.",
    "explain_rows": "Likeness of what is looked for: how alike the model's weights for two expressions are, "
    "whatever the face. Maps follow from these weights and the face, so part of any likeness of maps is this one.",
    "explain_lost": "Score lost without its evidence: how much less the model believes in the compound when the "
    "fifth of the face with most evidence for the basic is blurred. Blurring as many places at random costs "
    "{random}.",
    "explain_mixture": "{parts} together explain {share} of the compound's whole-face evidence: place {place} "
    "among the 15 pairs of basics; 8 is chance.",
    # take away
    "take_title": "Take it away",
    "take_button": "Make the files",
    "take_files": "A picture to share, the numbers, and the evidence with all maps",
    "take_note": "Files are made from what is shown, with the model's name and a note on how to read them.",
    "picture_note": "What a model's evidence is and where it lies, not what a person feels. Maps are not causes; "
    "each is on its own scale. cfer {version}, model {digest}.",
    # Relations
    "relations_question": "## Does the model see a compound where it sees its basics?\nRows are compounds, "
    "columns the six basics; a row's own two basics are underlined. Bright: the two maps lie alike on the same "
    "faces. Choose a cell.",
    "relations_built_in": "Measured on rendered people whom training never saw. They perform the muscles of the "
    "coding manual's table, so what agrees with that table is in part built into them. Two maps of a face always "
    "look alike: switch “Maps of” to a control before you believe a number.",
    "relations_other_model": "**Measured on another model than the one that is loaded.**",
    "relations_by": "Compare by",
    "relations_of": "Maps of",
    "relations_pick": "Choose a cell to see its maps and faces.",
    "relations_fold": "Numbers over all compounds, and what chance gives",
    "relations_mean": "Mean evidence for {name}",
    "relations_change": "change from a neutral face",
    "relations_part": "one of its basics",
    "relations_no_part": "not one of its basics",
    "relations_cell": "{compound} and {basic} ({part}): likeness of their maps {likeness} ({measure})",
    "relations_faces": "Rendered faces of nobody that show {name}:",
    # Journey
    "about_limits": """## Limits first
- It reads what a face shows, as its data's labels have it. It says nothing about what a person feels, means or is.
- How well it does by age, sex or skin tone has not been measured. Faces, cameras and labels unlike those that it
  learned from may be read wrongly.
- A map shows where the model's evidence lies. It is not a cause, and no proof that the answer is right.
- **Not for decisions about people**: hiring, schooling, policing, medicine or surveillance. In the European Union,
  reading emotions at work and in education is forbidden (AI Act, Article 5).""",
    "about_maps": """## How to read a map
All maps are of the same face by the same model: coloured where something speaks for that expression rather than for the
average one, untouched where nothing does. *Change from a neutral face* shares out how much the score differs from
that of a neutral, rendered face; on a photograph it may also light up hair or shadows that rendered faces lack. *The
whole face* is Grad-CAM at the last layer; *against its rivals here* weighs all other expressions by how likely they are
in this face. By default each map has its own scale and a bar shows its strength beside the strongest; *one for all*
makes colours comparable. Maps are coarse, a few cells across the face, enlarged. Two maps of one face always look
somewhat alike, because faces have their eyes and mouth in the same place.""",
    "about_pictures": """## Your pictures
A picture is read in memory and in a temporary file that is deleted within about an hour. Nothing is logged about its
content, nothing is used for training, and what you teach is yours alone: it lives until you leave, an hour at most.""",
    "about_results": "## Results by data set\nTest parts, all classes of the model as possible answers. "
    "Photographs and rendered faces stand apart. The mean over classes counts a class of three pictures like one of a "
    "thousand: where compounds are rare and labelled from split votes, it is low.",
    "about_confusion": "Rows are what the test pictures' labels say, columns what the model answers, in shares "
    "of a row.",
    "about_card": "The model's card, in full",
}
