"""English, of relations over all faces."""

TEXTS = {
    "of_model": "the model",
    "of_random_head": "a head of random rows",
    "of_permuted": "a head that learned from permuted labels",
    "of_quarter": "a network with its last quarter shuffled",
    "of_half": "a network with its last half shuffled",
    "of_shuffled": "a network with shuffled weights",
    "of_elsewhere": "basics' maps of another person",
    "of_mean_face": "basics' mean maps over all faces",
    "of_change": "change from neutral: the model",
    "of_change_random_head": "change from neutral: a head of random rows",
    "of_change_permuted": "change from neutral: a head that learned from permuted labels",
    "of_change_quarter": "change from neutral: a network with its last quarter shuffled",
    "of_change_half": "change from neutral: a network with its last half shuffled",
    "of_change_shuffled": "change from neutral: a network with shuffled weights",
    "of_change_elsewhere": "change from neutral: basics' maps of another person",
    "of_change_mean_face": "change from neutral: basics' mean maps over all faces",
    "summary_of": "maps of",
    "summary_gap": "gap",
    "summary_interval": "95 % interval",
    "summary_measure": "Gap: mean likeness to the constituents less that to the other basics; 0 by chance. Maps of"
    " the change from neutral are of {people} of the people.",
    "summary_head": "Cosine of the head's rows. With a linear head the maps follow from these rows and the "
    "face's features, so the maps' likeness partly restates this table.",
    "summary_deletion": "What a compound's score loses when the strongest fifth of a basic's evidence is blurred; "
    "as many random cells cost {random}.",
    "summary_mixture": "Shares of the basics' maps, each of sum 1, in the sum of them that fits a compound's map "
    "best, none counting negatively.",
    "summary_units": "Cosine of the action units that people show (Du, Tao & Martinez, 2014): what the coding "
    "manual expects, whatever a model does. The rendered faces that everything here was "
    "measured on perform these units.",
    "summary_agreement": "Agreement with the coding manual's table: Spearman {value} ({low} to {high}), p = {chance}"
    " when the table's rows are dealt anew to the compounds. The rendered faces perform these "
    "units, so part of this agreement is built in.",
    "set_title": "Your own set of pictures",
    "set_about": "Bring pictures of people who show one compound expression: mean maps on the mean face, how alike "
    "each basic expression's evidence is to the compound's, with intervals, and what chance gives. Every picture "
    "counts as another person. Larger sets, and people with several pictures: `cfer relate` on the command line.",
    "set_files": "Pictures with one face each",
    "set_class": "What they show",
    "set_go": "Relate",
    "set_bring": "Bring at least {least} pictures, and say what they show.",
    "set_most": "{count} pictures are more than the {most} that this page takes at once; `cfer relate` takes more.",
    "set_left_out": "{count} pictures were left out: no face was found, or they could not be read.",
    "relations_tie_none": "No evidence that {name} is tied to {parts} beyond what any two maps of a face share: a "
    "network that learned less shows the same.",
    "relations_tie_expressions": "{name}: tied to {parts} more than to other basics, but not measurably more than "
    "when the basics' maps are taken from another person. The tie is of the expressions, not of the face.",
    "relations_tie_face": "{name}: tied to {parts} more than to other basics, and on the same face more than across "
    "people (gap {here} against {elsewhere}).",
}
