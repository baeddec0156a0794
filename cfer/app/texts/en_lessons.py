"""English, of lessons."""

from cfer.lessons.record import EAGER

_TAKES = "{:.0f}, {:.0f} or {:.0f}".format(*(100 * limit.of_one for limit in EAGER.values()))

TEXTS = {
    "teach_step_1": "## 1. Show it and name it",
    "teach_step_2": "## 2. Try it on another picture",
    "teach_step_3": "## 3. Your lessons",
    "teach_files": "Pictures of the new expression (one is enough, twenty at most)",
    "teach_photo": "Take a photo",
    "teach_name": "Name of the new expression",
    "teach_more": "More: what it is made of, what it is not",
    "teach_parts": "Made of",
    "teach_parts_info": "Two basic expressions that it blends. Enough by themselves, without a picture.",
    "teach_units": "Muscles that it shows",
    "teach_units_info": "From the coding manual. Enough by themselves, too.",
    "teach_against": "Pictures that are not it",
    "teach_eager": "How hard it pulls",
    "teach_eager_info": f"About how many of 100 kept faces of any old expression it may take: {_TAKES}.",
    "eager_careful": "careful",
    "eager_balanced": "balanced",
    "eager_eager": "eager",
    "teach_go": "Teach",
    "teach_try": "A further picture",
    "teach_choice": "Lesson",
    "teach_new_name": "New name",
    "teach_rename": "Rename",
    "teach_remove": "Remove",
    "teach_undo": "Undo",
    "teach_reset_button": "Forget all",
    "teach_save": "Save lessons to a file",
    "teach_bring": "Load a lesson file",
    "teach_again": "Bring back my last lessons",
    "teach_keep": "Keep my lessons in this browser (features and names, no photograph)",
    "teach_picture": "Picture {number}: {what}",
    "teach_no_face": "No face was found.",
    "teach_same": "The same as picture {other}; it counts once.",
    "teach_several": "{count} faces were found; the largest is taken.",
    "teach_called": "Called {name} now: {count}.",
    "teach_will_collide": "The model is sure that this is {names}. A new name for it will take faces from there.",
    "teach_faces": "The faces it learns from:",
    "teach_consent": "Please confirm that you may use these pictures.",
    "teach_most_lessons": "At most {most} lessons at a time. Remove one first.",
    "teach_most_pictures": "At most {most} pictures a lesson.",
    "teach_renamed": "“{old}” is called “{new}” now.",
    "teach_removed": "“{name}” is forgotten; everything else is as if it had never been taught.",
    "teach_undone": "The last change is undone.",
    "teach_reset": "All lessons are forgotten. Undo brings them back.",
    "teach_not_kept": "What this browser kept is not a lesson file.",
    "teach_brought": "You have these lessons now: {names}.",
    "teach_left_out": "Left out, because you have a lesson of that name: {names}.",
    "teach_choose": "Choose a lesson first.",
    "teach_nothing": "Nothing taught yet. What you teach stays with you and is forgotten when you leave.",
    "teach_kept_features": "Of your pictures only features are kept, numbers from which no picture can be seen; "
    "for an hour at most.",
    "lesson_title": "Learned: {name}",
    "lesson_fine": "Fine: on average the old expressions changed by {change} points; most was taken from {other} "
    "({share}).",
    "lesson_costs": "It costs: the old expressions changed by {change} points on average. More pictures, or "
    "“careful”, cost less.",
    "lesson_collides": "It collides with {other}: {share} of the kept faces of {other} are called {name} now. "
    "Add pictures that show the difference, or be more careful.",
    "lesson_shots": "Taught pictures that are recognised: {share} of {count}.",
    "lesson_measured": "Of {count} pictures, each tested by a lesson without it, {share} were recognised among "
    "all expressions (harmonic mean with the old ones: {harmonic}).",
    "lesson_one": "From one picture nothing can be said about how well it is recognised in others: try it on "
    "another picture, or add a second one.",
    "lesson_none": "It was taught without a picture: try it on one.",
    "lesson_near": "Nearest known expressions: {names}.",
    "lesson_now": "The first picture: called {was} before, {now} now ({p}).",
    "cost_name": "expression",
    "cost_before": "before",
    "cost_after": "after",
    "cost_to": "now called the new one",
    "cost_mean": "all old, mean",
    "cost_rest": "{count} more",
    "cost_note": "Recognised among all expressions, on kept faces that nothing was fitted to; each half of them "
    "by a lesson that was placed by the other half.",
    "lesson_pictures": "pictures: {count}",
    "lesson_against": "not it: {count}",
    "lesson_is_fine": "fine",
    "lesson_is_costs": "costs",
    "lesson_is_collides": "collides",
    # Camera
    "consent": "I may use these pictures (myself, or with permission)",
    "camera_title": "Adapt to your own camera",
    "camera_about": "Light, lens and framing change all pictures of a camera alike. 20 or more of your own, with "
    "several expressions among them and no labels needed, show the model how, and it takes that out: lost contrast "
    "and some blur in the picture, the rest in its answers. Nothing of them is kept, and it can be undone.",
    "camera_files": "20 or more pictures",
    "camera_go": "Adapt",
    "camera_undo": "Undo adapting",
    "camera_bring": "Bring {least} or more pictures from your camera or collection.",
    "camera_most": "At most {most} pictures at a time; you brought {count}.",
    "camera_refused": "Files that could not be read as pictures: {count}.",
    "camera_done": "### Adapted to {count} faces\n{changed} of them are answered otherwise now. Called most often "
    "before: {before}; now: {after}.",
    "camera_one_sided": "{count} of {all} faces are called {name} now. Adapting is safer with several expressions "
    "among the pictures: what all of them share is taken for the camera.",
    "camera_forgotten": "The model is as it was before it was adapted.",
}
