"""English sentences about how a model learned, step by step, and about two models beside each other."""

TEXTS = {
    "journey_intro": "## One face, step by step\nThe model first learned the basic expressions, then one "
    "compound at a time. Move the slider: what did it answer about the face in Explore at each step, and what "
    "became of its maps?",
    "journey_slider": "Step",
    "journey_class": "Maps of",
    "journey_empty": "Read a face in Explore first.",
    "journey_base": "{count} basic expressions at once",
    "journey_new": "{name} was new",
    "journey_step": "Step {step} of {last}: {new}",
    "journey_answers": "Likeliest expressions",
    "journey_maps": "Maps of {name}. {method}",
    "journey_then": "when learned (step {step})",
    "journey_here": "at this step ({step})",
    "journey_end": "today (step {step})",
    "journey_unborn": "{name} was not known yet",
    "journey_drift": "likeness to its first map: {value}",
    "journey_axis": "step",
    "journey_curves": "Accuracy over all classes known so far",
    "journey_this": "this model, test pictures",
    "journey_old": "old: basic expressions, kept pictures",
    "journey_later": "new: later classes, kept pictures",
    "journey_compositional": "this project's learner, benchmark",
    "journey_predictive-replay": "the paper's method, benchmark",
    "journey_fine-tuning": "no protection, benchmark",
    "journey_matrix": "Who is still recognised when:<br>{count} kept pictures, rows in the order of learning",
    "journey_note": "*Kept pictures* are validation features in the checkpoint that nothing was fitted to. "
    "*Benchmark* curves are of other people and other class orders, under one protocol for all learners, all "
    "pictures of each class (docs/benchmark.md); they may be compared with each other, not with the other "
    "curves. A falling curve of old classes is forgetting.",
    # Compare
    "compare_intro": "## Two at once\nTwo pictures by one model, or one picture by the model at two times, with "
    "maps of what either answers.",
    "compare_upload": "A picture; empty: the face in Explore",
    "compare_time": "The model",
    "compare_button": "Compare",
    "compare_now": "as it is now",
    "compare_before": "before your lessons",
    "compare_step": "after step {step} ({name})",
    "compare_picture": "The picture on the {side}: {why}",
    "compare_side_0": "left",
    "compare_side_1": "right",
    "compare_other": "Another public checkpoint of the Hugging Face Hub, by name",
    "compare_open": "Open",
    "compare_no_checkpoint": "{name} is no checkpoint that can be read here.",
    "compare_closed": "{name} is not open any more: open it again.",
    "compare_maps": "Maps of what either side answers, and of what both know besides. {method}",
    "compare_unknown": "Not known on this side: {names}.",
    # About
}
